"""A Jacobian seen by its regions: what they do to each other, and their part in its modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag, check_whole
from ..dynamics import Regions
from ..errors import ArgumentError
from ..local import Linearization
from .parts.checks import axes_or_new, check_axes, check_record, check_row
from .parts.legend import add_bar, complete
from .parts.style import CONDITIONS, HATCHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def region_blocks(lin: Linearization, *, row: int = 0, ax: Axes | None = None) -> dict[str, Any]:
    """Draw a Jacobian as a heat map with the borders of its regions.

    Parameters
    ----------
    lin
        A linearisation of a system with regions.
    row
        Which of its states.
    ax
        Axes to draw into; new ones by default.

    Returns
    -------
    dict
        The artists: "image", "borders" and "colorbars".

    Raises
    ------
    ArgumentError
        If the system has no regions, or an argument is of the wrong kind.
    """
    check_record("lin", lin, Linearization)
    row = check_row("row", row, len(lin))
    check_axes(ax)
    order, names, ends = _in_blocks(lin.state_regions)
    ax = axes_or_new(ax)
    block = lin.A[row][np.ix_(order, order)]
    limit = float(np.abs(block).max()) or 1.0
    image = ax.imshow(block, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    borders = [
        draw(end - 0.5, color="k", lw=0.6) for end in ends[:-1] for draw in (ax.axhline, ax.axvline)
    ]
    middles = (np.concatenate([[0], ends[:-1]]) + ends) / 2 - 0.5
    ax.set_xticks(middles, names, rotation=90)
    ax.set_yticks(middles, names)
    ax.set(xlabel="from", ylabel="to")
    bars = [add_bar(ax, image, "Jacobian")]
    complete(ax, legend=False)
    return {"image": image, "borders": borders, "colorbars": bars}


def region_modes(
    lin: Linearization,
    *,
    row: int = 0,
    modes: int = 10,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw how much each region takes part in the leading modes, as stacked bars.

    Parameters
    ----------
    lin
        A linearisation of a system with regions.
    row
        Which of its states.
    modes
        How many modes, the most unstable first.
    legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "bars", one container for every region.

    Raises
    ------
    ArgumentError
        If the system has no regions, or an argument is of the wrong kind.
    """
    check_record("lin", lin, Linearization)
    row, modes = check_row("row", row, len(lin)), check_whole("modes", modes, least=1)
    check_flag("legend", legend)
    check_axes(ax)
    _, names, _ = _in_blocks(lin.state_regions)
    ax = axes_or_new(ax)
    shown = np.arange(min(modes, lin.eigenvalues.shape[1]))
    bottom, bars = np.zeros(len(shown)), []
    for k, name in enumerate(names):
        share = lin.participation(name)[row, shown]
        look: Any = {"color": CONDITIONS[k % len(CONDITIONS)], "hatch": HATCHES[k % len(HATCHES)]}
        bars.append(
            ax.bar(shown, share, bottom=bottom, label=name, edgecolor="white", lw=0, **look)
        )
        bottom = bottom + share
    values = lin.eigenvalues[row, shown]
    size, name = (np.abs(values), "|λ|") if lin.kind == "map" else (values.real, "Re λ")
    ax.set_xticks(shown, [f"{value:.2f}" for value in size], rotation=90)
    ax.set(xlabel=f"{name} of the mode", ylabel="participation")
    complete(ax, legend)
    return {"bars": bars}


def _in_blocks(regions: Regions) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return the units region by region, the regions' names and where each ends."""
    if not regions:
        raise ArgumentError(
            "lin: its system has no regions; name some: as_system(..., regions={'name': indices})."
        )
    names: list[str] = []
    drawn: set[int] = set()
    for name, places in regions.items():  # a part of what is drawn already is left out
        if not drawn & set(places):
            names.append(name)
            drawn |= set(places)
    return regions.indices(*names), names, np.cumsum([len(regions[name]) for name in names])
