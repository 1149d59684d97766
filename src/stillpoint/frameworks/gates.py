"""The gates of frameworks' standard cells, put into the order and sense of canonical cells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..cells import GRUCell, LSTMCell, ResetBeforeGRUCell, VanillaCell
from ..cells.base import gate_blocks


class Gate(NamedTuple):
    """What drives one gate, or several above each other: W h + c + B u + b, rows = to.

    The second bias, c, stands beside the recurrent weights in frameworks that have two.
    """

    W: Float[Any, "r d"]
    B: Float[Any, "r m"]
    b: Float[Any, " r"]
    c: Float[Any, " r"]

    @classmethod
    def of(cls, W: Any, B: Any, b: Any = None, c: Any = None) -> Gate:
        """Return a gate as NumPy arrays of its own; a bias that the cell lacks is zero."""
        b, c = (np.zeros(len(W)) if bias is None else np.array(bias) for bias in (b, c))
        return cls(np.array(W), np.array(B), b, c)

    def negated(self) -> Gate:
        """Return the gate that is open where this one is closed: sigmoid(-a) = 1 - sigmoid(a)."""
        return Gate(*(-weights for weights in self))


def split(gates: Gate, count: int) -> list[Gate]:
    """Return gates that are stacked above each other one by one.

    Examples
    --------
    >>> both = Gate.of(np.zeros((2, 1)), np.zeros((2, 0)), np.array([1.0, 2.0]))
    >>> [gate.b.tolist() for gate in split(both, 2)]
    [[1.0], [2.0]]
    """
    blocks = [gate_blocks(weights, count) for weights in gates]
    return [Gate(*parts) for parts in zip(*blocks, strict=True)]


def stack(*gates: Gate) -> Gate:
    """Return gates above each other; the inverse of `split`."""
    return Gate(*(np.concatenate(blocks) for blocks in zip(*gates, strict=True)))


def vanilla(drive: Gate, phi: str) -> VanillaCell:
    """Return h' = phi(drive)."""
    return VanillaCell(drive.W, drive.B, drive.b + drive.c, phi)


def gru(gates: Gate) -> GRUCell:
    """Return the GRU of the gates r, z, n; n keeps its two biases apart."""
    inside = 2 * (len(gates.c) // 3)
    b = gates.b + gates.c
    b[inside:] = gates.b[inside:]
    return GRUCell(gates.W, gates.B, b, gates.c[inside:])


def reset_before_gru(gates: Gate) -> ResetBeforeGRUCell:
    """Return the GRU of the gates r, z, n that resets the state before it is multiplied."""
    return ResetBeforeGRUCell(gates.W, gates.B, gates.b + gates.c)


def lstm(gates: Gate, P: Any = None) -> LSTMCell:
    """Return the LSTM of the gates i, f, g, o, its output projected by P where there is one."""
    return LSTMCell(gates.W, gates.B, gates.b + gates.c, P)
