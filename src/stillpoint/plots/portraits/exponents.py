"""Lyapunov exponents with their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentError
from ...portraits import LyapunovSpectrum
from ..parts.checks import axes_or_new, check_axes, check_record
from ..parts.style import BLACK, GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def exponents(spectrum: LyapunovSpectrum, *, ax: Axes | None = None) -> dict[str, Any]:
    """Draw Lyapunov exponents, the largest first, with two standard errors either way.

    Parameters
    ----------
    spectrum
        From `stillpoint.lyapunov`.
    ax
        Axes to draw in; new ones if left out.

    Returns
    -------
    dict
        The artists: "exponents" (marks with their errors) and "zero" (the border of chaos).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, or no exponent is known; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2)
    >>> sorted(sp.plots.exponents(sp.lyapunov(system, np.ones(2), steps=100)))
    ['exponents', 'zero']
    """
    check_record("spectrum", spectrum, LyapunovSpectrum)
    check_axes(ax)
    known = np.flatnonzero(np.isfinite(spectrum.exponents))
    if not len(known):
        raise ArgumentError("spectrum: no exponent is known: nothing to draw.")
    ax = axes_or_new(ax)
    zero = ax.axhline(0, color=GREY, lw=1, zorder=1)
    errors = 2 * np.nan_to_num(spectrum.errors[known])
    drawn = ax.errorbar(
        known + 1, spectrum.exponents[known], errors, fmt="o", color=BLACK, ms=3, elinewidth=0.8
    )
    ax.set(xlabel="number", ylabel=f"exponent per {spectrum.time_unit}")
    return {"exponents": drawn, "zero": zero}
