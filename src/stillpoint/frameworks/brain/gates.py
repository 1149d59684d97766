"""The gates of BrainPy's and BrainState's cells, in the order and sense of canonical cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ...cells import LSTMCell, ResetBeforeGRUCell, VanillaCell
from ...cells.base import gate_blocks


class Gate(NamedTuple):
    """What drives one gate: W h + B u + b.

    Attributes
    ----------
    W
        Recurrent weights, shape (d, d), rows = to.
    B
        Input weights, shape (d, m).
    b
        Bias, shape (d,).
    """

    W: Float[np.ndarray, "d d"]
    B: Float[np.ndarray, "d m"]
    b: Float[np.ndarray, " d"]

    def negated(self) -> Gate:
        """Return the gate that is open where this one is closed: sigmoid(-a) = 1 - sigmoid(a)."""
        return Gate(-self.W, -self.B, -self.b)


def split(gates: Gate, count: int) -> list[Gate]:
    """Return gates that are stacked above each other one by one.

    Examples
    --------
    >>> both = Gate(np.zeros((2, 1)), np.zeros((2, 0)), np.array([1.0, 2.0]))
    >>> [gate.b.tolist() for gate in split(both, 2)]
    [[1.0], [2.0]]
    """
    blocks = [gate_blocks(weights, count) for weights in gates]
    return [Gate(*parts) for parts in zip(*blocks, strict=True)]


def vanilla(drive: Gate, phi: str) -> VanillaCell:
    """Return h' = phi(W h + B u + b)."""
    return VanillaCell(*drive, phi=phi)


def gru(r: Gate, share: Gate, n: Gate) -> ResetBeforeGRUCell:
    """Return h' = (1 - s) h + s n(r h): `share` is what is taken of the candidate.

    The canonical update gate is what is kept of the state.
    """
    return ResetBeforeGRUCell(*_stacked(r, share.negated(), n))


def lstm(i: Gate, g: Gate, f: Gate, o: Gate) -> LSTMCell:
    """Return the LSTM whose forget gate is sigmoid(f + 1), as both frameworks have it."""
    return LSTMCell(*_stacked(i, f._replace(b=f.b + 1.0), g, o))


def _stacked(*gates: Gate) -> Gate:
    return Gate(*(np.concatenate(blocks) for blocks in zip(*gates, strict=True)))
