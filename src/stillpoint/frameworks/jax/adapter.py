"""JAX: any function on its arrays, compiled once, differentiated by JAX, NumPy at the boundary.

Functions run in float64 whatever the global setting is, which stays as it was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from ...arrays import ArrayKind
from ...dynamics import Dynamics
from ..functions import Derivative, StepFunction
from .rows import as_row
from .tiles import Tiled


def is_array(array: Any) -> bool:
    """Whether `array` is JAX's."""
    return isinstance(array, jax.Array)


def read_function(given: StepFunction) -> Dynamics:
    """Return a JAX function as dynamics on NumPy arrays.

    The function may be of batches, (n, d) and (n, m), or of one state (d,) and one input (m,);
    which of the two is found out by calling it.

    Raises
    ------
    UnsupportedModelError
        If JAX cannot trace the function, or it is not one step of a state.
    """
    row, double = as_row(given)
    arrays = ArrayKind.of(np.zeros(0, dtype=np.float64 if double else np.float32))
    tiled = functools.partial(Tiled, width=max(given.size), double=double)
    return given.dynamics(
        arrays,
        tiled(row),
        of_state=tiled(jax.jacfwd(row)),
        of_inputs=tiled(jax.jacfwd(row, argnums=1)),
        pushforward=tiled(lambda x, u, v: jax.jvp(lambda y: row(y, u), (x,), (v,))[1]),
        pullback=tiled(lambda x, u, w: jax.vjp(lambda y: row(y, u), x)[1](w)[0]),
        called=_on_host,
    )


def differentiate(
    function: Callable[[Any], Any], x: Float[jax.Array, "n d"]
) -> Float[jax.Array, "n k d"]:
    """Return the Jacobian of a row-wise function.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> differentiate(jnp.square, jnp.ones((1, 2)))[0].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    return jax.vmap(jax.jacfwd(lambda row: function(row[None, :])[0]))(x)


def _on_host(derivative: Derivative) -> Derivative:
    """Return the caller's batched derivative as one on NumPy arrays."""

    def called(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with jax.enable_x64(x.dtype == np.float64):
            return np.asarray(derivative(x, u), dtype=x.dtype)

    return called
