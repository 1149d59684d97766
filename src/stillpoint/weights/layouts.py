"""Under which names a layer's weights are stored, and whose cell they are then.

One table for all files. How the weights of a framework become gates in the canonical order is
written in `stillpoint.frameworks.conventions`, as for its modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..frameworks.conventions import (
    FLAX_LINEN,
    FLAX_NNX,
    Dense,
    Layers,
    from_equinox,
    from_flax,
    from_keras,
)
from ..frameworks.gates import Gate

#: The weights of a layer, by their names in a layout.
Held = Mapping[str, Any]

#: By the number of blocks that the recurrent weights stack: which cells it can be.
_TORCH = {1: ("vanilla",), 3: ("gru",), 4: ("lstm",)}
_ANY = {1: ("vanilla", "leaky", "leaky_rate"), 3: ("gru", "reset_before_gru"), 4: ("lstm",)}


@dataclass(frozen=True)
class Layout:
    """The names of a layer's weights, below a prefix of the network.

    Attributes
    ----------
    required, optional
        The names; of those required the first is that of the recurrent weights.
    gates
        Makes the gates of the canonical cell from the arrays.
    cells
        By the number of stacked blocks: the cells that may be stored so.
    numbered
        Whether the names of layer k end in `_l{k}`.
    is_standard
        Whether the names are a framework's own, so that the order of gates is known.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    gates: Callable[[Held], Gate]
    cells: Mapping[int, tuple[str, ...]]
    numbered: bool = False
    is_standard: bool = True

    def possible(self, blocks: int, held: Held) -> tuple[str, ...]:
        """Return the cells that these weights can be of; the bias tells which kind of GRU."""
        cells = self.cells.get(blocks, ())
        if blocks != 3 or "bias" not in held:
            return cells
        if "recurrent_kernel" in self.required:  # Keras' `reset_after` has two rows of biases
            return cells[:1] if held["bias"].ndim == 2 else cells[1:]
        return cells if "bias_n" in held else _ANY[3]  # Equinox has both, others one by hand


def _torch(held: Held) -> Gate:
    if "bias" in held or "bias_n" in held:
        return from_equinox(*map(held.get, ("weight_ih", "weight_hh", "bias", "bias_n")))
    return Gate.of(*map(held.get, ("weight_hh", "weight_ih", "bias_ih", "bias_hh")))


def _keras(held: Held) -> Gate:
    return from_keras(**held)


def _flax(layers: Layers, cells: Mapping[int, tuple[str, ...]]) -> Layout:
    def dense(held: Held, name: str) -> Dense:
        return Dense(held[f"{name}.kernel"], held.get(f"{name}.bias"))

    def gates(held: Held) -> Gate:
        return from_flax((dense(held, h), dense(held, i)) for h, i in zip(*layers, strict=True))

    names = [name for part in layers for name in part]
    kernels, biases = (tuple(f"{name}.{end}" for name in names) for end in ("kernel", "bias"))
    return Layout(kernels, biases, gates, cells)


def _linear(recurrent: str, inputs: str) -> Layout:
    """Return the layout of two `nn.Linear` that a module of the user's adds up."""
    names = (f"{recurrent}.weight", f"{inputs}.weight", f"{inputs}.bias", f"{recurrent}.bias")
    return Layout(
        names[:2], names[2:], lambda held: Gate.of(*map(held.get, names)), _ANY, is_standard=False
    )


def _own(held: Held) -> Gate:
    W = held["W"]
    gates = Gate.of(W, held.get("B", np.zeros((len(W), 0))), held.get("b"))
    if "c" in held and len(W) == 3 * W.shape[1]:
        gates.c[-W.shape[1] :] = held["c"]
    return gates


def _layouts() -> Iterator[Layout]:
    weights, biases = ("weight_hh", "weight_ih"), ("bias_ih", "bias_hh")
    yield Layout(weights, (*biases, "weight_hr"), _torch, _TORCH, numbered=True)
    yield Layout(weights, (*biases, "bias", "bias_n"), _torch, _TORCH | {1: _ANY[1]})
    yield Layout(("recurrent_kernel", "kernel"), ("bias",), _keras, {**_ANY, 1: ("vanilla",)})
    for blocks, cell in ((1, "SimpleCell"), (3, "GRUCell"), (4, "LSTMCell")):
        yield _flax(FLAX_LINEN[cell], {blocks: _TORCH[blocks]})
    yield _flax(FLAX_NNX["GRUCell"], _TORCH)  # the layers of the other stacked cells, too
    yield _flax(FLAX_NNX["LSTMCell"], {4: _TORCH[4]})
    for inputs in ("input2h", "i2h", "x2h", "in2h"):
        yield _linear("h2h", inputs)
    yield Layout(("W",), ("B", "b", "c", "P", "alpha"), _own, _ANY, is_standard=False)


#: All layouts that are known.
LAYOUTS = tuple(_layouts())
