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

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from .._core.arrays import batches, finite_or_zero, host
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

# Slopes are compared at these spacings, which no difference for a Jacobian has.
_SPACINGS = 2.0 ** -np.arange(23, 45, 3)

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

    @classmethod
    def joined(cls, parts: Sequence[Resolution]) -> Resolution:
        """Return the rows of several in one."""
        columns = ([getattr(part, f.name) for part in parts] for f in fields(cls))
        return cls(*map(np.concatenate, columns))


@np.errstate(all="ignore")
def resolution_at(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Resolution:
    """Return how sharply fixed points at states x under inputs u are known."""
    several = batches(max(1, len(x)), dynamics.working_size**2, _ENTRIES)
    parts = [Around(dynamics, x[rows], u[rows]).resolution() for rows in several]
    return Resolution.joined(parts)


class Around:
    """The equilibrium equations g around some states, and their Jacobian G there."""

    def __init__(
        self, dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
    ) -> None:
        self.dynamics, self.x = dynamics, x
        self.problem, self.asarray = dynamics.equilibrium_problem(), dynamics.arrays.asarray
        self.inputs, self.eps = self.asarray(u), dynamics.arrays.resolution
        self.y = host(self.problem.coordinates(self.asarray(x), self.inputs))
        self.residual = self._value(np.zeros_like(self.y))
        sharp, self.other = dynamics.differentiated_sharply()
        self.slope = self._jacobian(sharp, self.y)
        self._factorise()
        # Values of g are differences of numbers as large as g is one unit away.
        far = [np.abs(self._value(np.full_like(self.y, s)) - self.residual) for s in (1.0, -1.0)]
        self.terms = np.nan_to_num(np.fmax(*far), posinf=0.0)

    def _factorise(self) -> None:
        """Prepare what is asked of G: its largest and least values, its softest directions."""
        self.basis, self.values, directions = np.linalg.svd(
            finite_or_zero(self.slope), full_matrices=False
        )
        self.largest, self.least = self.values[:, 0], self.values[:, -1]
        self.directions = directions[:, -_SOFTEST:]

    def resolution(self) -> Resolution:
        """Return what is known of these states."""
        condition = np.where(self.least > 0, np.maximum(self.largest, 1.0) / self.least, np.inf)
        eta = self._position_error()
        vague = ~(eta < _VAGUE * np.maximum(1.0, np.abs(self.y).max(axis=1, initial=0.0)))
        bend, change = self._changes(np.where(vague, 0.0, eta))
        vague |= ~np.isfinite(bend)
        return Resolution(
            condition,
            np.where(vague, np.inf, bend / _AROUND),
            np.where(vague, np.inf, change),
        )

    def _position_error(self) -> Float[np.ndarray, " n"]:
        """Return eta: how far off the zero is that g says, and that its rounding leaves open."""
        y, slope, eps = self.y, self.slope, self.eps
        noise = np.einsum("nrk,nk->nr", np.abs(slope), np.abs(y)) + np.abs(self.residual)
        noise = eps * (noise + self.terms + (np.abs(y) if self.dynamics.kind == "map" else 0.0))
        rng = np.random.default_rng(0)
        for _ in range(_SCATTERED):  # the rounding that `terms` would explain may hide just here
            move = eps * rng.integers(-_PLACES, _PLACES + 1, y.shape) * y
            off = self._value(move) - self.residual - np.einsum("nrk,nk->nr", slope, move)
            noise = np.fmax(noise, 2 * np.abs(off))
        within = np.abs(self._solve(self.residual[:, :, None])[:, :, 0])
        return np.linalg.norm(within + self._spread(noise), axis=1)

    def _spread(self, noise: Float[np.ndarray, "n r"]) -> Float[np.ndarray, "n k"]:
        """Return how far noise of any signs moves the zero, along each singular direction."""
        return np.einsum("nrk,nr->nk", np.abs(self.basis), noise) / self.values

    def _changes(
        self, eta: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return |G^-1 dG| within a few eta, and |dJ| / |J|; entries are rounded as g is."""
        size = np.linalg.norm(self.slope, axis=(1, 2)) + np.linalg.norm(self.terms, axis=1)
        bend, change = self.eps * size / self.least, np.zeros(len(eta))
        if self.other is not None:
            apart = self._solve(self._jacobian(self.other, self.y) - self.slope)
            finer = self._finer_slopes()
            bend += _AROUND * np.linalg.norm(apart, axis=(1, 2))
            bend += _AROUND * np.linalg.norm(self._solve(finer), axis=(1, 2))
            change = np.linalg.norm(finer, axis=(1, 2))
        if self.dynamics.piecewise_linear() is None:
            moves = [
                self.y + sign * eta[:, None] * direction
                for direction in self.directions.swapaxes(0, 1)
                for sign in (_AROUND, -_AROUND)
            ]
            turned, shifted = self._turns(moves)
            bend, change = np.fmax(bend, turned), np.fmax(change, shifted)
        jacobian = host(self.dynamics.jacobian(self.asarray(self.x), self.inputs))
        length = np.linalg.norm(jacobian, axis=(1, 2))
        return bend, change / np.maximum(length, np.finfo(np.float64).tiny)

    def _turns(
        self, moves: list[Float[np.ndarray, "n k"]]
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return the largest |G^-1 dG| and |dJ| of some other states."""
        dynamics, asarray = self.dynamics, self.asarray
        here = self._jacobian(dynamics, self.y)
        jacobian = host(dynamics.jacobian(asarray(self.x), self.inputs))
        bend = change = np.zeros(len(self.x))
        for moved in moves:
            turned = self._solve(self._jacobian(dynamics, moved) - here)
            bend = np.fmax(bend, np.linalg.norm(turned, axis=(1, 2)))
            state = self.problem.state(asarray(moved), self.inputs)
            shift = host(dynamics.jacobian(state, self.inputs)) - jacobian
            change = np.fmax(change, np.linalg.norm(shift, axis=(1, 2)))
        return bend, change

    def _finer_slopes(self) -> Float[np.ndarray, "n r 2"]:
        """Return by how much slopes along two directions differ at any finer spacing from G.

        A function may vary on scales that no difference of its Jacobian has.
        """
        rng, worst = np.random.default_rng(0), np.zeros((*self.residual.shape, 2))
        for column in range(2):
            direction = rng.standard_normal(self.y.shape[1:])
            direction /= np.linalg.norm(direction)
            slope = self.slope @ direction
            for spacing in _SPACINGS:
                move = spacing * direction
                ahead, behind = (
                    self._value(np.broadcast_to(s * move, self.y.shape)) for s in (1, -1)
                )
                rounding = _PLACES * self.eps * (self.terms + np.abs(self.y)) / spacing
                off = np.abs((ahead - behind) / (2 * spacing) - slope) - rounding
                worst[:, :, column] = np.fmax(worst[:, :, column], off)
        return worst

    def _value(self, move: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n r"]:
        return host(self.problem.residual(self.asarray(self.y + move), self.inputs))

    def _jacobian(
        self, dynamics: Dynamics, y: Float[np.ndarray, "n k"]
    ) -> Float[np.ndarray, "n r k"]:
        return host(dynamics.equilibrium_problem().jacobian(self.asarray(y), self.inputs))

    def _solve(self, vectors: Float[np.ndarray, "n r _"]) -> Float[np.ndarray, "n k _"]:
        """Return G^-1 times vectors, in the basis of the singular directions."""
        return np.swapaxes(self.basis, 1, 2) @ vectors / self.values[:, :, None]
