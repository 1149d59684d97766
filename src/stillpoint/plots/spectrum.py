"""Eigenvalues in the complex plane, with the border of stability."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag
from ..errors import ArgumentError
from ..local import Linearization
from ..points import Cycles, FixedPoints, SlowPoints
from .parts.by import groups_of_points
from .parts.checks import axes_or_new, check_axes, check_record
from .parts.legend import complete
from .parts.marks import counted, draw_points, stability
from .parts.style import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def spectrum(
    linear: FixedPoints | SlowPoints | Linearization | Cycles,
    *,
    by: Any = "n_unstable",
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw the eigenvalues of Jacobians, or multipliers of cycles, and the border of stability.

    Eigenvalues of stable states are filled, those of unstable ones open, of marginal ones grey
    inside. Where not all eigenvalues are known (`Linearization.leading`), the leading ones are
    drawn and the axes say so.

    Parameters
    ----------
    linear
        Points or cycles of a search, or a `Linearization`.
    by
        What colour and marker say of the state that an eigenvalue belongs to, as for
        `plots.fixed_points`.
    legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "border" (the unit circle of maps and cycles, the imaginary axis of a flow),
        "eigenvalues" (one collection for every group and stability), "colorbars".

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, or there is nothing to draw; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> drawn = sp.plots.spectrum(sp.linearize(system, np.zeros((1, 2))))
    >>> [cloud.get_label() for cloud in drawn["eigenvalues"]]
    ['1 with 2 unstable modes']
    """
    check_record("linear", linear, FixedPoints, SlowPoints, Linearization, Cycles)
    check_flag("legend", legend)
    check_axes(ax)
    if not len(linear):
        raise ArgumentError("linear: there are no states: nothing to draw.")
    groups = groups_of_points(by, linear, own="n_unstable")
    labelled: Any = linear
    if isinstance(linear, Cycles):
        eigenvalues, is_circle, symbol = linear.multipliers, True, "μ"
        is_partial = False
    else:
        lin = linear if isinstance(linear, Linearization) else linear.linearization
        labelled = linear if isinstance(linear, FixedPoints) else lin
        eigenvalues, is_circle, symbol = lin.leading_eigenvalues, lin.kind == "map", "λ"
        is_partial = lin.leading is not None
    are_counted = groups.names is not None and not groups.is_told
    words = counted if are_counted else stability

    ax = axes_or_new(ax)
    if is_circle:
        angle = np.linspace(0, 2 * np.pi, 361)
        border = ax.plot(np.cos(angle), np.sin(angle), color=GREY, lw=1, zorder=1)
        ax.set_aspect("equal", adjustable="box")
    else:
        border = [ax.axvline(0, color=GREY, lw=1, zorder=1)]
    values, each = eigenvalues.ravel(), eigenvalues.shape[1]
    drawn = draw_points(
        lambda rows, **style: ax.scatter(values[rows].real, values[rows].imag, **style, zorder=2),
        replace(groups, values=np.repeat(groups.values, each)),
        np.repeat(words(labelled.n_unstable, labelled.is_stable), each),
        size=14,
        per=each,
        inside="none",
        linewidth=0.8,
    )
    which = " (leading)" if is_partial else ""
    ax.set(xlabel=f"Re {symbol}{which}", ylabel=f"Im {symbol}{which}")
    bars = complete(ax, legend, (groups, "states"))
    return {"border": border, "eigenvalues": drawn, "colorbars": bars}
