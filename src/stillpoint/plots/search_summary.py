"""What became of the starts of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..points import FixedPoints
from ..solvers import Status
from .style import QUIET, axes_or_new

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    Status.FIXED_POINT: "#00798c",
    Status.SLOW_POINT: "#edae49",
    Status.OBSERVED_ONLY: "#6a4c93",
}
_OTHER = "#d1495b"
_SMALLEST = 1e-36  # where q = 0 is drawn


def search_summary(points: FixedPoints, *, ax: Axes | None = None) -> dict[str, Any]:
    """Draw the final q of every start, by how it ended, and the tolerance.

    Parameters
    ----------
    points
        The result of a search.
    ax
        Axes to draw into; new ones by default.

    Returns
    -------
    dict
        The artists: "bars" (one histogram for every status) and "tolerance".

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> sorted(sp.plots.search_summary(points))
    ['bars', 'tolerance']
    """
    ax = axes_or_new(ax)
    starts = points.starts
    with np.errstate(invalid="ignore"):
        exponent = np.log10(np.clip(np.nan_to_num(starts.q, nan=np.inf), _SMALLEST, 1e6))
    bins = np.linspace(np.log10(_SMALLEST), max(2.0, float(exponent.max())), 60)
    bars = [
        ax.hist(
            exponent[starts.status == status],
            bins=bins.tolist(),
            color=_COLOURS.get(status, _OTHER),
            label=f"{count} {status.sentence}",
        )[2]
        for status, count in starts.counts().items()
    ]
    tolerance = ax.axvline(np.log10(points.tol), color=QUIET, ls="--", lw=1)
    ax.set(xlabel="log10 q at the end", ylabel="starts")
    ax.legend(fontsize="small", frameon=False)
    return {"bars": bars, "tolerance": tolerance}
