"""Wrong arguments are named before there is a figure."""

from __future__ import annotations

import os

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import stillpoint as sp
from stillpoint import ArgumentError

pytestmark = pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)

RUBBISH = ("a", None, 3, [1.0], np.zeros((2, 2)), {}, object())


@pytest.fixture(scope="module")
def regional():
    weights = np.random.default_rng(0).normal(size=(4, 4)) / 4
    regions = {"one": [0, 1], "two": [2, 3]}
    system = sp.as_system(lambda x: np.tanh(x @ weights), state_size=4, regions=regions)
    return sp.linearize(system, np.zeros((2, 4)))


@pytest.fixture
def records(
    points,
    slow,
    line,
    regional,
    field,
    cycles,
    curves,
    attractors,
    basins,
    exponents,
    graph,
    portrait,
    diagram,
    networks,
):
    """Return, for every figure, the name of its first argument and a right one."""
    return {
        "fixed_points": ("points", points),
        "slow_points": ("points", slow),
        "slow_manifold": ("manifold", line),
        "flow_field": ("field", field),
        "cycles": ("cycles", cycles),
        "attractors": ("attractors", attractors),
        "attractor_graph": ("graph", graph),
        "hasse_diagram": ("graph", graph),
        "portrait": ("portrait", portrait),
        "basins": ("basins", basins),
        "exponents": ("spectrum", exponents),
        "diagram": ("diagram", diagram),
        "tracks": ("diagram", diagram),
        "closed_curves": ("curves", curves),
        "networks": ("distances", networks),
        "spectrum": ("linear", points),
        "search_summary": ("points", points),
        "region_blocks": ("lin", regional),
        "region_modes": ("lin", regional),
    }


def refused(name, figure, *arguments, **options):
    """Draw, and look for an error that names the argument, and for figures left open."""
    with pytest.raises(ArgumentError, match=rf"^{name}: "):
        getattr(sp.plots, figure)(*arguments, **options)
    assert plt.get_fignums() == []


FIGURES = tuple(name for name in sp.plots.__all__ if name != "interactive")


@pytest.mark.parametrize("figure", FIGURES)
def test_another_record_or_rubbish(figure, records):
    name, right = records[figure]
    others = [record for _, record in records.values() if type(record) is not type(right)]
    if figure in ("spectrum", "search_summary"):
        others = [line for line in others if isinstance(line, sp.SlowManifold)]
    for wrong in (*others, *RUBBISH, type(right)):
        refused(name, figure, wrong)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("wrong", [5, "ax", Figure(), [Figure().add_subplot()]])
def test_axes_that_are_none(figure, records, wrong):
    refused("ax", figure, records[figure][1], ax=wrong)
    solid = Figure().add_subplot(projection="3d")
    refused("ax", figure, records[figure][1], ax=solid)


@pytest.mark.parametrize("figure", ["fixed_points", "slow_points", "slow_manifold"])
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("dimensions", (4, True, 2.5, "2", None, np.nan, np.array([2, 3]))),
        ("max_trajectories", (2.5, -1, "all", None, True, np.nan)),
        ("projection", (5, "pca", object(), sp.fit_pca(np.eye(5)))),
        ("trajectories", ("a", np.zeros((3, 2)), np.zeros((2, 3, 5)), np.zeros((0, 3, 2)))),
        ("trajectories", (np.full((2, 3, 2), np.nan), [[1, 2], [3]], np.zeros((2, 0, 2)))),
        ("legend", (1, "yes", None)),
    ],
)
def test_options_of_what_lies_among_trajectories(figure, records, name, wrong):
    for value in wrong:
        refused(name, figure, records[figure][1], **{name: value})


@pytest.mark.parametrize("figure", ["fixed_points", "slow_points", "slow_manifold"])
def test_conditions_that_do_not_fit(figure, records, paths):
    record = records[figure][1]
    for wrong in (["a"] * 3, "a", 3, np.zeros((160, 2)), np.full(160, np.nan), [None] * 160, {}):
        refused("trials_by", figure, record, paths, trials_by=wrong)
    refused("trials_by", figure, record, trials_by=["a"])
    with pytest.raises(ArgumentError, match=r"got shape \(3,\), but shape \(160,\) is wanted"):
        getattr(sp.plots, figure)(record, paths, trials_by=["a"] * 3)


@pytest.mark.parametrize("figure", ["fixed_points", "slow_points", "spectrum"])
def test_what_points_cannot_be_told_apart_by(figure, records):
    record = records[figure][1]
    n = len(record)
    for wrong in (
        "colour",
        ["a"] * (n - 1),
        None,
        3,
        np.zeros((n, 2)),
        np.full(n, np.inf),
        "starts",
    ):
        refused("by", figure, record, by=wrong)
    with pytest.raises(ArgumentError, match="'n_unstable'"):
        getattr(sp.plots, figure)(record, by="unstable")


def test_lengths_rows_and_modes(points, regional):
    for wrong in (np.nan, -1.0, "long", None, np.inf, True):
        refused("mode_length", "fixed_points", points, mode_length=wrong)
    for wrong in (99, 2, -3, 1.0, "x", None, True):
        refused("row", "region_blocks", regional, row=wrong)
        refused("row", "region_modes", regional, row=wrong)
    for wrong in ("x", 0, 2.5, None, True):
        refused("modes", "region_modes", regional, modes=wrong)


def test_a_projection_with_too_few_axes_for_the_picture(points):
    states = np.random.default_rng(0).normal(size=(9, 4))
    system = sp.as_system(lambda x: np.tanh(x), state_size=4)
    some = sp.find_fixed_points(system, states[:1])
    refused("projection", "fixed_points", some, projection=sp.fit_pca(states, 2), dimensions=3)


def test_nothing_to_draw(points, slow, paths):
    refused("points", "fixed_points", points[:0])
    refused("points", "slow_points", slow[:0])
    refused("linear", "spectrum", points[:0])
    refused("linear", "spectrum", points[:0].linearization)
    drawn = sp.plots.fixed_points(points[:0], paths)
    assert (len(drawn["points"]), len(drawn["trajectories"])) == (0, 40)
    assert sp.plots.search_summary(points[:0])["bars"]


@pytest.mark.parametrize("figure", ["fixed_points", "slow_points", "slow_manifold"])
def test_the_known_part_of_masked_trials_is_drawn(figure, records, paths):
    draw, record = getattr(sp.plots, figure), records[figure][1]
    lengths = np.arange(160) % 10 + 2
    some = np.where(np.arange(12)[:, None] < lengths[:, None, None], paths, np.nan)
    with pytest.raises(ArgumentError, match=r"^trajectories: .* np\.ma\.masked_invalid"):
        draw(record, some)
    masked = np.ma.masked_invalid(some)
    lines = draw(record, masked, max_trajectories=160)["trajectories"]
    known = [int(np.isfinite(line.get_ydata()).sum()) for line in lines]
    assert known == lengths.tolist()
    whole = sp.fit_pca(masked).transform(paths[7, :9])
    np.testing.assert_allclose(lines[7].get_xydata()[:9], whole, atol=1e-12)
    masked[3:5] = np.ma.masked
    plt.close("all")
    refused("trajectories", figure, record, masked)
    half = np.ma.array(paths, mask=np.zeros(paths.shape, dtype=bool))
    half[0, 5, 1] = np.ma.masked  # a state of which a part is unknown
    line = draw(record, half, max_trajectories=160)["trajectories"][0]
    assert np.isnan(line.get_ydata()).tolist() == [k == 5 for k in range(12)]


def test_labels_that_are_objects_or_masked(points, paths):
    labels = ["a", None, "b", ("c",)]
    array = np.empty(160, dtype=object)
    array[:] = labels * 40
    lines = sp.plots.fixed_points(points, paths, trials_by=array)["trajectories"]
    told = {line.get_label() for line in lines if not line.get_label().startswith("_")}
    assert told == {"a", "b", "None", "('c',)"}
    sp.plots.fixed_points(points, paths, trials_by=["a"] * 159 + [None])
    numbers = np.arange(9).astype(object)
    assert sp.plots.fixed_points(points, by=numbers)["colorbars"]
    plt.close("all")
    hidden = np.ma.masked_less(np.arange(160.0), 3)
    with pytest.raises(ArgumentError, match=r"^trials_by: 3 values are masked; give these trials"):
        sp.plots.fixed_points(points, paths, trials_by=hidden)
    refused("by", "fixed_points", points, by=np.ma.masked_less(np.arange(9), 3))
    assert sp.plots.fixed_points(points, by=np.ma.masked_less(np.arange(9), -1))["colorbars"]


@pytest.mark.parametrize("figure", FIGURES)
def test_a_right_call_makes_one_figure(figure, records):
    getattr(sp.plots, figure)(records[figure][1])
    assert len(plt.get_fignums()) == 1
