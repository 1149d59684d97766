"""Flax's standard cells as canonical ones, whichever of the two libraries they are from.

Both libraries have the same cells, but cut their weights into layers in different ways; here, the
layers of all gates are stacked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ...cells import GRUCell, VanillaCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..conventions import Dense, Layers, from_flax
from ..gates import Gate, gru, lstm, split, stack, vanilla


class FlaxCell(ABC):
    """A copy of a cell.

    Attributes
    ----------
    library
        The library that the cell is from.
    layers
        Of the library's standard cells, by their names: the layers that read the state and those
        that read the input, in the order of the canonical cell's gates.
    module
        The cell as a module of Flax.
    """

    library: ClassVar[Any]
    layers: ClassVar[Mapping[str, Layers]]
    module: Any

    @property
    def name(self) -> str:
        """The name of a standard cell; empty for others, subclasses too, as they may differ."""
        name = type(self.module).__name__
        is_standard = name in self.layers and type(self.module) is getattr(self.library, name)
        return name if is_standard else ""

    @property
    def is_lstm(self) -> bool:
        """Whether the carry is a pair (c, h)."""
        return isinstance(self.module, self.library.LSTMCell | self.library.OptimizedLSTMCell)

    @property
    @abstractmethod
    def input_size(self) -> int | None:
        """The number of inputs m, where the cell tells."""

    @abstractmethod
    def dense(self, name: str) -> Dense | None:
        """Return a layer, or None if the user has put one of another kind in its place."""

    @property
    def follows_convention(self) -> bool:
        """Whether it is a cell of the library's, `new_carry, y = cell(carry, inputs)`."""
        return isinstance(self.module, self.library.RNNCellBase)

    def step(self, carry: Any, inputs: Any) -> Any:
        """Return the new carry of a cell that follows the convention."""
        new_carry, _ = self.call(carry, inputs)
        return new_carry

    @abstractmethod
    def call(self, *arguments: Any) -> Any:
        """Return what a call of the module gives."""

    @abstractmethod
    def initial_carry(self, input_size: int) -> Any:
        """Return the carry that a sequence begins with, without a batch axis."""


def read_standard(cell: FlaxCell) -> Dynamics | None:
    """Return the canonical cell that does the same, or None if there is none."""
    if not cell.name or not _has_usual_gates(cell.module):
        return None
    pairs = []
    for of_state, of_input in zip(*cell.layers[cell.name], strict=True):
        recurrent, inputs = cell.dense(of_state), cell.dense(of_input)
        if recurrent is None or inputs is None:
            return None
        pairs.append((recurrent, inputs))
    return _READERS[cell.name](cell.module, from_flax(pairs))


def cell_in(layer: Any, kind: type) -> Any:
    """Return the cell of an `RNN`, a `kind` of either library, if that is all of its step."""
    if type(layer).__call__ is not kind.__call__:
        raise UnsupportedModelError(
            f"model: {type(layer).__name__} has a `__call__` of its own, which may do more than "
            f"its cell; pass model.cell if the cell alone is one step."
        )
    if layer.reverse:
        raise UnsupportedModelError(
            "model: this RNN reads its inputs from the last to the first (reverse), so its steps "
            "do not follow time; pass model.cell if one step is what you mean."
        )
    return layer.cell


def working_dtype(dtype: Any) -> Any:
    """Return the dtype that a module's copy computes in: as it is told, but not in a coarse one.

    None leaves it to the state, the input and the weights, which are float64.
    """
    is_floating = dtype is not None and jnp.issubdtype(dtype, jnp.floating)
    return None if is_floating else dtype


# -- activations ----------------------------------------------------------------------------------

_NAMES: Sequence[tuple[Any, str]] = (
    (jnp.tanh, "tanh"),
    (jax.lax.tanh, "tanh"),
    (jax.nn.relu, "relu"),
    (jax.nn.sigmoid, "sigmoid"),
    (jax.lax.logistic, "sigmoid"),
    (jax.nn.softplus, "softplus"),
    (jax.nn.identity, "linear"),
)


def _activation(function: Any) -> str | None:
    return next((name for known, name in _NAMES if function is known), None)


def _has_usual_gates(module: Any) -> bool:
    """Whether gates are sigmoids and candidates tanh; a cell without gates may have any."""
    phi = _activation(module.activation_fn)
    if not hasattr(module, "gate_fn"):
        return phi is not None
    return (_activation(module.gate_fn), phi) == ("sigmoid", "tanh")


# -- cells ----------------------------------------------------------------------------------------


def _simple(module: Any, drive: Gate) -> VanillaCell:
    shortcut = np.eye(len(drive.b)) if module.residual else 0.0
    phi = _activation(module.activation_fn) or ""
    return vanilla(drive._replace(W=drive.W + shortcut), phi)


def _mgu(module: Any, gates: Gate) -> GRUCell:
    """Return a minimal gated unit (Zhou et al. 2016): a GRU whose two gates are one.

    Without a reset gate, that of the GRU is open: sigmoid(40) is 1 in float64.
    """
    forget, candidate = split(gates, 2)
    opened = Gate.of(np.zeros_like(forget.W), np.zeros_like(forget.B), np.full_like(forget.b, 40.0))
    return gru(stack(forget if module.reset_gate else opened, forget, candidate))


_READERS: dict[str, Callable[[Any, Gate], Dynamics]] = {
    "SimpleCell": _simple,
    "GRUCell": lambda _, gates: gru(gates),
    "MGUCell": _mgu,
    "LSTMCell": lambda _, gates: lstm(gates),
    "OptimizedLSTMCell": lambda _, gates: lstm(gates),
}
