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
from ...dynamics import Dynamics, Kind
from ...structure import Structure
from ..functions import Derivative, FunctionDynamics, accept_state_alone, check_derivative
from .rows import as_row
from .tiles import Tiled


def is_array(array: Any) -> bool:
    """Whether `array` is JAX's."""
    return isinstance(array, jax.Array)


def read_function(
    function: Callable[..., Any],
    structure: Structure,
    input_size: int,
    *,
    kind: Kind = "map",
    jacobian: Derivative | None = None,
    input_jacobian: Derivative | None = None,
    lefschetz: int | None = None,
) -> Dynamics:
    """Return a JAX function as dynamics on NumPy arrays.

    Parameters
    ----------
    function
        Of batches (n, d) and (n, m), or of one state (d,) and one input (m,); which of the two
        is found out by calling it. It must be one that JAX can trace.
    structure
        The nest of its states.
    input_size
        The number of inputs m.
    kind, jacobian, input_jacobian, lefschetz
        As in `as_system`; derivatives are of batches.

    Raises
    ------
    UnsupportedModelError
        If JAX cannot trace the function, or it is not one step of a state.
    """
    given = accept_state_alone(function, input_size)
    size = (structure.size, input_size)
    row, double = as_row(given, structure, size)
    arrays = ArrayKind.of(np.zeros(0, dtype=np.float64 if double else np.float32))
    check_derivative("jacobian", jacobian, size, size[0], arrays)
    check_derivative("input_jacobian", input_jacobian, size, size[1], arrays)
    tiled = functools.partial(Tiled, width=max(size), double=double)
    return FunctionDynamics(
        function=tiled(row),
        size=size,
        array_kind=arrays,
        state_derivative=_on_host(jacobian) or tiled(jax.jacfwd(row)),
        input_derivative=_on_host(input_jacobian) or tiled(jax.jacfwd(row, argnums=1)),
        pushforward=tiled(lambda x, u, v: jax.jvp(lambda y: row(y, u), (x,), (v,))[1]),
        pullback=tiled(lambda x, u, w: jax.vjp(lambda y: row(y, u), x)[1](w)[0]),
        function_kind=kind,
        known_lefschetz=lefschetz,
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


def _on_host(derivative: Derivative | None) -> Derivative | None:
    """Return the caller's batched derivative as one on NumPy arrays."""
    if derivative is None:
        return None

    def called(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with jax.enable_x64(x.dtype == np.float64):
            return np.asarray(derivative(x, u), dtype=x.dtype)

    return called
