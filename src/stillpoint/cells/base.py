"""What all cells share: weights that are checked once, and derivatives as scaled rows."""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

from jaxtyping import Float

from .._core.arrays import ArrayKind, host, is_real_floating, namespace
from ..dynamics import Batch, Dynamics, Inputs, Matrices
from ..errors import ArgumentError
from ..intervals import Interval
from .scaled_rows import ScaledRows


class Cell(Dynamics):
    """A canonical cell: a frozen dataclass whose array fields are its weights.

    Attributes
    ----------
    W
        Recurrent weights, rows = to; gates stacked.
    B
        Input weights, shape (rows of W, m).
    """

    W: Any
    B: Any

    @property
    def has_equilibrium_form(self) -> bool:
        return True

    @property
    def input_size(self) -> int:
        return self.B.shape[-1]

    @property
    def arrays(self) -> ArrayKind:
        return ArrayKind.of(self.W)

    def weights(self) -> Iterable[Any]:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if is_real_floating(value):
                yield value

    def enclosed(self) -> Dynamics:
        twin = copy.copy(self)  # its weights were checked when the cell was made
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if is_real_floating(value):
                object.__setattr__(twin, field.name, Interval(host(value)))
        return twin


class RowScaledCell(Cell):
    """A cell whose Jacobians are sums of row-scaled weight matrices."""

    @abstractmethod
    def state_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        """Return the Jacobian in the state as scaled rows."""

    @abstractmethod
    def input_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        """Return the Jacobian in the inputs as scaled rows."""

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.state_rows(x, u).matrix()

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.input_rows(x, u).matrix()

    def jvp(self, x: Batch, u: Inputs, v: Batch) -> Batch:
        return self.state_rows(x, u).times(v)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.state_rows(x, u).transposed_times(w)


def check_axes(owner: str, **arrays: tuple[Any, int]) -> None:
    """Check that weights are arrays of real floating-point numbers with so many axes.

    Raises
    ------
    ArgumentError
        If one is not.
    """
    for name, (array, axes) in arrays.items():
        found = f"{type(array).__name__} {getattr(array, 'dtype', '')}".strip()
        if not is_real_floating(array):
            raise ArgumentError(
                f"{name} of {owner}: got {found}, but an array of real floating-point numbers is "
                f"wanted; convert it, for example with np.asarray({name}, dtype=float)."
            )
        if array.ndim != axes:
            raise ArgumentError(
                f"{name} of {owner}: got shape {tuple(array.shape)}, but {axes} axes are wanted."
            )


def check_weights(owner: str, **arrays: tuple[Any, tuple[int, ...]]) -> None:
    """Check that weights are of one kind, have the shapes they must have, and are finite.

    Parameters
    ----------
    owner
        The cell's name, for messages.
    **arrays
        For each weight its array and the shape wanted.

    Raises
    ------
    ArgumentError
        If one does not.
    """
    kinds = set()
    for name, (array, wanted) in arrays.items():
        shape = tuple(array.shape)
        if shape != wanted:
            raise ArgumentError(
                f"{name} of {owner}: got shape {shape}, but {wanted} is wanted; rows are the "
                f"units written to, columns the units read from."
            )
        if not bool(namespace(array).all(namespace(array).isfinite(array))):
            raise ArgumentError(
                f"{name} of {owner}: holds NaN or infinite values, so the network has no "
                f"well-defined step; check how its training ended."
            )
        kinds.add(str(array.dtype))
    if len(kinds) > 1:
        raise ArgumentError(
            f"weights of {owner}: their types differ ({', '.join(sorted(kinds))}); one is wanted."
        )


def gate_blocks(weights: Any, count: int) -> list[Any]:
    """Split weights that are stacked gate above gate."""
    size = weights.shape[0] // count
    return [weights[k * size : (k + 1) * size, ...] for k in range(count)]
