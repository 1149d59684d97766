"""What became of the starts of a search."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag
from ..points import FixedPoints, SlowPoints
from ..solvers import Status
from .parts.checks import axes_or_new, check_axes, check_record
from .parts.legend import complete
from .parts.style import CONDITIONS, GREY, HATCHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SMALLEST = 1e-36  # where q = 0 is drawn
_LETTERS = 38  # in a line of the legend


def search_summary(
    points: FixedPoints | SlowPoints, *, legend: bool = True, ax: Axes | None = None
) -> dict[str, Any]:
    """Draw the final q of every start, by how it ended, and the tolerance.

    Parameters
    ----------
    points
        The result of a search.
    legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "bars" (one histogram for every status) and "tolerance".

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> sorted(sp.plots.search_summary(points))
    ['bars', 'tolerance']
    """
    check_record("points", points, FixedPoints, SlowPoints)
    check_flag("legend", legend)
    check_axes(ax)
    starts = points.starts
    exponent = np.log10(np.clip(np.nan_to_num(starts.q, nan=np.inf), _SMALLEST, 1e6))
    bins = np.linspace(np.log10(_SMALLEST), max(2.0, float(exponent.max(initial=2.0))), 60)

    ax = axes_or_new(ax)
    bars, looks = [], {status: k for k, status in enumerate(list(Status)[1:])}
    for status, count in starts.counts().items():
        look = looks.get(status, len(looks))  # a status has its look in all figures
        drawn = ax.hist(
            exponent[starts.status == status],
            weights=starts.multiplicity[starts.status == status],
            bins=bins.tolist(),
            facecolor=CONDITIONS[look % len(CONDITIONS)],
            hatch=HATCHES[look % len(HATCHES)],
            edgecolor="white",
            linewidth=0,
            label=textwrap.fill(f"{count} {status.sentence}", _LETTERS),
        )
        bars.append(drawn[2])
    line = ax.axvline(np.log10(points.tol), color=GREY, ls="--", lw=1, label="tolerance")
    ax.set(xlabel="log10 q at the end", ylabel="starts")
    complete(ax, legend)
    return {"bars": bars, "tolerance": line}
