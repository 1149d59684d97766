"""Random draws inside a step, each replaced by its mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Var, jaxpr_as_fun

from ...errors import UnsupportedModelError

Step = Callable[[jax.Array, jax.Array], jax.Array]


def with_means_of_draws(step: Step) -> Step:
    """Return a step in which what `jax.random` draws is the mean of its distribution.

    Draws are told in the traced step by the names of JAX's own functions, wherever they are called
    from, so that neither the step nor what JAX remembers of it changes.

    Raises
    ------
    UnsupportedModelError
        When it is called, if it draws from a distribution whose mean is not known here, or that has
        none among its numbers, such as a coin.

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
    if isinstance(held, tuple) and any(isinstance(part, ClosedJaxpr | Jaxpr) for part in held):
        return tuple(map(_quieted, held))
    if isinstance(held, Jaxpr):
        _refuse_masks(held)
        return held.replace(eqns=[_quiet_equation(equation) for equation in held.eqns])
    if not isinstance(held, ClosedJaxpr):
        return held
    return ClosedJaxpr(_quieted(held.jaxpr), held.consts)


def _refuse_masks(jaxpr: Jaxpr) -> None:
    """Refuse a draw that is compared with something: it stands for a coin, its mean does not."""
    drawn = {v for e in jaxpr.eqns if _draws(e) and _name(e) in _MEANS for v in e.outvars}
    for equation in jaxpr.eqns:
        if equation.primitive.name in _COMPARISONS and drawn & {
            v for v in equation.invars if isinstance(v, Var)
        }:
            raise UnsupportedModelError(
                "noise: the step makes a mask of numbers that it draws, whose mean is no mask; "
                "leave the mask out."
            )


def _quiet_equation(equation: Any) -> Any:
    name, params = _name(equation), equation.params
    if _draws(equation) and name in _MEANS:
        return equation.replace(params=params | {"jaxpr": _mean(equation, _MEANS[name])})
    if _draws(equation) and (name.startswith("_") or equation.primitive.name == "random_bits"):
        raise UnsupportedModelError(
            f"noise: the step draws {name.strip('_') or 'bits'} numbers of jax.random, which have "
            f"no mean that stands for them here ({', '.join(n.strip('_') for n in _MEANS)} have); "
            f"leave them out of the step."
        )
    return equation.replace(params={k: _quieted(v) for k, v in params.items()})


def _draws(equation: Any) -> bool:
    """Whether what an equation is given first is a key."""
    given = [variable.aval for variable in equation.invars]
    return bool(given) and jnp.issubdtype(given[0].dtype, jax.dtypes.prng_key)


def _name(equation: Any) -> str:
    """The name of the function that an equation calls, empty if it calls none."""
    return str(equation.params.get("name", ""))


def _mean(equation: Any, mean: Callable[..., Any]) -> ClosedJaxpr:
    """Return a traced function of what an equation is given that returns the mean it draws."""
    (drawn,) = (variable.aval for variable in equation.outvars)

    def constant(*arguments: Any) -> jax.Array:
        return jnp.broadcast_to(mean(*arguments), drawn.shape).astype(drawn.dtype)

    return jax.make_jaxpr(constant)(*(variable.aval for variable in equation.invars))


_COMPARISONS = {"lt", "le", "gt", "ge", "eq", "ne"}


def _truncated(key: Any, low: Any, high: Any) -> Any:  # noqa: ARG001
    density, share = jax.scipy.stats.norm.pdf, jax.scipy.stats.norm.cdf
    return (density(low) - density(high)) / (share(high) - share(low))


# By the name under which JAX compiles a draw; the key comes first.
_MEANS: dict[str, Callable[..., Any]] = {
    "_normal": lambda key: 0.0,  # noqa: ARG005
    "_normal_real": lambda key: 0.0,  # noqa: ARG005
    "_truncated_normal": _truncated,
    "_uniform": lambda key, low, high: (low + high) / 2,  # noqa: ARG005
    "_exponential": lambda key: 1.0,  # noqa: ARG005
    "_laplace": lambda key: 0.0,  # noqa: ARG005
    "_logistic": lambda key: 0.0,  # noqa: ARG005
    "_gumbel": lambda key, *_: np.euler_gamma,  # noqa: ARG005
}
