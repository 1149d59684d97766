"""How frameworks store the weights of their standard cells: names, orientation, order of gates.

Modules and files of weights are read by the same text, so no framework is imported here. Torch
needs none: its order, r, z, n and i, f, g, o, and its rows = to are those of canonical cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .gates import Gate, split, stack

#: The layers of a cell that read the state, and those that read the input, gate by gate.
Layers = tuple[Sequence[str], Sequence[str]]

_STACKED: Layers = (("dense_h",), ("dense_i",))
_LSTM: Layers = (("hi", "hf", "hg", "ho"), ("ii", "if", "ig", "io"))

#: The layers of the cells of `flax.nnx`, in the order of the canonical cell's gates.
FLAX_NNX: Mapping[str, Layers] = {
    "SimpleCell": _STACKED,
    "GRUCell": _STACKED,
    "OptimizedLSTMCell": _STACKED,
    "LSTMCell": (("hi", "hf", "hg", "ho"), ("ii", "if_", "ig", "io")),
}

#: The layers of the cells of `flax.linen`, in the order of the canonical cell's gates.
FLAX_LINEN: Mapping[str, Layers] = {
    "SimpleCell": (("h",), ("i",)),
    "GRUCell": (("hr", "hz", "hn"), ("ir", "iz", "in")),
    "MGUCell": (("hf", "hn"), ("if", "in")),
    "LSTMCell": _LSTM,
    "OptimizedLSTMCell": _LSTM,
}


class Dense(NamedTuple):
    """A linear layer of Flax: rows = from."""

    kernel: Any
    bias: Any  # None for none


def from_flax(layers: Iterable[tuple[Dense, Dense]]) -> Gate:
    """Return the gates of pairs of layers, one that reads the state and one that reads the input.

    Examples
    --------
    >>> import numpy as np
    >>> recurrent, inputs = Dense(np.eye(2), None), Dense(np.ones((3, 2)), np.ones(2))
    >>> from_flax([(recurrent, inputs)]).B.shape
    (2, 3)
    """
    gates = [Gate.of(h.kernel.T, i.kernel.T, i.bias, h.bias) for h, i in layers]
    return stack(*gates)


def from_equinox(weight_ih: Any, weight_hh: Any, bias: Any = None, bias_n: Any = None) -> Gate:
    """Return gates of which all have the first bias, and a GRU's candidate the second one.

    Examples
    --------
    >>> import numpy as np
    >>> from_equinox(np.zeros((3, 2)), np.zeros((3, 1)), np.ones(3), np.ones(1)).c
    array([0., 0., 1.])
    """
    gates = Gate.of(weight_hh, weight_ih, bias)
    if bias_n is not None:
        gates.c[-len(bias_n) :] = bias_n
    return gates


def from_keras(kernel: Any, recurrent_kernel: Any, bias: Any = None) -> Gate:
    """Return the gates of Keras' weights, whose rows = from; a GRU's are z, r, n there.

    The bias of a GRU with `reset_after` has two rows.

    Examples
    --------
    >>> import numpy as np
    >>> from_keras(np.zeros((2, 3)), np.array([[1.0, 2.0, 3.0]])).W.ravel()
    array([2., 1., 3.])
    """
    biases = [] if bias is None else list(bias) if bias.ndim == 2 else [bias]
    gates = Gate.of(recurrent_kernel.T, kernel.T, *biases)
    if len(gates.W) != 3 * gates.W.shape[1]:
        return gates
    z, r, n = split(gates, 3)
    return stack(r, z, n)
