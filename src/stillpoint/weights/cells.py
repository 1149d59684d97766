"""The canonical cells of a network's weights; what the weights do not tell, the caller must."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.validation import check_option, read_floats
from ..cells import ACTIVATIONS, LeakyCell, LeakyRateCell, StackedCell
from ..dynamics import Dynamics
from ..errors import ArgumentError, UnsupportedModelError, came
from ..frameworks.gates import Gate, gru, lstm, reset_before_gru, vanilla
from .layouts import Held, Layout
from .stored import Told

#: What each cell computes, in the words of messages.
FORMULAS = {
    "vanilla": "h' = phi(W h + B u + b)",
    "leaky": "x' = (1 - alpha) x + alpha (W phi(x) + B u + b)",
    "leaky_rate": "h' = (1 - alpha) h + alpha phi(W h + B u + b)",
    "gru": "a GRU of gates r, z, n with n = tanh(B u + b + r (W h + c))",
    "reset_before_gru": "a GRU of gates r, z, n with n = tanh(B u + b + W (r h))",
    "lstm": "an LSTM of gates i, f, g, o",
}

_LEAKY = {"leaky": LeakyCell, "leaky_rate": LeakyRateCell}


def make_cells(shown: str, layout: Layout, layers: Sequence[Held], told: Told) -> Dynamics:
    """Return the layers of a network as one canonical cell, or as a stack of them.

    Parameters
    ----------
    shown
        The network in the words of messages.
    layout
        What the weights are called.
    layers
        For each layer, bottom first: its weights by the names of the layout.
    told
        What is known beside the weights.

    Raises
    ------
    ArgumentError
        If the weights leave open which cell it is, or an argument says what cannot be.
    UnsupportedModelError
        If there is no canonical cell of such weights.
    """
    cells = [_cell(shown, layout, held, told) for held in layers]
    return cells[0] if len(cells) == 1 else StackedCell(tuple(cells))


def _cell(shown: str, layout: Layout, held: Held, told: Told) -> Dynamics:
    gates, P = _gates(shown, layout, held), held.get("weight_hr", held.get("P"))
    blocks, rest = divmod(len(gates.W), gates.W.shape[1] if P is None else P.shape[-1])
    name = _name(shown, layout, () if rest else layout.possible(blocks, held), told)
    wanted = {"vanilla": ("phi",), **dict.fromkeys(_LEAKY, ("phi", "alpha"))}.get(name, ())
    for argument in ("phi", "alpha"):
        value = getattr(told, argument)
        if value is not None and argument not in wanted:
            raise ArgumentError(
                f"{argument}: got {came(value)}, but cell={name!r} takes none; leave it out."
            )
    if name == "vanilla":
        return vanilla(gates, _phi(shown, told))
    if name in _LEAKY:
        alpha = _alpha(shown, held.get("alpha") if told.alpha is None else told.alpha, gates)
        weights = gates.W, gates.B, gates.b + gates.c
        return _LEAKY[name](*weights, phi=_phi(shown, told), alpha=alpha)
    if name == "lstm":
        return lstm(gates, P)
    return gru(gates) if name == "gru" else reset_before_gru(gates)


def _gates(shown: str, layout: Layout, held: Held) -> Gate:
    """Return the gates of a layer, whose shapes fit together."""
    try:
        gates = layout.gates(held)
        rows = len(gates.W)
        shapes = (gates.W.shape[:1], gates.B.shape[:1], gates.b.shape, gates.c.shape)
        fit = gates.W.ndim == gates.B.ndim == 2 and set(shapes) == {(rows,)} and gates.W.size > 0
    except (ValueError, TypeError, IndexError):
        fit = False
    if fit:
        return gates
    listed = ", ".join(f"{name} {array.shape}" for name, array in held.items())
    raise ArgumentError(
        f"weights: the shapes of {shown} do not fit together: {listed}. Rows are the units written "
        f"to, except in Keras' and Flax's kernels, whose rows are the units read from."
    )


def _name(shown: str, layout: Layout, possible: Sequence[str], told: Told) -> str:
    """Return which cell it is: what the caller says, or the only one whose names these are."""
    if not possible:
        raise UnsupportedModelError(
            f"weights: {shown} stacks no such number of gates as a cell that is known by these "
            f"names. Pass what it computes as a function, sp.as_system(step, state_size=...)."
        )
    if told.cell is not None:
        return check_option("cell", told.cell, possible)
    if layout.is_standard and len(possible) == 1:
        return possible[0]
    options = "; ".join(f"cell={name!r} is {FORMULAS[name]}" for name in possible)
    raise ArgumentError(
        f"cell: got None, but the names of {shown} do not tell what is computed: {options}. Pass "
        f"anything else as a function, sp.as_system(step, state_size=...)."
    )


def _phi(shown: str, told: Told) -> str:
    if told.phi is not None:
        return check_option("phi", told.phi, ACTIVATIONS)
    raise ArgumentError(
        f"phi: got None, but {shown} does not tell the activation; pass one of "
        f"{', '.join(map(repr, ACTIVATIONS))}, as it was trained."
    )


def _alpha(shown: str, alpha: Any, gates: Gate) -> np.ndarray:
    if alpha is None:
        raise ArgumentError(
            f"alpha: got None, but {shown} does not tell dt / tau, a number in (0, 1]; pass that "
            f"with which it was trained."
        )
    values, size = read_floats("alpha", alpha), len(gates.W)
    if values.shape not in ((), (1,), (size,)):
        raise ArgumentError(
            f"alpha: got shape {values.shape}, but a number or ({size},) is wanted, one for each "
            f"unit."
        )
    return np.broadcast_to(values, (size,)).copy()
