"""The demos tell a whole story and fail in one line."""

from __future__ import annotations

from functools import cache, partial

import pytest

import stillpoint as sp
from command_line import run_command


def run(*arguments):
    return run_command("demo", "flip-flop", *arguments)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return a function that runs the demo of a cell once: its result, and the folder it made."""

    @cache
    def once(cell):
        folder = tmp_path_factory.mktemp(cell) / "new"
        return run("--cell", cell, "--out", folder), folder

    return once


SLOW = [pytest.param(cell, marks=pytest.mark.slow) for cell in ("gru", "lstm")]


@pytest.mark.parametrize("cell", ["tanh", *SLOW])
def test_the_demo_finds_27_points_and_says_what_was_missing(cell, told):
    result, folder = told(cell)
    assert result.exit_code == 0, result.output
    assert "index sum 8, not 1 as it must be" in result.output
    assert "at least 7 points are missing" in result.output
    assert "27 fixed points: 8 stable, 12 + 6 + 1 with 1, 2, 3 unstable" in result.output
    proved = cell == "tanh"
    told_of = "proves that there are no others" if proved else "a point that is not known"
    assert told_of in result.output
    last = "; proved: there are no others" if proved else ", none missing"
    assert f"27 points, all certified{last}" in result.output
    assert ("coverage 1.0000" in result.output) != proved
    assert "8 of the 8 corners" in result.output
    assert len(sp.load(folder / f"flip_flop_{cell}.nc")) == 27
    assert (folder / f"flip_flop_{cell}.png").stat().st_size > 10_000


@pytest.mark.torch
def test_the_torch_path_finds_the_same_points(told, tmp_path):
    numpy, folder = told("tanh")
    torch = run("--framework", "torch", "--out", tmp_path)
    for result in (numpy, torch):
        assert result.exit_code == 0, result.output
    ours, theirs = (sp.load(at / "flip_flop_tanh.nc").xstar for at in (folder, tmp_path))
    assert abs(ours - theirs).max() < 1e-12


@pytest.mark.torch
def test_training_from_the_command_line(monkeypatch, tmp_path):
    training = pytest.importorskip("stillpoint.tasks.training")
    monkeypatch.setattr(training, "train", partial(training.train, max_steps=200))
    result = run("--train", "--bits", 1, "--units", 4, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "trained now" in result.output
    assert (tmp_path / "flip_flop_tanh_4.npz").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cell", "rnn"), "cell: got 'rnn'"),
        (("--bits", 4), "add --train"),
        (("--framework", "jax"), "framework: got 'jax'"),
    ],
)
def test_wrong_options_end_in_one_line(arguments, message, tmp_path):
    result = run(*arguments, "--out", tmp_path)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
