"""Cells of `flax.linen`: descriptions of what is computed; the weights are passed beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import jax
from flax import linen
from flax.core import meta

from ...errors import ArgumentError
from ..base import ModelSpec
from ..conventions import FLAX_LINEN, Dense
from ..jax.modules import copy_arrays
from .cells import FlaxCell, cell_in, working_dtype


def read_cell(model: Any, spec: ModelSpec) -> FlaxCell:
    """Return a cell, or the cell of an `RNN`, with a copy of its variables."""
    model, variables = _bound(model) if spec.params is None else (model, _read(model, spec))
    if isinstance(model, linen.RNN):
        model = cell_in(model, linen.RNN)
        variables = {name: held["cell"] for name, held in variables.items() if "cell" in held}
    return LinenCell(model, variables)


@final
class LinenCell(FlaxCell):
    """A module with a copy of its variables in float64."""

    library: ClassVar[Any] = linen
    layers = FLAX_LINEN

    def __init__(self, module: Any, variables: Mapping[str, Any]) -> None:
        self.module = module
        if hasattr(module, "dtype"):
            self.module = module.clone(dtype=working_dtype(module.dtype))
        self.variables = copy_arrays(type(module).__name__, meta.unbox(variables))

    @property
    def input_size(self) -> int | None:
        if not self.name:
            return None
        return len(self._layer(self.layers[self.name][1][0])["kernel"])

    def dense(self, name: str) -> Dense:
        layer = self._layer(name)
        return Dense(layer["kernel"], layer.get("bias"))

    def call(self, *arguments: Any) -> Any:
        return self.module.apply(self.variables, *arguments)

    def initial_carry(self, input_size: int) -> Any:
        with jax.enable_x64(True):
            return self.module.initialize_carry(jax.random.key(0), (input_size,))

    def _layer(self, name: str) -> Mapping[str, Any]:
        held = self.variables.get("params", {})
        if name not in held:
            raise ArgumentError(
                f"params: got {', '.join(held) or 'nothing'}, but {self.name} has a layer {name}; "
                f"pass the variables of this cell, as its `init` returns them."
            )
        features = held[name]["kernel"].shape[-1]
        if features != self.module.features:
            raise ArgumentError(
                f"params: layer {name} has {features} features, but {self.name} was made with "
                f"features={self.module.features}; pass the variables of this cell, as its `init` "
                f"returns them."
            )
        return held[name]


def _bound(model: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return a module and its variables, if it is bound to them."""
    if model.scope is None:
        raise ArgumentError(
            f"params: got None, but {type(model).__name__} of flax.linen does not hold its "
            f"weights; pass as_system(cell, params=variables), with what `cell.init` returned or "
            f"the training ended with."
        )
    return model.unbind()


def _read(model: Any, spec: ModelSpec) -> Mapping[str, Any]:
    """Return all collections of variables, where the caller may have passed "params" alone."""
    given = spec.params
    if not isinstance(given, Mapping) or not given:
        raise ArgumentError(
            f"params: got {type(given).__name__}, but the variables of {type(model).__name__} are "
            f'wanted, a dictionary {{"params": ...}} as `cell.init` returns it.'
        )
    return given if "params" in given else {"params": given}
