"""The examples run from beginning to end."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import stillpoint as sp

pytestmark = pytest.mark.torch
EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs an example in this process and returns what it prints."""

    def run_here(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return run_here


def test_the_multi_region_example_tells_its_story(run, tmp_path):
    told = run("multi_region.py", tmp_path)
    assert "System(map, 350 states, 25 inputs" in told
    assert told.count("1 fixed point: 1 stable") == 4
    assert "its points as whole states: (1, 350)" in told
    intact, lesioned = (
        float(line.split(": ")[1]) for line in told.splitlines() if "thalamic rate" in line
    )
    assert intact == 0.0 < 0.5 < lesioned  # without the inhibition from snr, thalamus is active
    assert (tmp_path / "multi_region.png").stat().st_size > 10_000


# The example with one network, read from modules alone: the rest takes minutes.
SHORT = (
    "import frameworks as f; del f.NETWORKS['LSTM'], f.WAYS['NumPy function']; f.BACKENDS = (); "
)
WHOLE = "import frameworks as f; "


@pytest.mark.brainpy
@pytest.mark.parametrize(
    ("example", "n"),
    [pytest.param(SHORT, 5, id="short"), pytest.param(WHOLE, 18, marks=pytest.mark.slow, id="all")],
)
def test_every_framework_gives_the_same_points(example, n):
    for framework in ("flax", "equinox", "brainpy", "keras", "tensorflow"):
        pytest.importorskip(framework)
    command = [sys.executable, "-c", example + "f.main()"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=EXAMPLES)
    _, *rows = (re.split(r" {2,}", line.strip()) for line in done.stdout.splitlines())
    assert len(rows) == n
    for _, _, _, points, unstable, index_sum, missing, distance, q, _ in rows:
        assert (points, unstable, index_sum, missing) == ("27", "8/12/6/1", "1", "no")
        assert float(distance) < 1e-8
        assert float(q) < 1e-24


def test_the_decision_example_trains_and_takes_apart_a_leaky_network(run, monkeypatch, tmp_path):
    short = partial(sp.follow_slow_manifold, max_steps=5)
    monkeypatch.setattr(sp, "follow_slow_manifold", short)
    options = ("--alpha", 0.5, "--epochs", 1, "--trials", 1)
    told = run("perceptual_decision.py", tmp_path, *options)
    assert "minima of the speed:" in told
    assert "longest time constants" in told
    assert (tmp_path / "perceptual_decision.png").stat().st_size > 10_000
    assert len(sp.load(tmp_path / "perceptual_decision.nc").label)


@pytest.mark.slow
def test_a_population_is_trained_swept_and_compared(tmp_path):
    pytest.importorskip("networkx")
    options = ("--networks", "3", "--bits", "1", "--steps", "150", "--jobs", "1")
    command = [sys.executable, str(EXAMPLES / "population.py"), str(tmp_path), *options]
    for status in ("done", "kept"):
        ended = subprocess.run(command, capture_output=True, text=True, check=True)
        assert f"find_all_fixed_points of 3 networks: 3 {status}" in ended.stdout
        assert "the machine of the task: " in ended.stdout
        assert "3 networks compared" in ended.stdout
    assert len(list(tmp_path.glob("*/*.nc"))) == 9
    assert (tmp_path / "population.png").stat().st_size > 10_000
