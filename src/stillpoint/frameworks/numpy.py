"""Functions on NumPy arrays; differentiated by central differences where they bring no Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from .._core.arrays import ArrayKind
from ..errors import UnsupportedModelError
from .functions import Differences, FunctionDynamics, StepFunction
from .trials import try_out, works_in_double
from .velocities import AtTime


class Rule(NamedTuple):
    """A central difference: offsets in units of the spacing, their weights, and the spacing.

    The spacing is that at which rounding and the neglected terms weigh alike, for numbers of
    relative precision eps: eps to the power `exponent`.
    """

    offsets: Sequence[float]
    weights: Sequence[float]
    exponent: float


_SECOND_ORDER = Rule([-1.0, 1.0], [-0.5, 0.5], 1 / 3)
_FOURTH_ORDER = Rule([-2.0, -1.0, 1.0, 2.0], [1 / 12, -8 / 12, 8 / 12, -1 / 12], 1 / 5)

# Second differences have their own.
_BEND_EXPONENT = 1 / 4

# Numbers that a function is given at once: 2 MiB, which caches hold.
_NUMBERS_AT_ONCE = 2**18

# Finer spacings, and the difference between Jacobians that agree, relative to max(1, their size).
_FINER = 4.0 ** -np.arange(1, 7)
_AGREE = 1e-8


def is_array(array: Any) -> bool:
    """Whether `array` is NumPy's."""
    return isinstance(array, np.ndarray)


def read_function(given: StepFunction) -> FunctionDynamics:
    """Return a NumPy function as dynamics in float64.

    Raises
    ------
    UnsupportedModelError
        If it is not one step of a network, or draws at random.
    """
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
                f"are wanted. If the state is complex, pass state=, an example of one, such as "
                f"np.zeros(d, complex)."
            )
        result = np.asarray(result)
        return result if result.dtype.kind == "f" else result.astype(x.dtype)

    double = ArrayKind.of(np.zeros(0))
    result = try_out(given.name, step, given.size, double)
    exact = works_in_double(step, given.size, double, result)
    arrays = double if exact else ArrayKind.of(np.zeros(0, dtype=np.float32))

    def typed(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        return step(x, u).astype(arrays.dtype)

    def numerical(unit: Any) -> Differences:
        return Differences(
            usual=lambda x, u: differentiate(typed, x, u, unit=unit),
            quick=lambda x, u: differentiate(typed, x, u, unit=unit, rule=_SECOND_ORDER),
            sharp=lambda x, u: differentiate_sharply(typed, x, u, unit=unit)[0],
            other=lambda x, u: differentiate_sharply(typed, x, u, unit=unit)[1],
            curvature=lambda x, u, w: curve(typed, x, u, w, unit=unit),
        )

    return given.dynamics(
        "numpy",
        arrays,
        typed,
        of_state=numerical(1.0).usual,
        of_inputs=lambda x, u: differentiate(lambda v, x: typed(x, v), u, x),
        numerical=numerical,
    )


def read_observable(
    function: Callable[[Any], Any],
    size: int,  # noqa: ARG001
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a function g of states (n, d) and its Jacobian, both on NumPy arrays."""
    return function, lambda x: differentiate(function, x)


def differentiate(
    function: Callable[..., Any],
    x: Float[np.ndarray, "n d"],
    *others: np.ndarray,
    spacing: float = 1.0,
    unit: Any = 1.0,
    rule: Rule = _FOURTH_ORDER,
) -> Float[np.ndarray, "n k d"]:
    """Return the Jacobian in x of a row-wise function of (x, *others) by central differences.

    The error is about 1e-12 (second order: 1e-10) where the function is smooth on the scale of
    1e-3 units, at a `spacing` of 1, which stands for 7e-4 (6e-6) in float64. A unit is the size of
    ordinary states. As a call takes as long as many rows, the function is given many at once.

    Examples
    --------
    >>> bool(abs(differentiate(np.sin, np.zeros((1, 1)))[0, 0, 0] - 1) < 1e-11)
    True
    """
    n, d = x.shape
    if d == 0:
        return np.zeros((n, function(x, *others).shape[1], 0))
    step = _steps(x, spacing, unit, rule.exponent)
    offsets, weights = (np.asarray(part, dtype=x.dtype) for part in (rule.offsets, rule.weights))
    at_once = max(1, _NUMBERS_AT_ONCE // (len(offsets) * max(1, n) * d))
    columns = []
    for first in range(0, d, at_once):
        along = np.arange(first, min(first + at_once, d))
        moved = np.tile(x, (len(along), len(offsets), 1, 1))
        moved[np.arange(len(along)), :, :, along] += offsets[:, None] * step.T[along, None, :]
        values = _on_all(function, moved, *others)
        slope = np.einsum("o,conk->nkc", weights, values)
        columns.append(slope / step[:, None, along])
    return np.concatenate(columns, axis=-1)


def curve(
    function: Callable[..., Any],
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    w: Float[np.ndarray, "n k"],
    unit: Any = 1.0,
) -> Float[np.ndarray, "n d d"]:
    """Return sum_i w_i d^2 f_i / dx_j dx_k of a row-wise function by second differences.

    The error is about 1e-8 of |w| where the function is smooth on the scale of 1e-3 units.

    Examples
    --------
    >>> product = lambda x, u: x[:, :1] * x[:, 1:]
    >>> one = np.ones((1, 1))
    >>> curve(product, np.ones((1, 2)), one, one).round(6)
    array([[[0., 1.],
            [1., 0.]]])
    """
    (n, d), dtype = x.shape, x.dtype
    step = _steps(x, 1.0, unit, _BEND_EXPONENT)

    def weighed(moves: Float[np.ndarray, "c d"]) -> Float[np.ndarray, "n c"]:
        """Return the sum of w f(x + move) and w f(x - move), less twice that at x."""
        at_once = max(1, _NUMBERS_AT_ONCE // (2 * max(1, n) * d))
        sums = []
        for first in range(0, len(moves), at_once):
            move = moves[first : first + at_once, None, :] * step
            ahead, behind = _on_all(function, np.stack([x + move, x - move]), u)
            sums.append(np.einsum("cnk,nk->nc", ahead - middle + (behind - middle), w))
        return np.concatenate(sums, axis=1)

    middle = function(x, u)
    axes = np.eye(d, dtype=dtype)
    i, j = np.triu_indices(d, 1)
    along = weighed(axes)
    across = weighed(axes[i] + axes[j]) if d > 1 else np.zeros((n, 0), dtype)
    bend = np.zeros((n, d, d), dtype)
    bend[:, i, j] = (across - along[:, i] - along[:, j]) / 2
    bend += np.swapaxes(bend, 1, 2)
    bend[:, np.arange(d), np.arange(d)] = along
    return bend / (step[:, :, None] * step[:, None, :])


def _steps(
    x: Float[np.ndarray, "n d"], spacing: float, unit: Any, exponent: float
) -> Float[np.ndarray, "n d"]:
    """Return how far states are moved along each variable."""
    least = x.dtype.type(spacing * np.finfo(x.dtype).eps ** exponent)
    return least * np.maximum(unit, np.abs(x)).astype(x.dtype)


def _on_all(
    function: Callable[..., Any], x: Float[np.ndarray, "a b n d"], *others: np.ndarray
) -> Float[np.ndarray, "a b n k"]:
    """Return what a row-wise function makes of several moved copies of x, asked in one call."""
    copies = x.shape[0] * x.shape[1]
    rows = (np.tile(other, (copies, 1)) for other in others)
    values = function(x.reshape(-1, x.shape[-1]), *rows)
    return values.reshape(*x.shape[:-1], values.shape[-1])


def differentiate_sharply(
    function: Callable[..., Any],
    x: Float[np.ndarray, "n d"],
    *others: np.ndarray,
    unit: Any = 1.0,
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

    ladder, gaps = [differentiate(function, x, *others, unit=unit)], []
    for spacing in _FINER:
        ladder.append(differentiate(function, x, *others, spacing=spacing, unit=unit))
        gaps.append(size(ladder[-1] - ladder[-2]))
        agree = np.array(gaps) <= _AGREE * np.maximum(1.0, size(ladder[-1]))
        if agree.any(axis=0).all():
            break
    apart = np.where(np.isnan(gaps), np.inf, gaps)
    rung = np.where(agree.any(axis=0), agree.argmax(axis=0), apart.argmin(axis=0))
    rows, several = np.arange(len(x)), np.stack(ladder)
    return several[rung, rows], several[rung + 1, rows]
