"""Cells of `flax.nnx`: modules that hold their weights and are changed by what they do.

A cell is copied once, in evaluation mode; every call works on a further copy, so that what JAX
traces never lands in a module that outlives the trace.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import jax
from flax import nnx
from flax.nnx.nn import dtypes

from ..base import ModelSpec
from ..conventions import FLAX_NNX, Dense
from ..jax.modules import copy_arrays
from .cells import FlaxCell, cell_in, working_dtype


def read_cell(model: Any, spec: ModelSpec) -> FlaxCell:
    """Return a copy of a cell, or of the cell of an `RNN`."""
    spec.refuse(model, "params")
    return NNXCell(cell_in(model, nnx.RNN) if isinstance(model, nnx.RNN) else model)


@final
class NNXCell(FlaxCell):
    """A copy of a module in evaluation mode, in float64."""

    library: ClassVar[Any] = nnx
    layers = FLAX_NNX

    def __init__(self, module: Any) -> None:
        graph, state = nnx.split(module)
        self.module = nnx.merge(graph, copy_arrays(type(module).__name__, state))
        self.module.eval()
        for _, part in nnx.iter_modules(self.module):
            if hasattr(part, "dtype"):
                part.dtype = working_dtype(part.dtype)

    @property
    def input_size(self) -> int | None:
        return getattr(self.module, "in_features", None)

    def dense(self, name: str) -> Dense | None:
        layer = getattr(self.module, name)
        if type(layer) is not nnx.Linear or (layer.dot_general, layer.promote_dtype) != _USUAL:
            return None
        return Dense(layer.kernel[...], None if layer.bias is None else layer.bias[...])

    def call(self, *arguments: Any) -> Any:
        copy = nnx.clone(self.module)
        result = copy(*arguments)
        if _changed(self.module, copy, nnx.RngCount):
            raise ValueError("it draws random numbers, in evaluation mode too; leave out noise")
        if _changed(self.module, copy, nnx.Variable):
            raise ValueError("it changes variables of its own, so a step depends on those before")
        return result

    def initial_carry(self, input_size: int) -> Any:
        with jax.enable_x64(True):
            return nnx.clone(self.module).initialize_carry((input_size,), rngs=nnx.Rngs(0))


# How `nnx.Linear` multiplies unless it is told otherwise, as quantised training does.
_USUAL = (jax.lax.dot_general, dtypes.promote_dtype)


def _changed(before: Any, after: Any, kind: type) -> bool:
    """Whether a call replaced a variable of a kind: counters of random streams are such."""
    old, new = (jax.tree.leaves(nnx.state(module, kind)) for module in (before, after))
    return any(one is not other for one, other in zip(old, new, strict=True))
