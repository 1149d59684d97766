"""Activation functions, their slopes, and what a theorem may assume of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import namespace
from .._core.validation import check_option
from ..intervals import increasing

Array = Float[Any, "..."]


@dataclass(frozen=True)
class Activation:
    """An elementwise function phi, and whether it maps all reals into a bounded interval.

    The slope phi'(a) and the bend phi''(a) are given `a` and phi(a). At ReLU's kink both are 0, as
    in torch.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]
    bend: Callable[[Array, Array], Array]
    bounded: bool


def _slope_of_sigmoid(a: Any) -> Any:
    centred = sigmoid(a) - 0.5  # written so that an interval occurs once, in a square
    return 0.25 - centred * centred


def _level_of_sigmoid(slope: Array) -> Array:
    at = 2 * np.arctanh(np.sqrt(np.clip(1 - 4 * slope, 0.0, 1.0)))
    return np.stack([-at, at])


# The bounds on rounding are those of the library's exp, log1p and tanh (8) and what is done with
# them: exp loses its own 8, the sum 1, the quotient 1.
@increasing(ulps=16, least=0.0, most=1.0, slope=_slope_of_sigmoid, level=_level_of_sigmoid)
def sigmoid(a: Array) -> Array:
    """Return 1 / (1 + exp(-a)) without overflow; `sigmoid(-a)` is 1 - sigmoid(a) to full accuracy.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    xp = namespace(a)
    small = xp.exp(-xp.abs(a))
    return xp.where(a >= 0, xp.ones_like(a), small) / (1 + small)


@increasing(ulps=0, slope=lambda a: _step(a, a))
def _positive_part(a: Array) -> Array:
    xp = namespace(a)
    return xp.where(a > 0, a, xp.zeros_like(a))


@increasing(ulps=0)
def _step(a: Array, _: Array) -> Array:
    return namespace(a).astype(a > 0, a.dtype)


@increasing(ulps=32, slope=lambda a: sigmoid(a))
def _softplus(a: Array) -> Array:
    xp = namespace(a)
    return _positive_part(a) + xp.log1p(xp.exp(-xp.abs(a)))


def _flat(a: Array, _: Array) -> Array:
    return namespace(a).zeros_like(a)


#: The activations that cells know, by name.
ACTIVATIONS = {
    phi.name: phi
    for phi in (
        Activation(
            "tanh",
            lambda a: namespace(a).tanh(a),
            slope=lambda _, h: 1 - h * h,
            bend=lambda _, h: -2 * h * (1 - h * h),
            bounded=True,
        ),
        Activation("relu", _positive_part, _step, _flat, bounded=False),
        Activation(
            "sigmoid",
            sigmoid,
            slope=lambda a, h: h * sigmoid(-a),
            bend=lambda a, h: h * sigmoid(-a) * (1 - 2 * h),
            bounded=True,
        ),
        Activation(
            "softplus",
            _softplus,
            slope=lambda a, _: sigmoid(a),
            bend=lambda a, _: sigmoid(a) * sigmoid(-a),
            bounded=False,
        ),
        Activation(
            "linear",
            lambda a: a,
            slope=lambda a, _: namespace(a).ones_like(a),
            bend=_flat,
            bounded=False,
        ),
    )
}

#: The names of the activations that are linear, but for a kink at zero in some.
PIECEWISE_LINEAR = {"relu", "linear"}


def activation(name: str) -> Activation:
    """Return the activation called `name`.

    Raises
    ------
    ArgumentError
        If there is no activation of that name.

    Examples
    --------
    >>> activation("tanh").bounded
    True
    """
    return ACTIVATIONS[check_option("name", name, ACTIVATIONS)]
