"""Functions on NumPy arrays; differentiated by central differences where they bring no Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import ArrayKind
from ..errors import UnsupportedModelError
from .functions import Derivative, FunctionDynamics, StepFunction
from .trials import try_out, works_in_double
from .velocities import AtTime

# Fourth-order central difference: offsets in units of the spacing, and their weights.
_OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
_WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0

# Finer spacings, and the difference between Jacobians that agree, relative to max(1, their size).
_FINER = 4.0 ** -np.arange(1, 7)
_AGREE = 1e-8


def is_array(array: Any) -> bool:
    """Whether `array` is NumPy's."""
    return isinstance(array, np.ndarray)


def read_function(given: StepFunction) -> FunctionDynamics:
    """Return a NumPy function as dynamics in float64."""
    if isinstance(given.function, AtTime):
        try:
            return _read_batched(given)
        except UnsupportedModelError:  # as SciPy has it, f(t, y) is of one state
            given = replace(given, function=OneByOne(given.function))
    return _read_batched(given)


@dataclass(frozen=True, eq=False)
class OneByOne:
    """A function of one state (d,) and input (m,) as one of batches."""

    function: AtTime

    def at(self, t: float) -> OneByOne:
        """Return the same velocity at another time."""
        return OneByOne(self.function.at(t))

    def __call__(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        rows = zip(x, u, strict=True)
        return np.array([np.asarray(self.function(*row), dtype=x.dtype) for row in rows])


def _read_batched(given: StepFunction) -> FunctionDynamics:
    on_rows = given.on_rows()

    def step(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        result = on_rows(x.copy(), u.copy())
        if not isinstance(result, np.ndarray | list | np.floating):
            raise TypeError(f"it returns {type(result).__name__}, not a NumPy array")
        if isinstance(result, np.ma.MaskedArray) or np.iscomplexobj(result):
            kind = "masked" if isinstance(result, np.ma.MaskedArray) else "complex"
            raise UnsupportedModelError(
                f"step: {given.name} returns {kind} numbers, at least for some states; real ones "
                f"are wanted, for example the real and the imaginary parts as two variables."
            )
        result = np.asarray(result)
        return result if result.dtype.kind == "f" else result.astype(x.dtype)

    double = ArrayKind.of(np.zeros(0))
    result = try_out(given.name, step, given.size, double)
    exact = works_in_double(step, given.size, double, result)
    arrays = double if exact else ArrayKind.of(np.zeros(0, dtype=np.float32))

    def typed(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        return step(x, u).astype(arrays.dtype)

    def numerical(unit: Any) -> tuple[Derivative, Derivative, Derivative]:
        return (
            lambda x, u: differentiate(lambda y: typed(y, u), x, unit=unit),
            lambda x, u: differentiate_sharply(lambda y: typed(y, u), x, unit=unit)[0],
            lambda x, u: differentiate_sharply(lambda y: typed(y, u), x, unit=unit)[1],
        )

    return given.dynamics(
        "numpy",
        arrays,
        typed,
        of_state=numerical(1.0)[0],
        of_inputs=lambda x, u: differentiate(lambda v: typed(x, v), u),
        numerical=numerical,
    )


def read_observable(
    function: Callable[[Any], Any],
    size: int,  # noqa: ARG001
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a function g of states (n, d) and its Jacobian, both on NumPy arrays."""
    return function, lambda x: differentiate(function, x)


def differentiate(
    function: Callable[[Any], Any],
    x: Float[np.ndarray, "n d"],
    spacing: float = 1.0,
    unit: Any = 1.0,
) -> Float[np.ndarray, "n k d"]:
    """Return the Jacobian of a row-wise function by fourth-order central differences.

    The error is about 1e-12 where the function is smooth on the scale of 1e-3 units, at a
    `spacing` of 1, which stands for 7e-4 in float64. A unit is the size of ordinary states.

    Examples
    --------
    >>> bool(abs(differentiate(np.sin, np.zeros((1, 1)))[0, 0, 0] - 1) < 1e-11)
    True
    """
    n, d = x.shape
    step = x.dtype.type(spacing * np.finfo(x.dtype).eps ** 0.2) * np.maximum(
        unit, np.abs(x)
    ).astype(x.dtype)
    columns = []
    for j in range(d):
        slope: Any = x.dtype.type(0)
        for offset, weight in zip(_OFFSETS, _WEIGHTS, strict=True):
            moved = x.copy()
            moved[:, j] += offset * step[:, j]
            slope = slope + x.dtype.type(weight) * function(moved)
        columns.append(slope / step[:, j, None])
    return np.stack(columns, axis=-1) if columns else np.zeros((n, function(x).shape[1], 0))


def differentiate_sharply(
    function: Callable[[Any], Any], x: Float[np.ndarray, "n d"], unit: Any = 1.0
) -> tuple[Float[np.ndarray, "n d d"], Float[np.ndarray, "n d d"]]:
    """Return the Jacobian of a row-wise function at the spacing that suits it, and at the next.

    Spacings fall until two agree, or else those are taken that agree best: a function may vary on
    scales that its states do not show.

    Examples
    --------
    >>> steep = lambda x: np.tanh(1e5 * x)
    >>> round(differentiate(steep, np.zeros((1, 1))).item())
    1576
    >>> sharp, other = differentiate_sharply(steep, np.zeros((1, 1)))
    >>> round(sharp.item() / 1e5, 3), round(other.item() / 1e5, 3)
    (1.0, 1.0)
    """
    unit = np.broadcast_to(unit, x.shape[1:])

    def size(jacobian: Float[np.ndarray, "n d d"]) -> Float[np.ndarray, " n"]:
        return np.linalg.norm(jacobian * unit / unit[:, None], axis=(1, 2))

    ladder, gaps = [differentiate(function, x, unit=unit)], []
    for spacing in _FINER:
        ladder.append(differentiate(function, x, spacing, unit))
        gaps.append(size(ladder[-1] - ladder[-2]))
        agree = np.array(gaps) <= _AGREE * np.maximum(1.0, size(ladder[-1]))
        if agree.any(axis=0).all():
            break
    apart = np.where(np.isnan(gaps), np.inf, gaps)
    rung = np.where(agree.any(axis=0), agree.argmax(axis=0), apart.argmin(axis=0))
    rows, several = np.arange(len(x)), np.stack(ladder)
    return several[rung, rows], several[rung + 1, rows]
