"""What all cells share: weights that are checked once, and derivatives as scaled rows.

Every gate multiplies the rows of one weight matrix by numbers that depend on the state, and the
leak adds a diagonal. Written as such a sum, products with vectors need no matrix per row.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import (
    ArrayKind,
    diagonal_matrices,
    host,
    is_real_floating,
    n_masked,
    namespace,
)
from .._core.validation import read_floats
from ..dynamics import Batch, Dynamics, Inputs, Matrices
from ..errors import ArgumentError
from ..intervals import Interval


class Cell(Dynamics):
    """A canonical cell: a frozen dataclass whose array fields are its weights."""

    #: Recurrent weights, rows = to; gates stacked.
    W: Any
    #: Input weights, shape (rows of W, m).
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
        return self.weights_by_name().values()

    def interval_extension(self) -> Dynamics:
        twin = copy.copy(self)  # its weights were checked when the cell was made
        for name, value in self.weights_by_name().items():
            object.__setattr__(twin, name, Interval(host(value)))
        return twin

    def weights_by_name(self) -> dict[str, Any]:
        """Return every weight by the name of its field."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        values = {field.name: getattr(self, field.name) for field in fields}
        return {name: value for name, value in values.items() if _is_weight(value)}


def _is_weight(value: Any) -> bool:
    return not isinstance(value, str) and is_real_floating(value)


@dataclass(frozen=True)
class ScaledRows:
    """The matrices sum_k diag(scale_k) W_k + diag(diagonal), one per row of the batch.

    The terms are pairs (scale_k, W_k). Only square matrices have a diagonal.
    """

    terms: Sequence[tuple[Float[Any, "n r"], Float[Any, "r k"]]]
    diagonal: Float[Any, "n r"] | None = None

    def matrix(self) -> Float[Any, "n r k"]:
        """Return the matrices themselves."""
        (first, weight), *others = self.terms
        total = first[:, :, None] * weight[None, :, :]
        for scale, weight in others:  # added in place: a pass over memory costs like a product
            total += scale[:, :, None] * weight[None, :, :]
        if self.diagonal is not None:
            total += diagonal_matrices(self.diagonal)
        return total

    def times(self, v: Float[Any, "n k"]) -> Float[Any, "n r"]:
        """Return each row's matrix times `v`."""
        total = 0 if self.diagonal is None else self.diagonal * v
        for scale, weight in self.terms:
            total = total + scale * (v @ weight.T)
        return total

    def transposed_times(self, w: Float[Any, "n r"]) -> Float[Any, "n k"]:
        """Return `w` times each row's matrix."""
        total = 0 if self.diagonal is None else self.diagonal * w
        for scale, weight in self.terms:
            total = total + (scale * w) @ weight
        return total

    def scaled(self, factor: Float[Any, "n r"]) -> ScaledRows:
        """Return the matrices with row i multiplied by `factor[:, i]`."""
        terms = [(factor * scale, weight) for scale, weight in self.terms]
        diagonal = None if self.diagonal is None else factor * self.diagonal
        return ScaledRows(terms, diagonal)

    def plus(self, *terms: tuple[Float[Any, "n r"], Float[Any, "r k"]]) -> ScaledRows:
        """Return the sum with further terms."""
        return ScaledRows([*self.terms, *terms], self.diagonal)


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


def check_axes(cell: Cell, **wanted: int) -> None:
    """Check that weights are arrays of real floating-point numbers with so many axes, not empty.

    NumPy's matrices and masked arrays of which nothing is masked become arrays, and so do arrays
    in the byte order of another machine.
    """
    owner = type(cell).__name__
    for name, axes in wanted.items():
        array = _plain(getattr(cell, name))
        object.__setattr__(cell, name, array)
        kind = str(getattr(array, "dtype", ""))
        if (
            not is_real_floating(array)
            or kind.rpartition(".")[2] not in ("float32", "float64")
            or isinstance(array, np.ma.MaskedArray)
        ):
            raise ArgumentError(
                f"{name} of {owner}: got {f'{type(array).__name__} {kind}'.strip()}, but an array "
                f"of float64 or float32 numbers is wanted, none of them masked; convert it, for "
                f"example with np.asarray({name}, dtype=float)."
            )
        if array.ndim != axes:
            raise ArgumentError(
                f"{name} of {owner}: got shape {tuple(array.shape)}, but {axes} axes are wanted."
            )
        if not array.shape[0]:
            raise ArgumentError(
                f"{name} of {owner}: got shape {tuple(array.shape)}, but at least one unit is "
                f"wanted."
            )


def _plain(array: Any) -> Any:
    """Return an array of NumPy as itself, in this machine's byte order, if it loses nothing."""
    if not isinstance(array, np.ndarray) or n_masked(array):
        return array
    return np.asarray(array, dtype=array.dtype.newbyteorder("="))


def check_weights(cell: Cell, **wanted: tuple[int, ...]) -> None:
    """Check that weights are of one kind, have the shapes they must have, and are finite."""
    owner, kinds = type(cell).__name__, set()
    for name, shape in wanted.items():
        array = getattr(cell, name)
        if tuple(array.shape) != shape:
            raise ArgumentError(
                f"{name} of {owner}: got shape {tuple(array.shape)}, but {shape} is wanted; rows "
                f"are the units written to, columns the units read from."
            )
        if not np.isfinite(read_floats(f"{name} of {owner}", array, finite=False)).all():
            raise ArgumentError(
                f"{name} of {owner}: holds NaN or infinite values, so the network has no "
                f"well-defined step; check how its training ended."
            )
        kinds.add(str(array.dtype))
    if len(kinds) > 1:
        raise ArgumentError(
            f"{', '.join(wanted)} of {owner}: the types of these weights differ "
            f"({', '.join(sorted(kinds))}); one is wanted."
        )


def check_leak(cell: Any) -> None:
    """Check that the leak `alpha` of a cell lies in (0, 1]."""
    if not bool(namespace(cell.alpha).all((cell.alpha > 0) & (cell.alpha <= 1))):
        raise ArgumentError(
            f"alpha of {type(cell).__name__}: every value must lie in (0, 1]; it is dt / tau, so "
            f"choose a step dt no longer than the time constant tau."
        )


def gate_blocks(weights: Any, count: int) -> list[Any]:
    """Split weights that are stacked gate above gate."""
    size = weights.shape[0] // count
    return [weights[k * size : (k + 1) * size, ...] for k in range(count)]
