"""How sharply a fixed point is known: where it lies, and what that leaves of its labels.

At a state with residual g and Jacobian G, a zero of g lies about eta = |G^-1 g| away, the rounding
of g included. Around it G changes; with h = eta |G^-1 dG/dy|, Newton and Kantorovich's theorem
gives exactly one zero nearby where h <= 1/2. At a double zero, h is 1/2 however near to it Newton's
method ends; where there is a minimum of |g| but no zero, it is larger. So h, which no change of
units alters, says whether a zero is told apart from its neighbours (Kantorovich 1948; Deuflhard
2004). All is estimated, nothing proved: dG/dy is taken along the softest directions, in which eta
is large, over a few eta.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .._core.arrays import finite_or_zero, host
from ..dynamics import Dynamics

#: A point with a larger h is not told apart from its neighbours. Kantorovich's 1/2 leaves no room
#: for the errors of what is estimated.
DEGENERATE = 0.125

#: With a larger condition number a point may be one of a continuum, and Newton steps are poor.
ILL_CONDITIONED = 1e7

# G is looked at this many eta away, along so many of the directions in which it is smallest.
_AROUND = 4.0
_SOFTEST = 3

# A position that is not known to this, relative to max(1, |y|), is not known.
_VAGUE = 1e-3

# The rounding of g is that of its values at so many states, a few units in the last place away.
_SCATTERED = 8
_PLACES = 8

# Numbers held at a time.
_ENTRIES = 2**23


@dataclass(frozen=True)
class Resolution:
    """What is known about the position of n fixed points, one row each.

    Attributes
    ----------
    condition
        Condition number of the equilibrium form's Jacobian G (see `stillpoint.local.condition`).
    kantorovich
        h = eta |G^-1 dG/dy|; infinite where G is singular to rounding.
    jacobian_error
        By how much the Jacobian in the state changes over the error of the position, relative to
        its own Frobenius norm.
    """

    condition: Float[np.ndarray, " n"]
    kantorovich: Float[np.ndarray, " n"]
    jacobian_error: Float[np.ndarray, " n"]


@np.errstate(all="ignore")
def resolution_at(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Resolution:
    """Return how sharply fixed points at states x under inputs u are known."""
    size = max(1, _ENTRIES // dynamics.working_size**2)
    parts = [
        _resolution(dynamics, x[first : first + size], u[first : first + size])
        for first in range(0, max(1, len(x)), size)
    ]
    return Resolution(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _resolution(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    problem, asarray = dynamics.equilibrium_problem(), dynamics.arrays.asarray
    sharp, other = dynamics.differentiated_sharply()
    inputs, eps = asarray(u), dynamics.arrays.resolution
    y = host(problem.coordinates(asarray(x), inputs))
    residual, slope = (
        host(problem.residual(asarray(y), inputs)),
        host(sharp.equilibrium_problem().jacobian(asarray(y), inputs)),
    )
    basis, values, directions = np.linalg.svd(finite_or_zero(slope), full_matrices=False)
    softest = values[:, -1]
    condition = np.where(softest > 0, np.maximum(values[:, 0], 1.0) / softest, np.inf)

    def soft(vectors: Float[np.ndarray, "n k _"]) -> Float[np.ndarray, "n k _"]:
        """Return G^-1 times vectors, in the basis of the singular directions."""
        return np.swapaxes(basis, 1, 2) @ vectors / values[:, :, None]

    # Where the zero is: what g says, and what the rounding of g leaves open. It is a difference of
    # numbers as large as it is one unit away, whose rounding may hide itself just here.
    residuals = [host(problem.residual(asarray(y + move), inputs)) for move in (1.0, -1.0)]
    far = np.nan_to_num(np.fmax(*(np.abs(value - residual) for value in residuals)), posinf=0.0)
    noise = eps * (np.einsum("nrk,nk->nr", np.abs(slope), np.abs(y)) + np.abs(residual) + far)
    if dynamics.kind == "map":
        noise += eps * np.abs(y)
    rng = np.random.default_rng(0)
    for _ in range(_SCATTERED):
        move = eps * rng.integers(-_PLACES, _PLACES + 1, y.shape) * y
        value = host(problem.residual(asarray(y + move), inputs))
        noise = np.fmax(noise, 2 * np.abs(value - residual - np.einsum("nrk,nk->nr", slope, move)))
    within = np.abs(soft(residual[:, :, None])[:, :, 0])
    within += np.einsum("nrk,nr->nk", np.abs(basis), noise) / values
    eta = np.linalg.norm(within, axis=1)
    vague = ~(eta < _VAGUE * np.maximum(1.0, np.abs(y).max(axis=1, initial=0.0)))
    eta[vague] = 0.0

    # How the Jacobians change within a few eta of it; their entries are rounded as g is.
    here, jacobian = (
        host(f(asarray(at), inputs)) for f, at in ((problem.jacobian, y), (dynamics.jacobian, x))
    )
    bend = eps * (np.linalg.norm(slope, axis=(1, 2)) + np.linalg.norm(far, axis=1))
    bend /= softest
    if other is not None:
        again = other.equilibrium_problem().jacobian(asarray(y), inputs)
        apart = soft(host(again) - slope)
        bend += _AROUND * np.linalg.norm(apart, axis=(1, 2))
    change = np.zeros(len(x))
    if dynamics.piecewise_linear() is None:
        for direction in directions[:, -_SOFTEST:].swapaxes(0, 1):
            for sign in (_AROUND, -_AROUND):
                moved = asarray(y + sign * eta[:, None] * direction)
                turned = soft(host(problem.jacobian(moved, inputs)) - here)
                bend = np.fmax(bend, np.linalg.norm(turned, axis=(1, 2)))
                state = problem.state(moved, inputs)
                shift = host(dynamics.jacobian(state, inputs)) - jacobian
                change = np.fmax(change, np.linalg.norm(shift, axis=(1, 2)))
    unknown = vague | ~np.isfinite(bend)
    length = np.maximum(np.linalg.norm(jacobian, axis=(1, 2)), np.finfo(np.float64).tiny)
    return (
        condition,
        np.where(unknown, np.inf, bend / _AROUND),
        np.where(unknown, np.inf, change / length),
    )
