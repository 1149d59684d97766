"""JAX: any function on its arrays, compiled once, differentiated by JAX, NumPy at the boundary.

Functions run in float64 whatever the global setting is, which stays as it was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ..._core.arrays import ArrayKind
from ...errors import UnsupportedModelError
from ..functions import Derivative, FunctionDynamics, StepFunction
from .rows import RowStep, as_row
from .tiles import Tiled


def is_array(array: Any) -> bool:
    """Whether `array` is JAX's."""
    return isinstance(array, jax.Array)


def read_function(given: StepFunction) -> FunctionDynamics:
    """Return a JAX function as dynamics on NumPy arrays.

    The function may be of batches, (n, d) and (n, m), or of one state (d,) and one input (m,);
    which of the two is found out by calling it.

    Raises
    ------
    UnsupportedModelError
        If JAX cannot trace or differentiate the function, or it is not one step of a state.
    """
    row, double = as_row(given)
    arrays = ArrayKind.of(np.zeros(0, dtype=np.float64 if double else np.float32))
    tiled = functools.partial(Tiled, width=max(given.size), double=double)
    modes = (jax.jacfwd, jax.jacrev)
    derive = next((m for m in modes if _differentiates(m, row, given.size, arrays.dtype)), None)
    if derive is None and not (given.jacobian and given.input_jacobian):
        raise UnsupportedModelError(
            f"step: {given.name} cannot be differentiated by JAX (it calls back into Python, or a "
            f"rule of its own is missing); pass jacobian= and input_jacobian=."
        )
    derive = derive or jax.jacfwd  # which is not called then

    def push_forward(x: jax.Array, u: jax.Array, v: jax.Array) -> jax.Array:
        return jax.jvp(lambda y: row(y, u), (x,), (v,))[1]

    pushed = tiled(push_forward) if derive is jax.jacfwd else None
    return given.dynamics(
        "jax",
        arrays,
        tiled(row),
        of_state=tiled(derive(row)),
        of_inputs=tiled(derive(row, argnums=1)),
        linear=None if pushed is None else lambda x, u: functools.partial(pushed, x, u),
        pullback=tiled(lambda x, u, w: jax.vjp(lambda y: row(y, u), x)[1](w)[0]),
        called=_on_host,
    )


def read_observable(
    function: Callable[[Any], Any], size: int
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a function g of states (n, d) and its Jacobian, both on NumPy arrays.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> value, jacobian = read_observable(jnp.square, 2)
    >>> jacobian(np.ones((1, 2)))[0].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    def row(x: jax.Array) -> jax.Array:
        return function(x[None, :])[0]

    return Tiled(row, size, double=True), Tiled(jax.jacfwd(row), size, double=True)


def _differentiates(
    derive: Callable[..., Any], row: RowStep, size: tuple[int, int], dtype: Any
) -> bool:
    """Whether JAX can differentiate a step in this mode."""
    try:
        with jax.enable_x64(dtype == np.float64):
            jax.eval_shape(derive(row), *(np.zeros(n, dtype) for n in size))
    except (TypeError, ValueError):
        return False
    return True


def _on_host(derivative: Derivative) -> Derivative:
    """Return the caller's batched derivative as one on NumPy arrays."""

    def called(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with jax.enable_x64(x.dtype == np.float64):
            return np.asarray(derivative(x, u), dtype=x.dtype)

    return called
