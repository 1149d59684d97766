"""Which trials are drawn where there are too many, and that a figure says so."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.plots.parts.groups import Groups
from stillpoint.plots.parts.trials import choose, spread

CONDITIONS = np.repeat(["a", "b", "c", "d"], 40)


@pytest.fixture(params=["fixed_points", "slow_points", "slow_manifold"])
def draw(request, points, slow, line):
    """Each of the figures that have trajectories, without its record."""
    record = {"fixed_points": points, "slow_points": slow, "slow_manifold": line}[request.param]
    return lambda *args, **options: getattr(sp.plots, request.param)(record, *args, **options)


def conditions_of(lines):
    """Return how many lines end in each condition."""
    pca_ends = np.array([line.get_ydata()[-1] for line in lines])
    return Counter(np.rint(pca_ends).astype(int).tolist())


def told(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


STATE = sp.Projection.of(np.eye(2)[::-1], np.zeros(2))  # up: where trials end


def test_trials_are_spread_over_all_and_the_legend_says_how_many(draw, paths, axes):
    ax = axes()
    lines = draw(paths, projection=STATE, max_trajectories=20, ax=ax)["trajectories"]
    assert conditions_of(lines) == {0: 5, 1: 5, 2: 5, 3: 5}
    assert "20 of 160 trajectories" in told(ax)


@pytest.mark.parametrize("most", [4, 20, 21, 39, 40, 41, 53, 80, 156])
@pytest.mark.parametrize("takes_turns", [False, True])
@pytest.mark.parametrize("n", [157, 160])
def test_every_condition_is_met_whatever_the_order_of_the_trials(most, takes_turns, n):
    condition = np.arange(n) % 4 if takes_turns else np.arange(n) // 40
    chosen = spread(n, most)
    assert len(chosen) == most
    assert (np.diff(chosen) > 0).all()
    assert np.diff(chosen, prepend=0, append=n).max() <= 2 * n / most + 1
    counts = np.bincount(condition[chosen], minlength=4)
    if most > 4 or not takes_turns:
        assert counts.min() > 0
    if most >= 20:
        assert counts.min() >= most / 12  # a third of its fair share


def test_each_condition_has_its_share_though_one_is_rare(draw, axes):
    ends = np.repeat([0.0, 3.0], [156, 4])
    paths = np.linspace(0, 1, 5)[None, :, None] * np.stack([ends, ends], axis=1)[:, None]
    labels, ax = np.where(ends > 1, "rare", "often"), axes()
    drawn = draw(paths, trials_by=labels, projection=STATE, max_trajectories=20, ax=ax)
    assert conditions_of(drawn["trajectories"]) == {0: 16, 3: 4}
    assert [entry for entry in told(ax) if entry in ("often", "rare")] == ["often", "rare"]
    assert "20 of 160 trajectories" in told(ax)


def test_the_most_is_never_exceeded_even_by_many_conditions():
    labels = Groups.of("", np.array([f"condition {k}" for k in range(30)]))
    assert len(choose(30, 7, labels)) == 7
    assert len(choose(30, 99, labels)) == 30
    assert not len(choose(30, 0, labels))


def test_trials_along_numbers_are_spread_over_the_numbers():
    coherence = np.random.default_rng(0).permutation(200) / 10
    chosen = choose(200, 20, Groups.of("", coherence))
    assert np.diff(np.sort(coherence[chosen]), prepend=0, append=20).max() <= 2  # of 1 each


def test_nothing_is_said_to_be_missing_where_all_are_drawn(draw, paths, axes):
    ax = axes()
    assert len(draw(paths[:7], ax=ax)["trajectories"]) == 7
    assert "7 trajectories" in told(ax)
    ax = axes()
    assert len(draw(paths[::20], trials_by=CONDITIONS[::20], ax=ax)["trajectories"]) == 8
    assert not [entry for entry in told(ax) if "of 8" in entry]


def test_conditions_differ_in_colour_and_in_dashes(draw, paths, axes):
    lines = draw(paths, trials_by=CONDITIONS, ax=axes())["trajectories"]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in lines}
    assert len(looks) == len({colour for colour, _ in looks}) == len({d for _, d in looks}) == 4


def test_many_numbers_have_a_colour_bar(draw, paths, axes):
    by = paths[:, -1, 0]
    drawn = draw(paths, trials_by=by, max_trajectories=999, ax=axes())
    bar = drawn["colorbars"][-1]
    assert (bar.vmin, bar.vmax) == (by.min(), by.max())
    last = drawn["trajectories"][int(by.argmax())].get_color()
    np.testing.assert_allclose(last, bar.cmap(1.0))
