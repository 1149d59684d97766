"""Trial calls: whether a function is one step of a state, and in which precision it works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from .._core.arrays import ArrayKind, host, to_numpy
from .._core.validation import first_line
from ..errors import ArgumentError, UnsupportedModelError, warn


def try_out(
    name: str, step: Callable[[Any, Any], Any], size: tuple[int, int], kind: ArrayKind
) -> Shaped[Any, "n d"]:
    """Call a step on some states, check that it is a batched one; return what it gave."""
    x, u = trial_rows(size, kind)
    try:
        made = result, *_ = _together_and_alone(step, x, u)
    except UnsupportedModelError:
        raise
    except Exception as error:
        raise UnsupportedModelError(
            f"step: {name} failed on states of shape {tuple(x.shape)} and inputs of shape "
            f"{tuple(u.shape)} ({type(error).__name__}: {error}). A step function must be batched: "
            f"one row per state. Check state_size and input_size, or vectorise the function."
        ) from error
    shape = tuple(getattr(result, "shape", ()))
    if shape != tuple(x.shape):
        raise UnsupportedModelError(
            f"step: {name} returned {type(result).__name__} of shape {shape} for states of shape "
            f"{tuple(x.shape)}; one new state per row is wanted, shape (n, {size[0]})."
        )
    check_rows(name, *made)
    _check_far_rows(name, step, size, kind)
    return result


def _together_and_alone(
    step: Callable[[Any, Any], Any], x: Any, u: Any
) -> tuple[Any, Any, list[Any]]:
    """Return what a step makes of some rows, twice, and of each of them alone."""
    with np.errstate(all="ignore"):  # a pole is no fault of the step
        alone = [step(x[k : k + 1, :], u[k : k + 1, :]) for k in range(x.shape[0])]
        return step(x, u), step(x, u), alone


def _check_far_rows(
    name: str, step: Callable[[Any, Any], Any], size: tuple[int, int], kind: ArrayKind
) -> None:
    """Check that a step does not mix rows of both signs and of several scales.

    Where it fails there, for what lies outside its domain, nothing is checked.
    """
    rng = np.random.default_rng(1)
    scales = np.array([0.1, 1.0, 10.0, 100.0])[:, None]
    x, u = (kind.asarray(scales * rng.standard_normal((4, width))) for width in size)
    try:
        made = _together_and_alone(step, x, u)
    except UnsupportedModelError:
        raise
    except Exception:
        return
    check_rows(name, *made)


def in_either_precision(
    attempt: Callable[[ArrayKind], Any], double: ArrayKind, single: ArrayKind
) -> Any:
    """Return what an attempt gives in float64, or else in float32; it may fail in both."""
    try:
        return attempt(double)
    except UnsupportedModelError as error:
        try:
            return attempt(single)
        except UnsupportedModelError:
            raise error from None


def trial_rows(size: tuple[int, int], kind: ArrayKind) -> tuple[Any, Any]:
    """Return two states and inputs to try a function on: the same ones every time."""
    rng = np.random.default_rng(0)
    return kind.asarray(rng.random((2, size[0]))), kind.asarray(rng.random((2, size[1])))


def check_rows(name: str, result: Any, again: Any, alone: Sequence[Any]) -> None:
    """Check that a step is a function of its own row: of no random number, of no other row.

    `result` and `again` are what it returned for the same rows in two calls, `alone` for each of
    them without the others, shapes (1, d).
    """
    first, second, *single = (
        np.array(to_numpy(values), dtype=np.float64) for values in (result, again, *alone)
    )
    refuse_noise(name, first, second)
    if not rows_are_separate(first, single):
        raise UnsupportedModelError(
            f"step: {name} mixes the rows of a batch: a state's step depends on the other states, "
            f"or on its place among them. One row per state is wanted, each stepped by itself."
        )


def refuse_noise(
    name: str, first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "n d"]
) -> None:
    """Refuse a step that returned different results for the same rows in two calls."""
    if not np.array_equal(first, second, equal_nan=True):
        raise UnsupportedModelError(
            f"step: {name} returned two different results for the same states, so it draws noise, "
            f"or is no function of state and input. noise='off' replaces the usual draws of torch "
            f"and JAX by their means; others, those of NumPy, and what it changes outside must be "
            f"left out."
        )


def rows_are_separate(
    together: Float[np.ndarray, "n d"], alone: Sequence[Float[np.ndarray, "1 d"]]
) -> bool:
    """Whether rows come out of a batch as each does alone."""
    return all(row.shape == together[:1].shape for row in alone) and np.allclose(
        together, np.concatenate(alone), rtol=1e-4, atol=1e-5, equal_nan=True
    )


def check_same_step(
    name: str, dynamics: Any, own: Callable[[Any, Any], Any], tolerance: float = 1e-9
) -> None:
    """Check that what was read of a model takes the steps that the model's own call takes.

    It is tried on random states and inputs of two scales.

    Parameters
    ----------
    name
        The model's, for messages.
    dynamics
        What was read.
    own
        The model's own step, on rows of arrays of `dynamics`.
    tolerance
        How far the two may lie apart, relative to the larger of 1 and the step.

    Raises
    ------
    UnsupportedModelError
        If they lie further apart.
    """
    rng, arrays = np.random.default_rng(0), dynamics.arrays
    scales = np.array([1.0, 1.0, 10.0])[:, None]
    x, u = (
        scales * rng.standard_normal((3, size))
        for size in (dynamics.state_size, dynamics.input_size)
    )
    with np.errstate(all="ignore"):
        read, wanted = (host(step(*map(arrays.asarray, (x, u)))) for step in (dynamics.step, own))
        gap = (np.abs(read - wanted) / np.maximum(1.0, np.abs(wanted))).max()
    if not gap <= tolerance:  # nor where it is NaN
        raise UnsupportedModelError(
            f"model: a call of this {name} takes another step than its weights tell (they differ "
            f"by {gap:.1e}), so something else than its own formulas is at work in it; pass a "
            f"function step(x, u) that calls it, as_system(step, state_size=..., input_size=...)."
        )


def shape_of_derivative(
    name: str, derivative: Callable[[Any, Any], Any], size: tuple[int, int], kind: ArrayKind
) -> tuple[int, ...]:
    """Return the shape of what a caller's derivative gives for two states.

    Raises
    ------
    ArgumentError
        If it fails.
    """
    try:
        with np.errstate(all="ignore"):
            return tuple(getattr(derivative(*trial_rows(size, kind)), "shape", ()))
    except Exception as error:  # the caller's code
        raise ArgumentError(
            f"{name}: it failed on two states and inputs ({first_line(error)}); a function of "
            f"(x, u), shapes (n, {size[0]}) and (n, {size[1]}), is wanted."
        ) from error


def check_derivative(argument: str, name: str, dynamics: Any, *, is_own: bool) -> None:
    """Check a derivative of a step against differences of the step itself, on a few rows.

    A step that is cut off from its framework's derivatives (`no_grad`, `detach`,
    `stop_gradient`) has zeros without a word, and a caller's Jacobian may be transposed.

    Parameters
    ----------
    argument
        "jacobian" or "input_jacobian".
    name
        The step's, for messages.
    dynamics
        The step with its derivatives.
    is_own
        Whether the derivative is the caller's.

    Raises
    ------
    ArgumentError
        If a caller's derivative is another.
    UnsupportedModelError
        If the framework's is, or fails.
    """
    arrays, rng = dynamics.arrays, np.random.default_rng(1)
    rows = [host(part) for part in trial_rows(dynamics.size, arrays)]
    place = ("jacobian", "input_jacobian").index(argument)
    along = rng.standard_normal(rows[place].shape)
    if not along.size:
        return
    try:
        J = host(getattr(dynamics, argument)(*map(arrays.asarray, rows)))
    except (RuntimeError, TypeError, ValueError) as error:
        raise UnsupportedModelError(
            f"step: {name} cannot be differentiated by its framework ({first_line(error)}). "
            f"Write it without in-place operations, or pass {argument}=."
        ) from error

    def moved(h: float) -> np.ndarray:
        at = [part + h * along if k == place else part for k, part in enumerate(rows)]
        return host(dynamics.step(*map(arrays.asarray, at)))

    wanted = np.einsum("nij,nj->ni", J, along)
    spacings = _SPACINGS["single" if arrays.resolution > 1e-10 else "double"]
    with np.errstate(all="ignore"):
        slopes = [(moved(h) - moved(-h)) / (2 * h) for h in spacings]
    size = np.abs([wanted, *slopes]).max()
    nearest = min(np.abs(slope - wanted).max() for slope in slopes)
    if not np.isfinite(size) or nearest <= 0.05 * max(1e-3, size):
        return
    if is_own:
        raise ArgumentError(
            f"{argument}: it is not the derivative of {name}: along a random direction they "
            f"differ. Rows are what is written to, columns what is read from."
        )
    raise UnsupportedModelError(
        f"step: the derivatives that the framework takes of {name} are not those of the step: "
        f"parts of it are cut off from them (no_grad, detach, .numpy(), stop_gradient). Leave "
        f"that out, or pass {argument}=."
    )


# Of differences: one of them fits however steep the step is.
_SPACINGS = {"double": (1e-3, 1e-5, 1e-7), "single": (1e-2, 1e-3, 1e-4)}


def works_in_double(
    step: Callable[[Any, Any], Any],
    size: tuple[int, int],
    double: ArrayKind,
    result: Any,
    advice: str = "",
) -> bool:
    """Return whether a step works in float64 throughout; warn if parts of it are in float32.

    `result` is what it returned when it was tried; it must not be coarser than float32. `advice`
    ends the warning.
    """
    name = str(result.dtype).removeprefix("torch.")
    if name.startswith("complex"):
        raise UnsupportedModelError(
            "step: it returns complex numbers for real states; if the state is complex, pass "
            "state=, an example of one, such as np.zeros(d, complex)."
        )
    if name not in ("float64", "float32"):
        raise UnsupportedModelError(
            f"step: it returns {name}, whose numbers are too coarse to tell where the network "
            f"stands still; compute in float32 or float64."
        )
    if name == "float64" and not _loses_digits(step, size, double):
        return True
    warn(
        "step works in float32 only, at least in parts, so residuals end near 1e-7 and points that "
        "lie close together cannot be told apart; keep weights and what is computed inside it in "
        f"float64 for exact points.{advice}"
    )
    return False


def _loses_digits(
    step: Callable[[Any, Any], Any], size: tuple[int, int], double: ArrayKind
) -> bool:
    """Return whether a step from float64 to float64 computes in float32 inside.

    Shifts that float64 resolves and float32 does not move a smooth step in proportion; a step
    that rounds to float32 on the way moves in jumps.
    """
    x, u = trial_rows(size, double)
    with np.errstate(all="ignore"):
        base, *moved = (to_numpy(step(x + k * _SHIFT, u)) for k in (0, *_MULTIPLES))
    changes = np.array([y - base for y in moved])
    jumps = np.abs(changes[1:] - np.array(_MULTIPLES[1:])[:, None, None] * changes[0])
    rounding = 64 * np.finfo(np.float64).eps * (1 + np.abs(base).max()) * _MULTIPLES[-1]
    return bool(jumps.max() > 1e-3 * np.abs(changes).max() + rounding)


# Together far below the resolution of float32, one by one far above that of float64.
_SHIFT, _MULTIPLES = 1e-8, (1.0, 3.0, 10.0, 30.0)
