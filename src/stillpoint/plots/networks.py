"""Many networks as places whose distances are nearly those of the networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag, check_option
from ..errors import ArgumentError
from ..population import NetworkDistances
from .parts.checks import axes_or_new, check_axes, check_record
from .parts.legend import complete
from .parts.style import CONDITIONS, MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Classes with an entry of their own in the legend.
_CLASSES = 10


def networks(
    distances: NetworkDistances,
    aspect: str = "spectra",
    *,
    names: bool = False,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw networks by classical scaling, marked by their class of equal topology.

    Parameters
    ----------
    distances
        From `stillpoint.compare_all`, of two networks at least.
    aspect
        In what they are compared. Networks whose distances in it are not known are left out, and
        the axes say how many.
    names
        Whether to write the name of each network beside its mark.
    legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "classes" (the marks of each) and "names".

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, or fewer than two networks are left; no figure is made
        then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> cell = lambda g: sp.cells.VanillaCell(g * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    >>> systems = {str(g): cell(g) for g in (0.5, 1.5, 2.0)}
    >>> found = sp.compare_all(sp.sweep(systems, "find_all_fixed_points"))
    >>> len(sp.plots.networks(found, "counts")["classes"])
    2
    """
    check_record("distances", distances, NetworkDistances)
    check_option("aspect", aspect, distances.aspect.tolist())
    names, legend = check_flag("names", names), check_flag("legend", legend)
    check_axes(ax)
    left, distances = len(distances), distances.known_in(aspect)
    if len(distances) < 2:
        raise ArgumentError(
            f"distances: in {aspect!r} those of fewer than two networks are known: nothing to draw."
        )
    places, share = distances.embed(aspect, min(2, len(distances) - 1))
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    share = np.pad(share, (0, 2 - len(share)))
    ax = axes_or_new(ax)
    drawn = []
    for k in np.unique(distances.topology).tolist():
        rows = distances.topology == k
        label = f"{int(rows.sum())}: {distances.polynomial[rows][0] or 'no points'}"
        drawn.append(
            ax.scatter(
                places[rows, 0],
                places[rows, 1],
                color=CONDITIONS[k % len(CONDITIONS)],
                marker=MARKERS[k % len(MARKERS)],
                s=24,
                label=label if k < _CLASSES else None,
            )
        )
    texts = [
        ax.annotate(name, place, xytext=(4, 4), textcoords="offset points", fontsize="x-small")
        for name, place in zip(distances.name.tolist() if names else [], places, strict=False)
    ]
    first, second = (f"{aspect}, coordinate {k + 1} ({share[k]:.0%})" for k in range(2))
    lacking = f"; {left - len(distances)} left out" if left > len(distances) else ""
    ax.set(xlabel=first + lacking, ylabel=second)
    complete(ax, legend)
    return {"classes": drawn, "names": texts}
