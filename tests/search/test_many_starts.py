"""Searches that do not keep their starts: some rows stand for all, and say the same."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint import Source, Status
from stillpoint.cells import VanillaCell
from stillpoint.points import Starts
from stillpoint.points.condensing import condensed
from stillpoint.search import portions
from stillpoint.solvers import MEMORY_BUDGET, Newton

DRIVEN = sp.as_system(VanillaCell(2 * np.eye(3), np.ones((3, 1)), np.zeros(3)))
MIB = 2**20


@pytest.fixture(autouse=True)
def small_portions(monkeypatch):
    """Let a search go through a thousand starts in about ten portions."""
    monkeypatch.setattr(portions, "MEMORY_BUDGET", 4 * 8 * 15 * 100)
    monkeypatch.setattr("stillpoint.points.condensing._ROWS", 64)


def starts(n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Return starts under two inputs, a third of them the same as earlier ones."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 3))
    x[-n // 3 :] = x[: n - n + n // 3 + (n % 3 > 0)]
    return x, np.where(np.arange(n) % 3 == 0, 0.2, 0.0)[:, None]


def search(**options: object) -> sp.FixedPoints:
    return sp.find_fixed_points(DRIVEN, *starts(), orbits=False, **options)


@pytest.fixture(scope="module")
def kept() -> sp.FixedPoints:
    return search(rounds=0, max_steps=4, solver=Newton())


@pytest.fixture
def few() -> sp.FixedPoints:
    return search(rounds=0, max_steps=4, solver=Newton(), keep_starts=False)


def same_evidence(few: sp.FixedPoints, kept: sp.FixedPoints) -> None:
    np.testing.assert_array_equal(few.xstar, kept.xstar)
    np.testing.assert_array_equal(few.hits, kept.hits)
    for left, right in zip(few.census().tallies, kept.census().tallies, strict=True):
        for field in fields(left):
            if field.name != "spread":
                np.testing.assert_equal(getattr(left, field.name), getattr(right, field.name))
        assert left.spread == pytest.approx(right.spread, rel=0.3)
        assert left.verdict == right.verdict


def test_few_rows_say_what_all_said(few, kept):
    assert len(kept.starts) == few.starts.total == 1000
    assert len(few.starts) < 600
    assert len(np.unique(kept.starts.status)) > 1
    assert few.starts.counts() == kept.starts.counts()
    assert few.starts.summary == kept.starts.summary
    same_evidence(few, kept)


def test_repeated_starts_are_known_across_portions(few, kept):
    again = int(kept.starts.repeated.sum())
    assert again > 100
    repeated = few.starts.source == Source.REPEATED
    assert few.starts.multiplicity[repeated].sum() == again
    assert few.starts.discoveries()[Source.GIVEN] == (1000 - again, len(kept))


def test_a_certificate_is_the_same(few, kept):
    proved, known = (sp.certify(DRIVEN, points) for points in (few, kept))
    assert proved.certificate.all_proved
    same_evidence(proved, known)


def test_further_rounds_are_drawn_in_portions():
    start = np.full((300, 3), 1e-3) * np.random.default_rng(0).uniform(1, 2, (300, 3))
    full, few = (
        sp.find_fixed_points(DRIVEN, start, [0.0], orbits=False, keep_starts=keep)
        for keep in (True, False)
    )
    assert few.starts.total == len(full.starts) > 300
    assert few.hits.sum() == (full.starts.point >= 0).sum()
    assert {source.name for source in few.starts.discoveries()} >= {"GIVEN", "NOISE", "BOX"}
    assert few.census().verdict.split(";")[0] == full.census().verdict.split(";")[0]


def test_searches_for_all_points_keep_few_rows_too():
    leak = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=3, lefschetz=1)
    full, few = (
        sp.find_all_fixed_points(leak, max_starts=1500, orbits=False, keep_starts=keep)
        for keep in (True, False)
    )
    assert few.starts.total == len(full.starts) > len(few.starts)
    assert few.hits.sum() == few.starts.counts()[Status.FIXED_POINT]
    assert (len(few), few.census().completeness) == (len(full), full.census().completeness)


def test_orbits_begin_at_rows_that_are_left():
    points = sp.find_fixed_points(DRIVEN, *starts(), keep_starts=False)
    assert points.orbits is not None
    assert (points.orbits.by_input()[(0.0,)]).orbits > 20


def test_slow_points_keep_few_rows_too():
    ghost = sp.as_system(lambda x: np.tanh(2 * x + 0.54), state_size=1)
    x = np.random.default_rng(0).uniform(-1, 1, (1000, 1))
    full, few = (sp.find_slow_points(ghost, x, keep_starts=keep) for keep in (True, False))
    np.testing.assert_array_equal(few.hits, full.hits)
    assert few.label.tolist() == full.label.tolist() == ["fixed point", "ghost"]
    assert few.starts.counts() == full.starts.counts()


def test_other_units_are_brought_back():
    system = sp.as_system(lambda x: 1e4 * np.tanh(2e-4 * x), state_size=1)
    x = 1e4 * np.random.default_rng(0).normal(size=(1000, 1))
    full, few = (
        sp.find_fixed_points(system, x, rounds=0, orbits=False, keep_starts=keep)
        for keep in (True, False)
    )
    assert (full.scale > 1).all()
    same_evidence(few, full)
    assert np.isin(few.starts.states, x).all()


def test_nothing_is_kept_of_the_arrays_that_were_passed():
    x, u = starts(64)
    before = x.copy(), u.copy()
    points = [
        sp.find_fixed_points(DRIVEN, x, u, rounds=0, orbits=False, keep_starts=keep)
        for keep in (True, False)
    ]
    for p in points:
        assert not np.shares_memory(p.starts.states, x)
        assert not np.shares_memory(p.starts.inputs, u)
        assert p.starts.inputs.flags.writeable
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(u, before[1])


def test_what_was_interrupted_is_counted(monkeypatch):
    asked, run = [], portions.run_search

    def stops(*args):
        asked.append(1)
        return (run(*args)[0], len(asked) == 3)

    monkeypatch.setattr(portions, "run_search", stops)
    with pytest.warns(sp.StillpointWarning, match=r"of 1000 starts .* interrupted"):
        points = search(rounds=0, keep_starts=False)
    assert points.starts.counts()[Status.INTERRUPTED] > 600
    assert points.starts.total == 1000


def test_an_interruption_between_portions_loses_nothing(monkeypatch):
    asked, condense = [], portions.condensed

    def stops(*args):
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return condense(*args)

    monkeypatch.setattr(portions, "condensed", stops)
    with pytest.warns(sp.StillpointWarning, match="interrupted"):
        points = search(rounds=0, keep_starts=False)
    assert points.starts.total == 1000
    assert points.starts.counts()[Status.FIXED_POINT] == points.hits.sum() > 200
    again = points.starts.source == Source.REPEATED
    assert points.starts.multiplicity[again].sum() == starts_repeated()


def starts_repeated() -> int:
    none, whole = np.zeros(1000), np.zeros(1000, dtype=np.int64)
    x, u = starts()
    return int(Starts(x, u, x, none, whole + 1, whole, whole, whole).repeated.sum())


def test_a_record_of_few_rows_is_one_like_any_other(few, kept, tmp_path):
    again = sp.load(few.save(tmp_path / "few.nc"))
    np.testing.assert_array_equal(again.starts.stands_for, few.starts.stands_for)
    same_evidence(again, kept)
    assert f"of 1000 starts {few.starts.take(few.starts.point < 0).summary}" in repr(few)
    assert repr(few.starts).startswith(f"Starts: 1000, for which {len(few.starts)} of them stand")
    assert few.to_dataframe().equals(kept.to_dataframe())
    both = sp.FixedPoints.concatenate([few, kept]).unique()
    assert both.starts.total == 2000
    np.testing.assert_array_equal(both.hits, 2 * kept.hits)
    np.testing.assert_array_equal(both.xstar, kept.xstar)
    assert few.stable.starts.total == 1000
    assert "How 1000 starts ended" in few.report(tmp_path / "few.html").read_text()


def test_a_figure_counts_all_starts(few, kept):
    import matplotlib.pyplot as plt

    heights = []
    for points in (few, kept):
        drawn = sp.plots.search_summary(points, ax=plt.subplots()[1])
        heights.append(sum(bar.get_height() for bars in drawn["bars"] for bar in bars))
    plt.close("all")
    assert heights == [1000, 1000]


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(1, 5)), max_size=40), st.integers(1, 3))
def test_rows_stand_for_all_and_only_for_their_like(rows, steps):
    point = np.array([k for k, _ in rows], dtype=np.int64)
    number = np.array([n for _, n in rows], dtype=np.int64)
    n, end = len(rows), np.arange(len(rows), dtype=float)[:, None]
    status = np.where(point < 0, Status.STALLED, Status.FIXED_POINT).astype(np.int64)
    whole, none = np.zeros(n, dtype=np.int64), np.zeros((n, 0))
    full = Starts(end, none, end, -end[:, 0] + n, status, whole, point, whole, number)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("stillpoint.points.condensing._ROWS", steps)
        patched.setattr("stillpoint.points.condensing._LEAST", steps)
        few = condensed(full, point)
    np.testing.assert_array_equal(few._hits(3), full._hits(3))
    assert (few.total, few.counts()) == (full.total, full.counts())
    for k in np.unique(point):
        mine, theirs = few.end[few.point == k, 0], full.end[full.point == k, 0]
        assert {theirs[0], theirs[-1]} <= set(mine)  # the first, and the best of these
        assert len(mine) <= steps + 4
    assert (np.diff(few.states[:, 0]) > 0).all()


@pytest.mark.parametrize("place", [1, 57, 98])
def test_the_end_that_lies_furthest_off_stands_for_itself(place):
    end, n, none = np.zeros((100, 1)), np.zeros(100), np.zeros((100, 0))
    end[place], whole = 1e-7, np.zeros(100, dtype=np.int64)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("stillpoint.points.condensing._ROWS", 4)
        few = condensed(Starts(end, none, end, n, whole + 1, whole, whole, whole), whole)
    assert len(few) < 12
    assert few.multiplicity[few.end[:, 0] == 1e-7].tolist() == [1]


CHILD = """
    import resource, sys, numpy as np, stillpoint as sp
    from stillpoint.tasks import load_network

    def peak():
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size * (1 if sys.platform == "darwin" else 1024)

    x = np.random.default_rng(0).uniform(-1, 1, (1_000_000, 16))
    system, told = load_network("tanh").system, {"keep_starts": sys.argv[1] == "True"}
    sp.find_fixed_points(system, x[:1024], np.zeros(3), **told).census()
    before = peak()
    points = sp.find_fixed_points(system, x, np.zeros(3), **told)
    census = points.census()
    kept = [getattr(points.starts, name) for name in points.starts.__dataclass_fields__]
    print(peak() - before, sum(column.nbytes for column in kept if column is not None))
    print(points.starts.total, len(points), census.completeness.name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("keep", [True, False])
def test_a_million_starts_keep_within_the_budget(keep):
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(keep)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    raised, kept, *rest = done.stdout.split()
    assert rest == ["1000000", "27", "NO_EVIDENCE"]
    assert int(raised) - int(kept) < MEMORY_BUDGET
    assert (int(kept) < 8 * MIB) == (not keep)
