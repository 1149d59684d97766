"""What all cells share: weights that are checked once, and derivatives as scaled rows.

Every gate multiplies the rows of one weight matrix by numbers that depend on the state, and the
leak adds a diagonal. Written as such a sum, products with vectors need no matrix per row.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, TypeVar

from jaxtyping import Float

from .._core.arrays import (
    ArrayKind,
    diagonal_matrices,
    host,
    is_on_host,
    is_real_floating,
    minus_identity,
    namespace,
    to_numpy,
)
from .._core.weights import check_alike, plain_weights
from ..dynamics import (
    Batch,
    Dynamics,
    Inputs,
    Linear,
    LowRank,
    Matrices,
    RateForm,
    RootProblem,
    Weights,
    offset,
)
from ..errors import ArgumentError
from ..intervals import Interval
from .latent import LatentEquilibrium

AnyCell = TypeVar("AnyCell", bound="Cell")


class Cell(Dynamics):
    """A canonical cell: a frozen dataclass whose array fields are its weights."""

    #: Recurrent weights, rows = to; gates stacked.
    W: Weights
    #: Input weights, shape (rows of W, m).
    B: Any

    @property
    def has_equilibrium_form(self) -> bool:
        return True

    @property
    def is_matrix_free(self) -> bool:
        return True

    @property
    def input_size(self) -> int:
        return self.B.shape[-1]

    @property
    def arrays(self) -> ArrayKind:
        return ArrayKind.of(self.B)

    def motion_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return minus_identity(self.jacobian(x, u))

    def weights(self) -> Iterable[Any]:
        for value in self.weights_by_name().values():
            yield from (value.U, value.V) if isinstance(value, LowRank) else (value,)

    def on_host(self) -> Dynamics:
        return self.with_weights(to_numpy) if is_on_host(self.B) else self

    def interval_extension(self) -> Dynamics:
        return self.with_weights(lambda array: Interval(host(array)))

    def with_weights(self: AnyCell, change: Callable[[Any], Any]) -> AnyCell:
        """Return a twin with every array of weights changed, unchecked."""
        twin = copy.copy(self)
        for name, value in self.weights_by_name().items():
            changed = value.each(change) if isinstance(value, LowRank) else change(value)
            object.__setattr__(twin, name, changed)
        return twin

    def weights_by_name(self) -> dict[str, Weights]:
        """Return every weight by the name of its field."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        values = {field.name: getattr(self, field.name) for field in fields}
        return {name: value for name, value in values.items() if _is_weight(value)}


def _is_weight(value: Any) -> bool:
    return isinstance(value, LowRank) or (not isinstance(value, str) and is_real_floating(value))


@dataclass(frozen=True)
class ScaledRows:
    """The matrices sum_k diag(scale_k) W_k + diag(diagonal), one per row of the batch.

    The terms are pairs (scale_k, W_k). Only square matrices have a diagonal.
    """

    terms: Sequence[tuple[Float[Any, "n r"], Weights]]
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

    def differential(self, x: Batch, u: Inputs) -> Linear:
        return self.state_rows(x, u).times

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        return self.input_rows(x, u).times

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.state_rows(x, u).transposed_times(w)


class RateNetwork(Cell):
    """A cell whose fixed points are those of r = phi(W r + B u + b), W an array or its factors."""

    #: Whether the state is the current W r + B u + b at rest, and not the rate r.
    of_currents: ClassVar[bool]

    b: Float[Any, " d"]
    phi: str

    @property
    def state_size(self) -> int:
        return self.b.shape[0]

    def rate_form(self, u: Interval) -> RateForm:
        W = self.W.balanced().each(_mid) if isinstance(self.W, LowRank) else self.W.mid
        return RateForm(W, offset(u, self.B, self.b), self.phi, self.of_currents)

    def equilibrium_problem(self) -> RootProblem:
        if not isinstance(self.W, LowRank) or self.W.rank >= self.state_size:
            return self.output_problem()
        factors = self.W.balanced()
        return LatentEquilibrium(factors, self.B, self.b, self.phi, self.of_currents)

    @abstractmethod
    def output_problem(self) -> RootProblem:
        """Return the equations of rest, in the state itself."""


def _mid(factor: Interval) -> Float[Any, "d r"]:
    return factor.mid


def check_axes(cell: Cell, **wanted: int) -> None:
    """Check that weights are arrays of real floating-point numbers with so many axes, not empty.

    They are kept as plain arrays. W may be given as its factors where the cell takes them.
    """
    for name, axes in wanted.items():
        value = getattr(cell, name)
        if not (isinstance(cell, RateNetwork) and name == "W" and isinstance(value, LowRank)):
            kept = plain_weights(f"{name} of {type(cell).__name__}", value, axes)
            object.__setattr__(cell, name, kept)


def check_weights(cell: Cell, **wanted: tuple[int, ...]) -> None:
    """Check that weights are of one kind, have the shapes they must have, and are finite."""
    check_alike(type(cell).__name__, _arrays(cell, wanted))


def _arrays(
    cell: Cell, wanted: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[Any, tuple[int, ...]]]:
    """Return every array of the named weights, factors one by one, with the shape it must have."""
    arrays: dict[str, tuple[Any, tuple[int, ...]]] = {}
    for name, shape in wanted.items():
        value = getattr(cell, name)
        if isinstance(value, LowRank):
            arrays |= {
                "U": (value.U, (shape[0], value.rank)),
                "V": (value.V, (shape[1], value.rank)),
            }
        else:
            arrays[name] = value, shape
    return arrays


def check_leak(cell: Any) -> None:
    """Check the leak `alpha` of a cell: numbers in (0, 1], one for each unit, or one for all."""
    if isinstance(cell.alpha, Real) and not isinstance(cell.alpha, bool):
        object.__setattr__(cell, "alpha", float(cell.alpha) * namespace(cell.b).ones_like(cell.b))
    check_axes(cell, alpha=1)
    check_weights(cell, b=cell.b.shape, alpha=cell.b.shape)
    if not bool(namespace(cell.alpha).all((cell.alpha > 0) & (cell.alpha <= 1))):
        raise ArgumentError(
            f"alpha of {type(cell).__name__}: every value must lie in (0, 1]; it is dt / tau, so "
            f"choose a step dt no longer than the time constant tau."
        )


def gate_blocks(weights: Any, count: int) -> list[Any]:
    """Split weights that are stacked gate above gate."""
    size = weights.shape[0] // count
    return [weights[k * size : (k + 1) * size, ...] for k in range(count)]
