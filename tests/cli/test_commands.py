"""The command line on a user's own files: what it prints, writes and exits with."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cli import main

W = np.array([[2.0, 0.3, 0.0], [-0.3, 1.8, 0.0], [0.0, 0.2, 0.4]])
B = np.array([[0.0], [0.0], [1.0]])


@pytest.fixture(autouse=True)
def _quiet():
    """Leave logging as it was."""
    logger, root = logging.getLogger("stillpoint"), logging.getLogger()
    before, level = list(root.handlers), logger.level
    yield
    root.handlers[:] = before
    logger.setLevel(level)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, W=W, B=B, b=np.zeros(3))
    return str(path)


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np, stillpoint as sp\n"
        "from helper import gain\n"
        "cell = sp.cells.VanillaCell(gain * np.eye(2), np.zeros((2, 0)), np.zeros(2))\n"
        "system = sp.as_system(cell)\n"
        "def build():\n    return cell\n"
        "def step(x, u):\n    return np.tanh(gain * x + u)\n"
    )
    (tmp_path / "helper.py").write_text("gain = 2.0\n")
    return str(path)


VANILLA = ("--cell", "vanilla", "--phi", "tanh")


def run(capsys, *arguments):
    """Return exit status, stdout and stderr of a command line."""
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    return status, said.out, said.err


def test_find_prints_and_saves_what_the_verb_finds(capsys, weights, tmp_path):
    status, out, _ = run(capsys, "find", weights, *VANILLA, "-o", tmp_path / "points.nc")
    points = sp.load(tmp_path / "points.nc")
    expected = sp.find_all_fixed_points(sp.read_weights(weights, cell="vanilla", phi="tanh"), [0.0])
    assert np.array_equal(points.xstar, expected.xstar)
    assert status == 0
    assert repr(expected) in out
    assert expected.census().verdict in out


def test_the_exit_status_says_that_points_are_missing(capsys, weights, tmp_path):
    system = sp.read_weights(weights, cell="vanilla", phi="tanh")
    some = sp.find_fixed_points(system, np.full((200, 3), 0.5), [0.0], rounds=0)
    assert some.census().suggests_missing
    some.save(tmp_path / "some.nc")
    status, out, _ = run(capsys, "show", tmp_path / "some.nc")
    assert status == 1
    assert some.census().verdict in out


def test_json_is_one_object_of_all_that_is_known(capsys, weights):
    status, out, _ = run(capsys, "find", weights, *VANILLA, "--inputs", "0.1", "--json")
    told = json.loads(out)
    points = sp.find_all_fixed_points(sp.read_weights(weights, cell="vanilla", phi="tanh"), [0.1])
    assert status == int(told["suggests_missing"]) == 0
    assert told["verdict"] == points.census().verdict
    assert told["completeness"] == points.census().completeness.name.lower()
    assert len(told["points"]) == len(points)
    np.testing.assert_allclose([p["x0"] for p in told["points"]], points.xstar[:, 0], atol=1e-14)
    assert {p["u0"] for p in told["points"]} == {0.1}


@pytest.mark.parametrize("ending", ["npy", "csv", "txt"])
def test_inputs_may_be_rows_of_a_file(capsys, weights, tmp_path, ending):
    rows = np.array([[0.0], [0.25], [1.0]])
    file = tmp_path / f"inputs.{ending}"
    np.save(file, rows) if ending == "npy" else np.savetxt(file, rows)
    _, out, _ = run(capsys, "find", weights, *VANILLA, "--inputs", file, "--json")
    assert {p["u0"] for p in json.loads(out)["points"]} == {0.0, 0.25, 1.0}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cell", ()),
        ("system", ()),
        ("build", ()),
        ("step", ("--state-size", 2, "--input-size", 2)),
    ],
)
def test_a_network_may_be_a_name_of_a_program(capsys, program, name, options):
    path = list(sys.path)
    status, out, _ = run(capsys, "find", f"{program}:{name}", *options, "--json")
    assert status == 0
    assert len(json.loads(out)["points"]) == 9
    assert sys.path == path


def test_slow_points_and_trajectories(capsys, weights, tmp_path):
    trials = tmp_path / "trials.npy"
    np.save(trials, np.random.default_rng(0).normal(size=(4, 5, 3)))
    arguments = ("find", weights, *VANILLA, "--slow", "--trajectories", trials, "--json")
    status, out, _ = run(capsys, *arguments)
    told = json.loads(out)
    assert (status, told["record"]) == (0, "SlowPoints")
    assert len(told["points"]) == 9


def test_a_report_of_weights_and_of_a_result(capsys, weights, tmp_path):
    page = tmp_path / "net.html"
    status, out, _ = run(capsys, "report", weights, *VANILLA, "-o", page, "--title", "Mine")
    assert status == 0
    assert str(page) in out
    assert "<title>Mine</title>" in page.read_text()
    run(capsys, "find", weights, *VANILLA, "-o", tmp_path / "p.nc")
    run(capsys, "report", tmp_path / "p.nc", "-o", tmp_path / "again.html", "--title", "Mine")
    assert (tmp_path / "again.html").read_text().count('data-row="0"') > 0


def test_a_portrait_says_what_leads_where(capsys, weights, tmp_path):
    out, picture = tmp_path / "portrait.nc", tmp_path / "portrait.svg"
    made = ("-o", out, "--figure", picture)
    status, text, _ = run(capsys, "portrait", weights, *VANILLA, *made)
    portrait = sp.load(out)
    assert status == 0
    assert all(sentence in text for sentence in portrait.sentences)
    assert picture.stat().st_size > 10_000
    told = json.loads(run(capsys, "portrait", weights, *VANILLA, "--json")[1])
    assert told["sentences"] == portrait.sentences
    assert len(told["points"]) == len(portrait)
    assert run(capsys, "portrait", weights, *VANILLA, "--figure", "a.bmp")[0] == 2


def test_compare_says_which_points_both_have(capsys, weights, tmp_path):
    system = sp.read_weights(weights, cell="vanilla", phi="tanh")
    every = sp.find_all_fixed_points(system, [0.0])
    every.save(tmp_path / "every.nc")
    every[[1, 4]].save(tmp_path / "two.nc")
    status, out, _ = run(capsys, "compare", tmp_path / "every.nc", tmp_path / "every.nc")
    assert status == 0
    assert "9 points in both (9 proved to be one)" in out
    both = (tmp_path / "every.nc", tmp_path / "two.nc")
    status, out, _ = run(capsys, "compare", *both, "--json")
    told = json.loads(out)
    assert status == 1
    assert told["first"] == [1, 4]
    assert told["second"] == [0, 1]
    assert told["only_first"] == [0, 2, 3, 5, 6, 7, 8]


def test_info_says_how_a_network_is_read(capsys, weights, program):
    status, out, _ = run(capsys, "info", weights, *VANILLA)
    assert status == 0
    assert "System(map, 3 states, 1 input; closed form)" in out
    assert "VanillaCell" in out
    assert "+1" in out
    status, out, _ = run(capsys, "info")
    assert status == 0
    assert out.splitlines()[0].split() == ["stillpoint", sp.__version__]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("find", "nowhere.npz"), "nowhere.npz"),
        (("find", "{weights}"), "cell: got None"),
        (("find", "{weights}", *VANILLA, "--inputs", "a"), "--inputs: got 'a'"),
        (("find", "{weights}", *VANILLA, "--inputs", "0,0"), "inputs: got shape (1, 2)"),
        (("find", "{weights}", *VANILLA, "--inputs", "nowhere.npy"), "nowhere.npy"),
        (("find", "{weights}", *VANILLA, "--inputs", "text.npy"), "text.npy"),
        (("find", "{weights}", *VANILLA, "--trajectories", "{program}"), "--trajectories"),
        (("find", "{weights}", *VANILLA, "-o", "points.csv"), "--out: got"),
        (("find", "{weights}", *VANILLA, "--max-starts", "0"), "max_starts"),
        (("find", "points.nc"), "holds no weights"),
        (("find", "{program}"), "{program}:name"),
        (("find", "{program}:cel"), "it has np, sp, gain, cell, system, build, step"),
        (("find", "nowhere.py:net"), "no file nowhere.py"),
        (("show", "{weights}"), "NetCDF"),
        (("show", "nowhere.nc"), "no file nowhere.nc"),
        (("compare", "nowhere.nc", "nowhere.nc"), "no file nowhere.nc"),
        (("report", "nowhere.nc"), "no file nowhere.nc"),
        (("find",), "NETWORK"),
        ((), "COMMAND"),
        (("seek",), "seek"),
    ],
)
def test_a_wrong_command_line_ends_with_two_and_one_message(
    capsys, weights, program, arguments, message, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.npy").write_bytes(b"no numbers")
    names = {"weights": weights, "program": program}
    status, out, err = run(capsys, *(a.format(**names) for a in arguments))
    assert status == 2
    assert message.format(**names) in err
    assert "Traceback" not in err
    assert out == ""


def test_the_module_runs_and_says_a_line_for_every_round(weights, tmp_path):
    command = [sys.executable, "-m", "stillpoint", "find", weights, *VANILLA]
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=600, cwd=tmp_path, env=environment
    )
    assert ended.returncode == 0, ended.stderr
    assert "9 fixed points" in ended.stdout
    (line,) = ended.stderr.splitlines()
    assert line.startswith("exhaustive search: proved: exactly 9 fixed points")


def test_a_program_that_fails_is_a_users_error(capsys, tmp_path):
    (tmp_path / "json.py").write_text("net = 1 / 0\n")
    status, _, err = run(capsys, "find", f"{tmp_path / 'json.py'}:net")
    assert status == 2
    assert "failed with ZeroDivisionError: division by zero" in err
    assert sys.modules["json"] is json


def test_what_could_not_be_written_is_refused_before_the_search(capsys, weights):
    status, _, err = run(capsys, "find", weights, *VANILLA, "-o", "nowhere/points.nc")
    assert status == 2
    assert "the folder nowhere does not exist" in err
    assert "starts:" not in err


def test_a_reader_that_has_seen_enough_is_no_error(weights, tmp_path):
    points = sp.find_all_fixed_points(sp.read_weights(weights, cell="vanilla", phi="tanh"), [0.0])
    points.save(tmp_path / "p.nc")
    line = f"{sys.executable} -m stillpoint show p.nc | head -n 1; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=tmp_path,
        env=environment,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("9 fixed points")
    assert ended.stderr == ""


def test_the_version(capsys):
    status, out, _ = run(capsys, "--version")
    assert (status, out) == (0, f"stillpoint {sp.__version__}\n")


# -- many networks ---------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path):
    for name, gain in (("a/net", 0.5), ("b/net", 1.5), ("b/other", 2.0)):
        path = tmp_path / "runs" / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, W=gain * np.eye(2), B=np.ones((2, 1)), b=np.zeros(2))
    return str(tmp_path / "runs" / "*" / "*.npz")


def test_sweep_does_the_same_to_many_networks(capsys, runs, tmp_path):
    out, table = tmp_path / "points", tmp_path / "table.csv"
    status, told, _ = run(capsys, "sweep", runs, "-o", out, *VANILLA, "--table", table, "--json")
    assert status == 0
    rows = json.loads(told)
    assert {name: row["points"] for name, row in rows.items()} == {
        "a/net": 1,
        "b/net": 9,
        "b/other": 9,
    }
    assert "b/net,done" in table.read_text()
    assert len(sp.load(out / "b%2Fother.nc")) == 9
    status, told, _ = run(capsys, "sweep", runs, "-o", out, *VANILLA, "--jobs", 2)
    assert status == 0
    assert told.startswith("find_all_fixed_points of 3 networks: 3 kept")
    status, told, _ = run(capsys, "sweep", runs, "-o", out, *VANILLA, "--inputs=0.9")
    assert "3 done" in told
    assert len(sp.load(out / "b%2Fnet.nc")) < 9


def test_sweep_of_another_verb_and_of_what_fails(capsys, runs, tmp_path):
    out = tmp_path / "portraits"
    (tmp_path / "runs" / "a" / "torn.npz").write_bytes(b"PK")
    status, told, _ = run(capsys, "sweep", runs, "-o", out, *VANILLA, "--verb", "portrait")
    assert status == 1
    assert "3 done, 1 failed" in told
    assert isinstance(sp.load(out / "a%2Fnet.nc"), sp.Portrait)
    status, _, error = run(capsys, "sweep", runs, "-o", out, *VANILLA)
    assert status == 2
    assert "name another folder" in error
    status, told, _ = run(capsys, "compare", out / "b%2Fnet.nc", out / "b%2Fother.nc")
    assert status == 1
    assert "both 4 + 4t + t^2" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none/*.pt", "-o", "out"), "FILES: there is no file"),
        ((__file__, "-o", "out", "--jobs", 0), "--jobs: got 0"),
        ((__file__, "-o", "out", "--verb", "load"), "verb: load does not take a system"),
        ((__file__, "-o", "out", "--table", "none/table.csv"), "--table: the folder"),
        ((__file__, "-o", __file__), "folder: .* cannot be made one"),
    ],
)
def test_wrong_arguments_of_a_sweep(capsys, arguments, words):
    status, _, error = run(capsys, "sweep", *arguments)
    assert status == 2
    assert re.search(words, error)
