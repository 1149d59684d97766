"""Diagrams as records: files, points at a parameter, verdicts, and arguments that do not fit."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from mpmath import atanh, mpf, sqrt, workdps

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.cells import VanillaCell

ONE = np.ones((1, 1))
SYSTEM = sp.as_system(VanillaCell(2 * ONE, ONE, np.zeros(1)))
PATH = sp.path([-1.0], [1.0], values=[-1, 1])
with workdps(30):
    EXACT = sqrt(mpf(2)) - atanh(1 / sqrt(mpf(2)))
FOLD = float(EXACT)


@pytest.fixture(scope="module")
def diagram() -> sp.Diagram:
    return sp.follow_points(SYSTEM, sp.find_all_fixed_points(SYSTEM, [0.0]), PATH)


def test_a_saved_diagram_is_the_same_and_finds_its_points(
    diagram: sp.Diagram, tmp_path: Path
) -> None:
    again = sp.load(diagram.save(tmp_path / "diagram.nc"))
    assert repr(again) == repr(diagram)
    assert np.array_equal(again.states, diagram.states)
    assert [e.sentence for e in again.events] == [e.sentence for e in diagram.events]
    with pytest.raises(ArgumentError, match=r"^system: .*diagram.at\(s, system\)"):
        again.at(0.2)
    for record in (again, pickle.loads(pickle.dumps(diagram))):
        assert np.allclose(record.at(0.2, SYSTEM).xstar, diagram.at(0.2).xstar)


def test_points_at_a_parameter_are_fixed_points_there(diagram: sp.Diagram) -> None:
    for s in (-1.0, -FOLD + 1e-9, 0.0, FOLD - 1e-9, 1.0):
        points = diagram.at(s)
        assert len(points) == (3 if abs(s) < FOLD else 1)
        assert np.abs(SYSTEM.residual(points.xstar, [s])).max() < 1e-15
        assert np.array_equal(np.unique(points.inputs), [s])
    assert len(diagram.at(FOLD + 1e-9)) == 1


def test_branches_are_views_of_the_columns(diagram: sp.Diagram) -> None:
    (branch,) = diagram.branches
    assert np.array_equal(branch.parameter, diagram.parameter)
    assert {end.name for end in branch.ends} == {"END_OF_PATH"}
    assert set(branch.n_unstable.tolist()) == {0, 1}
    frame = diagram.to_dataframe()
    assert len(frame) == len(diagram.branch)
    assert frame["at_event"].sum() == 2
    told = diagram.attractors_along()
    assert told["begins"].tolist() == ["reached the end of the path", "fold"]
    assert np.allclose(told[["from", "to"]], [[-1, FOLD], [-FOLD, 1]])


def test_events_are_proved_where_they_are(diagram: sp.Diagram) -> None:
    for event, truth in zip(diagram.events, (-EXACT, EXACT), strict=True):
        low, high = map(mpf, event.interval)
        assert event.is_proved
        assert low < truth < high
        assert high - low < 1e-8
    assert len(diagram.events.of_kind(sp.EventKind.FOLD)) == 2
    assert len(diagram.events.of_kind(sp.EventKind.FLIP)) == 0


def test_the_verdict_names_what_is_missing() -> None:
    points = sp.find_all_fixed_points(SYSTEM, [0.0])
    bent = sp.as_system(VanillaCell(2 * np.eye(2), np.ones((2, 1)), np.zeros(2)))
    whole = sp.find_all_fixed_points(bent, [0.0])
    assert len(whole) == 9
    part = sp.follow_points(bent, whole[:1], PATH, checks=0)
    assert "no search was set beside" in part.verdict or "missing" in part.verdict
    checked = sp.follow_points(bent, whole[:1], PATH, checks=3)
    assert checked.checks.agrees.all()
    assert len(checked.at(0.0)) == 9  # the others were found by the searches
    short = sp.follow_points(SYSTEM, points, PATH, checks=0, max_steps=2)
    assert short.verdict.startswith("something is missing: branch 0 used up its steps")


def test_checks_can_be_proved() -> None:
    points = sp.find_all_fixed_points(SYSTEM, [0.0])
    diagram = sp.follow_points(SYSTEM, points, PATH, checks=2, exhaustive=True)
    assert diagram.checks.proved.all()
    assert "proved at 2 of them" in diagram.verdict


def test_a_path_keeps_its_corners_exactly() -> None:
    corners = np.random.default_rng(0).standard_normal((4, 3))
    path = sp.path(*corners, values=[0.0, 0.3, 0.7, 2.1])
    identity = sp.as_system(lambda x, u: x[:, :1] + 0 * u[:, :1], state_size=1, input_size=3)
    for s, u in zip(path.corners, corners, strict=True):
        assert np.array_equal(path.at(identity, float(s))[1], u)
    assert np.allclose(path.at(identity, 0.15)[1], (corners[0] + corners[1]) / 2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: sp.path([0.0]), "inputs: got shape"),
        (lambda: sp.path([0.0], [0.0]), "inputs: two in a row are equal"),
        (lambda: sp.path([0.0], [0.0, 1.0]), "inputs: got shapes"),
        (lambda: sp.path([0.0], [1.0], values=[1, 0]), "values: got"),
        (lambda: sp.family(3, 0, 1), "make: got 3"),  # type: ignore[arg-type]
        (lambda: sp.family(lambda g: g, 0, 1), "make: it returned"),  # type: ignore[arg-type, return-value]
        (lambda: sp.family(lambda _: SYSTEM, 1, 0), "high: got 0"),
        (lambda: sp.family(lambda _: SYSTEM, 0, 1), "inputs: the system at 0 has 1 inputs"),
        (lambda: sp.family(lambda g: 1 / g, 0, 1), "make: it failed at 0"),  # type: ignore[arg-type, return-value]
        (lambda: sp.follow_points(SYSTEM, np.zeros((1, 1)), PATH), "at: got None"),
        (lambda: sp.follow_points(SYSTEM, np.ones((1, 1)), PATH, at=0), "points: number 0 is none"),
        (lambda: sp.follow_points(SYSTEM, np.zeros((1, 1)), PATH, at=3), "at: got 3"),
        (lambda: sp.follow_points(SYSTEM, np.zeros((1, 1)), 3), "path: got 3"),  # type: ignore[arg-type]
        (
            lambda: sp.follow_points(SYSTEM, sp.find_all_fixed_points(SYSTEM, [5.0]), PATH),
            "points: number 0 is under the input",
        ),
        (
            lambda: sp.follow_points(
                sp.as_system(VanillaCell(ONE, np.ones((1, 2)), np.zeros(1))),
                np.zeros((1, 1)),
                PATH,
                at=0,
            ),
            "path: got inputs of 1",
        ),
        (lambda: sp.path([0.0], [1.0], [1.0 + 1e-14], values=[0, 1, 1 + 1e-14]), "values: got"),
        (lambda: sp.path([[0.0], [1.0, 2.0]], [1.0]), "inputs: "),
        (lambda: sp.follow_cycles(SYSTEM, 3, PATH), "cycles: got 3"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_named(call: object, told: str) -> None:
    with pytest.raises(ArgumentError, match=f"^{told}"):
        call()  # type: ignore[operator]


def test_cycles_that_are_none_and_diagrams_of_others_are_refused() -> None:
    flip = lambda g: sp.as_system(VanillaCell(-g * ONE, np.zeros((1, 0)), np.zeros(1)))  # noqa: E731
    gains = sp.family(flip, 0.5, 2.0)
    cycles = sp.find_cycles(flip(1.5), periods=2).of_period(2)
    with pytest.raises(ArgumentError, match=r"cycles: number 0 is none at the parameter 0\.5"):
        sp.follow_cycles(flip(1.5), cycles, gains)
    found = sp.follow_cycles(flip(1.5), cycles, gains, at=1.5)
    assert found.noun == "cycles"
    with pytest.raises(ArgumentError, match="at: this diagram is of cycles"):
        found.at(1.5)
    points = sp.follow_points(flip(0.5), np.zeros((1, 1)), gains, checks=0)
    with pytest.raises(ArgumentError, match="path: the diagram is along another path"):
        sp.follow_cycles(flip(0.5), points, sp.family(flip, 0.5, 3.0))
    with pytest.raises(ArgumentError, match="path: got 'bad'"):
        points.at(0.7, flip(0.5), "bad")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="system: got None"):
        points.at(0.7, path=gains)


def test_what_a_stretch_begins_with_is_the_event_there() -> None:
    gains = sp.family(
        lambda g: sp.as_system(VanillaCell(g * ONE, np.zeros((1, 0)), np.zeros(1))), 0.5, 2
    )
    start = sp.find_all_fixed_points(gains.make(0.5))
    told = sp.follow_points(gains.make(0.5), start, gains, checks=0).attractors_along()
    assert "branch point" in told["ends"].tolist()
    assert "reached the end of the path" in told["ends"].tolist()  # the arms are stable throughout
