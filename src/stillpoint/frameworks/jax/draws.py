"""Random draws inside a step, each replaced by its mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

Step = Callable[[jax.Array, jax.Array], jax.Array]


def with_means_of_draws(step: Step) -> Step:
    """Return a step in which what `jax.random` draws is the mean of its distribution.

    Draws are told in the traced step by the names of JAX's own functions, wherever they are called
    from, so that neither the step nor what JAX remembers of it changes. Distributions that are not
    listed here are drawn as ever.

    Examples
    --------
    >>> noisy = lambda x, u: x + u + jax.random.normal(jax.random.key(0), x.shape)
    >>> with_means_of_draws(noisy)(jnp.ones(2), jnp.zeros(2)).tolist()
    [1.0, 1.0]
    """

    def quiet(x: jax.Array, u: jax.Array) -> jax.Array:
        return jaxpr_as_fun(_quieted(jax.make_jaxpr(step)(x, u)))(x, u)[0]

    return quiet


def _quieted(held: Any) -> Any:
    """Return a traced function without draws, whatever loops and branches it has.

    What else a parameter of an equation holds is returned as it is.
    """
    if isinstance(held, tuple) and any(isinstance(part, ClosedJaxpr) for part in held):
        return tuple(map(_quieted, held))
    if not isinstance(held, ClosedJaxpr):
        return held
    equations = [
        equation.replace(params=_mean(equation) or {k: _quieted(v) for k, v in params.items()})
        for equation in held.jaxpr.eqns
        for params in [equation.params]
    ]
    return ClosedJaxpr(held.jaxpr.replace(eqns=equations), held.consts)


def _mean(equation: Any) -> dict[str, Any] | None:
    """Return the parameters of an equation that draws, with the mean for what it calls."""
    mean = _MEANS.get(equation.params.get("name", ""))
    given = [variable.aval for variable in equation.invars]
    if mean is None or not given or not jnp.issubdtype(given[0].dtype, jax.dtypes.prng_key):
        return None
    (drawn,) = (variable.aval for variable in equation.outvars)

    def constant(*arguments: Any) -> jax.Array:
        return jnp.broadcast_to(mean(*arguments), drawn.shape).astype(drawn.dtype)

    return equation.params | {"jaxpr": jax.make_jaxpr(constant)(*given)}


# By the name under which JAX compiles a draw; the key comes first.
_MEANS: dict[str, Callable[..., Any]] = {
    "_normal": lambda key: 0.0,  # noqa: ARG005
    "_normal_real": lambda key: 0.0,  # noqa: ARG005
    "_uniform": lambda key, low, high: (low + high) / 2,  # noqa: ARG005
    "_exponential": lambda key: 1.0,  # noqa: ARG005
    "_laplace": lambda key: 0.0,  # noqa: ARG005
    "_logistic": lambda key: 0.0,  # noqa: ARG005
    "_gumbel": lambda key, *_: np.euler_gamma,  # noqa: ARG005
}
