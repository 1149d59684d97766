"""Sweeps: the same answers on every executor, errors as rows, and files that a run goes on from."""

from __future__ import annotations

import functools
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import population_verbs as verbs
import pytest

import stillpoint as sp
from stillpoint import SweepStatus
from stillpoint.population.sweeps.keys import digest
from stillpoint.population.sweeps.store import file_of

GAINS = (0.5, 1.5, 2.0, 3.0)


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log")


def content(points):
    """Return a hash of every bit of a record, but for the time at which it was made."""
    return digest(points, points.eigenvalues)


def test_threads_and_processes_give_the_same_bits(processes, tmp_path):
    systems = verbs.systems(0.5, 2.0)
    alone = sp.sweep(systems, "find_all_fixed_points")
    with ThreadPoolExecutor(3) as threads:
        others = [
            sp.sweep(systems, "find_all_fixed_points", executor=executor, folder=folder)
            for executor, folder in ((threads, None), (processes, None), (processes, tmp_path))
        ]
    for other in others:
        assert list(other) == list(alone)
        assert {n: content(r) for n, r in other.items()} == {
            n: content(r) for n, r in alone.items()
        }
    assert alone.table()["points"].tolist() == [1, 9]


def test_networks_come_in_many_forms(processes, tmp_path, log):
    weights, saved = tmp_path / "net.npz", tmp_path / "points.nc"
    np.savez(weights, W=2 * np.eye(2), B=np.zeros((2, 1)), b=np.zeros(2))
    sp.find_all_fixed_points(sp.as_system(verbs.cell(2.0))).save(saved)
    networks = {
        "cell": verbs.cell(2.0),
        "maker": functools.partial(verbs.cell, 2.0),
        "file": functools.partial(sp.read_weights, str(weights), cell="vanilla", phi="tanh"),
    }
    found = sp.sweep(networks, verbs.find, executor=processes, log=log)
    assert found.errors == {"file": found.errors["file"]}  # it has an input, and none is told
    assert [len(points) for points in found.values()] == [9, 9]
    again = sp.sweep({"saved": saved, "its name": str(saved)}, lambda points: points.stable)
    assert [len(points) for points in again.values()] == [4, 4]


@pytest.mark.torch
def test_modules_of_torch_are_networks(processes, tmp_path):
    import torch

    torch.manual_seed(0)
    modules = {"gru": torch.nn.GRU(2, 3), "own": torch.nn.GRUCell(2, 3)}
    for executor in (None, processes):
        found = sp.sweep(
            modules, "find_all_fixed_points", executor=executor, folder=tmp_path, inputs=[0.0, 0.0]
        )
        assert not found.errors
    assert {row.status for row in found.rows} == {SweepStatus.KEPT}


def test_an_error_becomes_a_row(processes, log):
    systems = verbs.systems(*GAINS)
    for executor in (None, processes):
        found = sp.sweep(systems, verbs.find_unless_large, executor=executor, log=log)
        assert list(found) == list(systems)[:3]
        assert found.errors == {"gain 3.0": "RuntimeError: it is too large"}
        assert found.table()["status"].tolist() == ["done", "done", "done", "failed"]
        assert "gain 3.0" not in found
        assert found.get("gain 3.0") is None
        with pytest.raises(sp.ArgumentError, match=r"'gain 3.0' has no record.*too large"):
            found["gain 3.0"]
        with pytest.raises(KeyError):
            found["gain 4"]
        with pytest.raises(RuntimeError, match="too large"):
            sp.sweep(systems, verbs.find_unless_large, executor=executor, on_error="raise", log=log)


def test_a_second_run_goes_on(processes, tmp_path, log):
    few, all_of_them = verbs.systems(*GAINS[:2]), verbs.systems(*GAINS)
    sp.sweep(few, verbs.find, folder=tmp_path / "points", log=log)
    for executor in (processes, None):
        found = sp.sweep(
            all_of_them, verbs.find, executor=executor, folder=tmp_path / "points", log=log
        )
    assert sorted(map(float, verbs.notes(log))) == list(GAINS)
    assert {row.status for row in found.rows} == {SweepStatus.KEPT}
    assert found.table()["points"].tolist() == [1, 9, 9, 9]
    assert found.table()["seconds"].gt(0).all()
    assert found._records == {}  # they are in files alone
    assert len(found["gain 2.0"]) == 9


def test_what_changes_the_answer_is_done_again(tmp_path, log):
    folder = tmp_path / "points"
    run = functools.partial(sp.sweep, verb=verbs.find, folder=folder, log=log)
    run(verbs.systems(2.0))
    run(verbs.systems(2.0), seed=0)  # told, but the same as the default: done again
    run(verbs.systems(2.0), seed=np.int64(0))
    assert len(verbs.notes(log)) == 2
    run(verbs.systems(2.0), seed=1)
    run({"gain 2.0": sp.as_system(verbs.cell(2.0, phi="relu"))}, seed=1)
    run({"gain 2.0": sp.as_system(verbs.cell(2.0 + 1e-15))}, seed=1)
    assert len(verbs.notes(log)) == 5
    assert len(list(folder.iterdir())) == 1


def test_a_file_of_weights_counts_by_its_content(tmp_path, log):
    weights = tmp_path / "net.npz"
    read = functools.partial(sp.read_weights, str(weights), cell="vanilla", phi="tanh")
    for gain, calls in ((2.0, 1), (2.0, 1), (3.0, 2)):
        np.savez(weights, W=gain * np.eye(2), B=np.zeros((2, 0)), b=np.zeros(2))
        sp.sweep({"net": read}, verbs.find, folder=tmp_path / "out", log=log)
        assert len(verbs.notes(log)) == calls


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_done_again(tmp_path, log, damage):
    folder, systems = tmp_path / "points", verbs.systems(*GAINS)
    sp.sweep(systems, verbs.find, folder=folder, log=log)
    path = file_of(folder, "gain 2.0")
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    path.write_bytes({"cut": whole[:-100], "changed": bytes(changed), "empty": b""}[damage])
    found = sp.sweep(systems, verbs.find, folder=folder, log=log)
    assert [row.status.word for row in found.rows] == ["kept", "kept", "done", "kept"]
    assert verbs.notes(log)[4:] == ["2.0"]
    assert path.stat().st_size == len(whole)


@pytest.fixture
def with_interrupts():
    """Let Ctrl-C interrupt, which a job in the background of a shell is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("with_interrupts")
@pytest.mark.parametrize("verb", [verbs.find_until_interrupted, verbs.find_and_swallow])
def test_after_an_interrupt_a_second_run_resumes(tmp_path, log, verb):
    folder, systems = tmp_path / "points", verbs.systems(*GAINS)
    options = {"folder": folder, "log": log, "marker": str(tmp_path / "marker")}
    with pytest.warns(sp.StillpointWarning, match="of 4 networks 2 have ended"):
        found = sp.sweep(systems, verb, **options)
    assert found.errors == dict.fromkeys(list(systems)[2:], "was not done before the interrupt")
    assert len(list(folder.iterdir())) == 2
    assert not sp.sweep(systems, verb, **options).errors
    assert len(verbs.notes(log)) == 4 + (verb is verbs.find_and_swallow)


@pytest.mark.usefixtures("with_interrupts")
def test_an_interrupt_before_anything_has_ended_is_raised(tmp_path, log):
    with pytest.raises(KeyboardInterrupt):
        sp.sweep(
            verbs.systems(2.0), verbs.find_until_interrupted, log=log, marker=str(tmp_path / "m")
        )


def test_a_worker_that_dies_takes_nothing_with_it(tmp_path, log):
    systems, marker = verbs.systems(*GAINS), str(tmp_path / "marker")
    run = functools.partial(
        sp.sweep, systems, verbs.find_or_die, folder=tmp_path / "f", log=log, marker=marker
    )
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        first = run(executor=pool)
        assert "BrokenProcessPool" in first.errors["gain 2.0"]
        assert first.table()["status"]["gain 2.0"] == "lost"
        again = run(executor=pool)  # it is broken, and refuses
        assert set(again.errors) == set(first.errors)
    assert not run().errors
    assert sorted(map(float, verbs.notes(log))) == list(GAINS)


def test_functions_that_cannot_be_sent_are_named(processes):
    found = sp.sweep(verbs.systems(2.0), lambda system: system, executor=processes)
    assert "top level of a module" in found.errors["gain 2.0"]


class Jobs:
    """An executor whose futures only say whether they are done, as jobs of batch systems do."""

    def submit(self, function, *arguments):
        ended = time.monotonic() + 0.01
        job = type("Job", (), {})()
        job.done = lambda: time.monotonic() > ended
        job.result = lambda: pickle.loads(
            pickle.dumps(function(*pickle.loads(pickle.dumps(arguments))))
        )
        job.cancel = lambda: None
        return job


def test_futures_that_do_not_tell_are_asked():
    found = sp.sweep(verbs.systems(*GAINS), "find_all_fixed_points", executor=Jobs())
    assert [len(points) for points in found.values()] == [1, 9, 9, 9]


def test_futures_that_are_cancelled_are_rows():
    class Cancelling:
        def submit(self, *_):
            future = Future()
            future.cancel()
            return future

    found = sp.sweep(verbs.systems(2.0), "portrait", executor=Cancelling())
    assert found.table()["status"].tolist() == ["lost"]
    with pytest.raises(CancelledError):
        sp.sweep(verbs.systems(2.0), "portrait", executor=Cancelling(), on_error="raise")


def test_options_can_be_one_for_each(tmp_path):
    systems = verbs.systems(2.0, 3.0)
    for folder in (None, tmp_path / "points"):
        found = sp.sweep(systems, "find_all_fixed_points", folder=folder)
        graphs = sp.sweep(systems, "connect", points=found, folder=folder and tmp_path / "graphs")
        assert [len(graph.attractors) for graph in graphs.values()] == [4, 4]
    again = sp.sweep(systems, "connect", points=found, folder=tmp_path / "graphs")
    assert {row.status for row in again.rows} == {SweepStatus.KEPT}
    starts = {"gain 2.0": np.zeros((1, 2)), "gain 3.0": np.ones((1, 2))}
    points = sp.sweep(systems, "find_fixed_points", states=starts, rounds=0)
    assert [round(float(p.xstar[0, 0]), 2) for p in points.values()] == [0.0, 0.99]
    partly = sp.sweep(systems | verbs.systems(4.0), "connect", points=found)
    assert "no network is called so" in partly.errors["gain 4.0"]


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".hidden", "x" * 400, "ä ö", "con:1*?", "a%2Fb", "\ud800"]
)
def test_any_text_is_a_name(tmp_path, name):
    found = sp.sweep({name: verbs.cell(2.0)}, "find_all_fixed_points", folder=tmp_path)
    assert len(found[name]) == 9
    (path,) = tmp_path.iterdir()
    assert path.name[0] != "."
    assert path == found.path(name)


def test_two_names_have_two_files(tmp_path):
    names = ["a/b", "a%2Fb", "a_b", "x" * 400, "x" * 401]
    assert len({file_of(tmp_path, name) for name in names}) == len(names)


def test_files_of_others_are_not_replaced(tmp_path):
    systems = verbs.systems(2.0)
    sp.sweep(systems, "find_all_fixed_points", folder=tmp_path)
    with pytest.raises(sp.ArgumentError, match="what find_all_fixed_points found"):
        sp.sweep(systems, "portrait", folder=tmp_path)
    path = file_of(tmp_path, "gain 2.0")
    sp.load(path).save(path)
    mine = path.read_bytes()
    with pytest.raises(sp.ArgumentError, match="not written by a sweep"):
        sp.sweep(systems, "find_all_fixed_points", folder=tmp_path)
    assert path.read_bytes() == mine


def test_nothing_is_a_sweep_of_nothing(tmp_path):
    found = sp.sweep({}, "portrait", folder=tmp_path)
    assert (len(found), list(found), found.errors) == (0, [], {})
    assert (
        len(found.table()) == len(found.to_dataframe()) == found.to_xarray().sizes["network"] == 0
    )
    assert repr(found).startswith("portrait of 0 networks")


def test_tables(tmp_path, log):
    found = sp.sweep(verbs.systems(*GAINS), verbs.find_unless_large, log=log)
    dataset = found.to_xarray()
    dataset.to_netcdf(tmp_path / "table.nc", engine="h5netcdf")
    assert dataset["points"].values[:3].tolist() == [1, 9, 9]
    assert dataset["message"].values[3] == "RuntimeError: it is too large"
    rows = found.to_dataframe()
    assert rows.groupby("network").size().tolist() == [1, 9, 9]
    told = repr(found)
    assert told.startswith("find_unless_large of 4 networks: 3 done, 1 failed")
    assert "too large" in told
    assert "<table" in found._repr_html_()
    assert pickle.loads(pickle.dumps(found)).table().equals(found.table())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"systems": [1, 2]}, "systems: got .* mapping of names"),
        ({"systems": (s for s in ())}, "systems: got <genexpr>"),
        ({"systems": {3: verbs.cell(2.0)}}, "systems: got the name 3"),
        ({"systems": {"": verbs.cell(2.0)}}, "systems: got the name ''"),
        ({"verb": "portray"}, "verb: .*Did you mean 'portrait'"),
        ({"verb": "fit_pca"}, "verb: fit_pca does not take a system first"),
        ({"verb": 3}, "verb: got 3"),
        ({"executor": 4}, "executor: got 4"),
        ({"on_error": "ignore"}, "on_error: got 'ignore'"),
        ({"max_start": 4}, "options, verb: find_all_fixed_points cannot be called so .*max_start"),
        ({"seed": np.random.default_rng(0)}, "seed: got a NumPy generator"),
        ({"folder": __file__}, "folder: .* cannot be made one"),
        ({"folder": __file__ + "/inside"}, "folder: .* cannot be made one"),
    ],
)
def test_wrong_arguments_are_refused(change, words):
    arguments = {"systems": verbs.systems(2.0), "verb": "find_all_fixed_points", **change}
    with pytest.raises(sp.ArgumentError, match=words):
        sp.sweep(arguments.pop("systems"), arguments.pop("verb"), **arguments)


def test_names_that_differ_in_case_alone_are_refused_in_folders(tmp_path):
    systems = {"A": verbs.cell(2.0), "a": verbs.cell(3.0)}
    assert len(sp.sweep(systems, "find_all_fixed_points")) == 2
    with pytest.raises(sp.ArgumentError, match="differ in nothing but case"):
        sp.sweep(systems, "find_all_fixed_points", folder=tmp_path)


def test_a_model_that_cannot_be_read_is_a_row(tmp_path):
    for folder in (None, tmp_path):
        found = sp.sweep({"two": 2, "cell": verbs.cell(2.0)}, "portrait", folder=folder)
        assert list(found) == ["cell"]
        assert "model" in found.errors["two"]
        found = sp.sweep({"none": tmp_path / "none.pt"}, "portrait", folder=folder)
        assert "none.pt" in found.errors["none"]


def test_what_returns_no_record_is_a_row():
    found = sp.sweep(verbs.systems(2.0), lambda system: 3)
    assert "verb: <lambda> returned 3" in found.errors["gain 2.0"]


# -- keys ------------------------------------------------------------------------------------------


def test_hashes_are_the_same_in_other_processes(processes):
    for value in (
        sp.as_system(verbs.cell(2.0)),
        verbs.find,
        functools.partial(verbs.cell, 2.0, phi="relu"),
        {"a": {1, 2, "x"}, "b": [np.float64(0.1), sp.solvers.Newton()]},
        sp.find_all_fixed_points(sp.as_system(verbs.cell(2.0))),
        frozenset("abcdef"),
    ):
        assert processes.submit(digest, value).result() == digest(value)


def test_hashes_tell_apart():
    def scaled(factor):
        return lambda system: system if factor else None

    same = [
        (np.float64(0.5), 0.5),
        (np.int8(3), 3),
        (scaled(1), scaled(1)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ]
    assert all(digest(one) == digest(other) for one, other in same)
    values = [
        None,
        0,
        0.0,
        -0.0,
        False,
        "0",
        b"0",
        [],
        {},
        np.zeros(2),
        np.zeros(2, np.float32),
        np.zeros((2, 1)),
        [0.0, 0.0],
        scaled(1),
        scaled(2),
        lambda system: system,
        lambda system: -system,
        sp.as_system(verbs.cell(2.0)),
        sp.as_system(verbs.cell(2.0), dt=0.1),
        sp.as_system(verbs.cell(2.0, phi="relu")),
        sp.as_system(verbs.cell(2.0)).iterate(2),
        sp.Status.FIXED_POINT,
        Path("a"),
        Path("b"),
    ]
    assert len({digest(value) for value in values}) == len(values)


def test_what_has_no_hash_is_done_again_and_said(tmp_path, log):
    class Odd:
        def __reduce__(self):
            raise TypeError("no")

    for calls in (1, 2):
        with pytest.warns(sp.StillpointWarning, match="a second run does them again"):
            sp.sweep(
                verbs.systems(2.0),
                lambda system, odd, log: verbs.find(system, log),
                folder=tmp_path / "f",
                odd=Odd(),
                log=log,
            )
        assert len(verbs.notes(log)) == calls


# -- clusters, and what was in memory before -------------------------------------------------------


@pytest.mark.slow
def test_killed_workers_of_dask_lose_nothing_and_do_nothing_twice(tmp_path, log):
    distributed = pytest.importorskip("distributed", reason="Dask's distributed is not installed")
    systems = verbs.systems(*(1.2 + k / 100 for k in range(64)))
    local = {"n_workers": 3, "threads_per_worker": 1, "host": "127.0.0.1"}
    with (
        distributed.LocalCluster(**local, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        (tmp_path / "markers").mkdir()
        found = sp.sweep(
            systems,
            verbs.find_or_be_killed,
            executor=client.get_executor(),
            folder=tmp_path / "points",
            log=log,
            markers=str(tmp_path / "markers"),
        )
    assert not found.errors
    assert len(verbs.notes(log)) == len(set(verbs.notes(log))) == 64
    alone = sp.sweep(systems, verbs.find, log=log)
    assert all(content(found[name]) == content(alone[name]) for name in systems)


@pytest.mark.slow
def test_what_memory_held_before_changes_no_bit():
    """glibc fills what is allocated and freed with a byte of its own where this is set."""
    program = (
        "import numpy as np, stillpoint as sp\n"
        "from stillpoint.tasks import load_network\n"
        "from stillpoint.population.sweeps.keys import digest\n"
        "for name in ('tanh', 'gru', 'lstm'):\n"
        "    options = dict(max_starts=256, exhaustive=False, progress=False)\n"
        "    points = sp.find_all_fixed_points(load_network(name).system, np.zeros(3), **options)\n"
        "    print(digest(points, points.eigenvalues))\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "MALLOC_PERTURB_": byte},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for byte in ("0", "85", "170")
    }
    assert len(told) == 1
    assert len(told.pop().split()) == 3
