"""Flax's standard cells as canonical ones, whichever of the two libraries they are from.

Both libraries have the same cells, but cut their weights into layers in different ways; here, the
layers of all gates are stacked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ...cells import GRUCell, LSTMCell, VanillaCell
from ...cells.base import gate_blocks
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError


class Dense(NamedTuple):
    """A linear layer, or several stacked: rows = to."""

    kernel: Float[np.ndarray, "k j"]
    bias: Float[np.ndarray, " k"]

    @classmethod
    def of(cls, kernel: Any, bias: Any) -> Dense:
        """Return a layer of Flax, whose rows are from; without a bias it is zero."""
        kernel = np.array(kernel).T
        return cls(kernel, np.zeros(len(kernel)) if bias is None else np.array(bias))


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
    layers: ClassVar[Mapping[str, tuple[Sequence[str], Sequence[str]]]]
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

    @abstractmethod
    def step(self, carry: Any, inputs: Any) -> Any:
        """Return the new carry."""

    @abstractmethod
    def initial_carry(self, input_size: int) -> Any:
        """Return the carry that a sequence begins with, without a batch axis."""


def read_standard(cell: FlaxCell) -> Dynamics | None:
    """Return the canonical cell that does the same, or None if there is none."""
    if not cell.name or not _has_usual_gates(cell.module):
        return None
    recurrent, inputs = ([cell.dense(name) for name in names] for names in cell.layers[cell.name])
    if None in recurrent or None in inputs:
        return None
    return _READERS[cell.name](cell.module, _stack(recurrent), _stack(inputs))


def cell_in(layer: Any) -> Any:
    """Return the cell of an `RNN` of either library.

    Raises
    ------
    UnsupportedModelError
        If the layer reads backwards.
    """
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


def _stack(layers: Iterable[Any]) -> Dense:
    return Dense(*(np.concatenate(arrays) for arrays in zip(*layers, strict=True)))


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


def _simple(module: Any, recurrent: Dense, inputs: Dense) -> VanillaCell:
    shortcut = np.eye(len(recurrent.bias)) if module.residual else 0.0
    return VanillaCell(
        W=recurrent.kernel + shortcut,
        B=inputs.kernel,
        b=inputs.bias + recurrent.bias,
        phi=_activation(module.activation_fn) or "",
    )


def _gru(_: Any, recurrent: Dense, inputs: Dense) -> GRUCell:
    r, z, n = gate_blocks(recurrent.bias, 3)
    outside = np.concatenate([r, z, np.zeros_like(n)])
    return GRUCell(W=recurrent.kernel, B=inputs.kernel, b=inputs.bias + outside, c=n)


def _mgu(module: Any, recurrent: Dense, inputs: Dense) -> GRUCell:
    """Return a minimal gated unit (Zhou et al. 2016): a GRU whose two gates are one.

    Without a reset gate, that of the GRU is open: sigmoid(40) is 1 in float64.
    """

    def with_reset(layer: Dense, open_bias: float) -> Dense:
        forget, candidate = (
            Dense(*blocks) for blocks in zip(*(gate_blocks(a, 2) for a in layer), strict=True)
        )
        opened = Dense(np.zeros_like(forget.kernel), np.full_like(forget.bias, open_bias))
        return _stack([forget if module.reset_gate else opened, forget, candidate])

    return _gru(module, with_reset(recurrent, 0.0), with_reset(inputs, 40.0))


def _lstm(_: Any, recurrent: Dense, inputs: Dense) -> LSTMCell:
    return LSTMCell(W=recurrent.kernel, B=inputs.kernel, b=inputs.bias + recurrent.bias)


_READERS: dict[str, Callable[[Any, Dense, Dense], Dynamics]] = {
    "SimpleCell": _simple,
    "GRUCell": _gru,
    "MGUCell": _mgu,
    "LSTMCell": _lstm,
    "OptimizedLSTMCell": _lstm,
}
