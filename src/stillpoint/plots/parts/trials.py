"""Which trials are drawn where there are too many, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import plural
from .groups import Groups
from .style import LINES, PLAIN


def spread(n: int, most: int) -> Int[np.ndarray, " k"]:
    """Return at most so many of n trials, one from each of as many equal stretches.

    The place within a stretch is drawn by lot, so that conditions that take turns are all met; the
    lot is the same each time.

    Examples
    --------
    >>> spread(160, 5)
    array([ 27,  52,  80, 104, 137])
    >>> spread(3, 5)
    array([0, 1, 2])
    """
    if most >= n:
        return np.arange(n)
    ends = np.arange(most + 1) * n // max(most, 1)
    return np.random.default_rng(0).integers(ends[:-1], ends[1:])


def choose(n: int, most: int, groups: Groups | None) -> Int[np.ndarray, " k"]:
    """Return the trials to draw: spread over all, over the numbers, or equally over the groups.

    Examples
    --------
    >>> choose(100, 4, Groups.of("", np.repeat(["often", "rare"], [99, 1])))
    array([28, 54, 82, 99])
    """
    if groups is None:
        return spread(n, most)
    if groups.names is None:
        return np.sort(np.argsort(groups.values, kind="stable")[spread(n, most)])
    members = [np.flatnonzero(groups.codes == code) for code in np.unique(groups.codes)]
    turns = np.concatenate([np.arange(len(rows)) for rows in members])
    whose = np.repeat(np.arange(len(members)), [len(rows) for rows in members])
    dealt = whose[np.argsort(turns, kind="stable")[:most]]  # one each, a second each, ...
    shares = np.bincount(dealt, minlength=len(members))
    chosen = [rows[spread(len(rows), int(k))] for rows, k in zip(members, shares, strict=True)]
    return np.sort(np.concatenate(chosen))


def draw_trials(
    ax: Any, places: Float[np.ndarray, "n t q"], groups: Groups | None, most: int
) -> list[Any]:
    """Draw trials as thin lines, in the colour and the dashes of their group; return the lines.

    The first line of each group has the group's name for a legend; how many of all trials are
    drawn stands there too.
    """
    n = len(places)
    chosen = choose(n, most, groups)
    if not len(chosen):
        return []
    drawn = plural(n, "trajectory", "trajectories")
    told = drawn if len(chosen) == n else f"{len(chosen)} of {drawn}"
    lines: list[Any] = []
    if groups is None:
        for k in chosen:
            lines += ax.plot(*places[k].T, **PLAIN, zorder=1)
    else:
        colours, named = groups.colours, set()
        first = np.unique(groups.codes[chosen], return_index=True)[1]  # so is the legend in order
        for k in (*chosen[first], *np.delete(chosen, first)):
            code = int(groups.codes[k])
            style = {"color": colours[k], "ls": LINES[code % len(LINES)], "lw": 0.7, "alpha": 0.7}
            lines += ax.plot(*places[k].T, **style, zorder=1)
            if code not in named and groups.told(code):
                named.add(code)
                lines[-1].set_label(groups.told(code))
        if named and len(chosen) < n:  # an entry without a line
            ax.plot([], [], color="none", label=told, zorder=0)
    if not lines[0].get_label() or lines[0].get_label().startswith("_"):
        lines[0].set_label(told)
    return lines
