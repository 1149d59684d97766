"""Eigenvalues in the complex plane, with the border of stability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..local import Linearization
from ..points import FixedPoints, SlowPoints
from .style import QUIET, axes_or_new, colour, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spectrum(
    linear: FixedPoints | SlowPoints | Linearization, *, ax: Axes | None = None
) -> dict[str, Any]:
    """Draw the eigenvalues of Jacobians and the border of stability.

    Parameters
    ----------
    linear
        Points of a search, or a `Linearization`; eigenvalues are coloured by the number of
        unstable directions of the state they belong to.
    ax
        Axes to draw into; new ones by default.

    Returns
    -------
    dict
        The artists: "border" (the unit circle of a map, the imaginary axis of a flow) and
        "eigenvalues" (one collection for every number of unstable directions).

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> sorted(sp.plots.spectrum(sp.linearize(system, np.zeros((1, 2)))))
    ['border', 'eigenvalues']
    """
    ax = axes_or_new(ax)
    lin = linear if isinstance(linear, Linearization) else linear.linearization
    if lin.kind == "map":
        angle = np.linspace(0, 2 * np.pi, 361)
        border = ax.plot(np.cos(angle), np.sin(angle), color=QUIET, lw=1, zorder=1)
        ax.set_aspect("equal", adjustable="box")
    else:
        border = [ax.axvline(0, color=QUIET, lw=1, zorder=1)]
    clouds = []
    for k in sorted({int(k) for k in lin.n_unstable}, reverse=True):
        values = lin.eigenvalues[lin.n_unstable == k].ravel()
        style: Any = {"s": 12, "alpha": 0.7, "linewidths": 0, "zorder": 2}
        clouds.append(
            ax.scatter(values.real, values.imag, color=colour(k), label=label(k), **style)
        )
    ax.set(xlabel="Re λ", ylabel="Im λ")
    return {"border": border, "eigenvalues": clouds}
