"""The canonical cells of BrainPy's and BrainState's."""

from __future__ import annotations

from collections.abc import Sequence

from ...dynamics import Dynamics
from ..gates import Gate, lstm, reset_before_gru, stack, vanilla


def canonical(gates: Sequence[Gate], phi: str | None) -> Dynamics | None:
    """Return the cell of these gates and this activation, None if there is none.

    One gate is an RNN's. Three are a GRU's, r, s and n, with h' = (1 - s) h + s n(r h), while the
    canonical update gate is what is kept of the state. Four are an LSTM's, i, g, f and o; its
    forget gate is sigmoid(f + 1), as both frameworks have it.
    """
    if len(gates) == 1:
        return None if phi is None else vanilla(gates[0], phi)
    if phi != "tanh":
        return None
    if len(gates) == 3:
        r, share, n = gates
        return reset_before_gru(stack(r, share.negated(), n))
    i, g, f, o = gates
    return lstm(stack(i, f._replace(b=f.b + 1.0), g, o))
