"""Limit cycles as roots: pieces of an orbit that follow each other in a circle, and its period.

Multiple shooting (Ascher, Mattheij and Russell 1995, chapter 4): the unknowns are states at equal
times along the orbit and the logarithm of the period, and the flow must bring each state to the
next. No derivative over a whole period is multiplied out, so a cycle that repels strongly is as
easy to reach as another.

Two things differ from maps. Any shift along the orbit is a solution too; here Newton's step is the
one that does not move along it. And a state at rest is a closed orbit of every period; as gaps are
measured against the length of the orbit, shrinking to a point gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.arrays import to_numpy
from ...dynamics import Dynamics, Rooted, RootProblem
from ...dynamics.integrate import integrate, integrate_tangent

Unknowns = Float[np.ndarray, "n k"]

# States along a cycle that are unknowns: at most so many, and so many numbers, a divisor of the
# number of states that are kept.
_PIECES = (16, 12, 8, 6, 4, 3)
_MOST_UNKNOWNS = 512

# Errors of integration are relative to the size of the orbit, or to this part of its distance from
# zero where that is larger: rounding leaves no more.
_LEAST_SIZE = 1e-3


@dataclass(frozen=True, eq=False)
class Shooting(Rooted):
    """The map whose fixed points are limit cycles of a flow, as states and logarithm of period.

    Attributes
    ----------
    flow
        The flow.
    n_pieces
        How many states along the orbit are unknown.
    tolerance
        Of the integration, relative to the size of the orbit.
    longest, most_steps
        The longest period that is looked at, and how many steps of integration a piece may take.
    """

    flow: Dynamics
    n_pieces: int
    tolerance: float
    longest: float = np.inf
    most_steps: int = 1000

    @property
    def state_size(self) -> int:
        return self.n_pieces * self.flow.state_size + 1

    @property
    def input_size(self) -> int:
        return self.flow.input_size

    def residual_problem(self) -> RootProblem:
        return Closing(self)

    # -- orbits as unknowns -------------------------------------------------------------------

    def unknowns(
        self, states: Float[np.ndarray, "n s d"], period: Float[np.ndarray, " n"]
    ) -> Unknowns:
        """Return the unknowns of orbits; inverse of `orbits`."""
        flat = states.reshape(len(states), self.state_size - 1)
        return np.concatenate([flat, np.log(period)[:, None]], axis=1)

    def orbits(self, y: Unknowns) -> tuple[Float[np.ndarray, "n s d"], Float[np.ndarray, " n"]]:
        """Return the states along each orbit, and its period."""
        states = y[:, :-1].reshape(len(y), self.n_pieces, self.flow.state_size)
        return states, np.exp(y[:, -1])

    def from_states(
        self,
        x: Float[np.ndarray, "n d"],
        period: Float[np.ndarray, " n"],
        u: Float[np.ndarray, "n m"],
    ) -> Unknowns:
        """Return the unknowns of the orbits that begin at x."""
        states, scale = [x], np.maximum(np.abs(x).max(axis=1), np.finfo(np.float64).tiny)
        for _ in range(self.n_pieces - 1):
            part = period / self.n_pieces
            states.append(
                integrate(self.flow, states[-1], u, part, tolerance=self.tolerance, scale=scale)
            )
        return self.unknowns(np.stack(states, axis=1), period)

    def sizes(self, y: Unknowns) -> Float[np.ndarray, " n"]:
        """Return the root mean square distance of the states of each orbit from their mean."""
        spread = self._spread(y)
        size = np.sqrt((spread**2).sum(axis=(1, 2)) / self.n_pieces)
        return np.maximum(size, np.finfo(np.float64).tiny)

    def pieces(
        self, y: Unknowns, u: Float[np.ndarray, "n m"], *, tangent: bool = False
    ) -> tuple[Float[np.ndarray, "n s d"], Float[np.ndarray, "n s d d"] | None]:
        """Return where the flow brings each state in its part of the period, and the derivatives.

        An orbit that is too long comes back as NaN.
        """
        states, period = self.orbits(y)
        n, s, d = states.shape
        size = self._scales(y)
        part = np.where(period <= self.longest, period / s, np.nan)
        rows = states.reshape(-1, d), np.repeat(u, s, axis=0), np.repeat(part, s)
        scale, most = np.repeat(size, s), self.most_steps
        if not tangent:
            ends = integrate(
                self.flow, *rows, tolerance=self.tolerance, scale=scale, most_steps=most
            )
            return ends.reshape(n, s, d), None
        ends, slopes = integrate_tangent(
            self.flow, *rows, tolerance=self.tolerance, scale=scale, most_steps=most
        )
        return ends.reshape(n, s, d), slopes.reshape(n, s, d, d)

    def states_along(
        self, y: Unknowns, u: Float[np.ndarray, "n m"], n_states: int
    ) -> Float[np.ndarray, "n t d"]:
        """Return states of orbits at equal times, each from the last unknown before it.

        There are so many of each orbit, a multiple of the number of unknown ones.
        """
        states, period = self.orbits(y)
        n, s, d = states.shape
        each = n_states // s
        x, after = np.repeat(states.reshape(-1, d), each, axis=0), np.tile(np.arange(each), n * s)
        ends = integrate(
            self.flow,
            x,
            np.repeat(u, n_states, axis=0),
            after * np.repeat(period, n_states) / n_states,
            tolerance=self.tolerance,
            scale=np.repeat(self._scales(y), n_states),
        )
        return ends.reshape(n, n_states, d)

    def _scales(self, y: Unknowns) -> Float[np.ndarray, " n"]:
        """Return to what errors of integration are relative."""
        return np.maximum(self.sizes(y), _LEAST_SIZE * np.abs(y[:, :-1]).max(axis=1))

    def _spread(self, y: Unknowns) -> Float[np.ndarray, "n s d"]:
        states, _ = self.orbits(y)
        return states - states.mean(axis=1, keepdims=True)


@dataclass(frozen=True)
class Closing(RootProblem):
    """The gaps between the pieces of an orbit, relative to its size, and a last equation 0 = 0.

    The row of the last equation in the Jacobian is the direction of motion, so that steps are
    orthogonal to it.
    """

    shooting: Shooting

    def coordinates(self, x: Unknowns, u: Float[Any, "n m"]) -> Unknowns:  # noqa: ARG002
        return x

    def state(self, y: Unknowns, u: Float[Any, "n m"]) -> Unknowns:  # noqa: ARG002
        return y

    def residual(self, y: Unknowns, u: Float[Any, "n m"]) -> Unknowns:
        ends, _ = self.shooting.pieces(y, u)
        return np.pad(self._gaps(y, ends), ((0, 0), (0, 1)))

    def jacobian(self, y: Unknowns, u: Float[Any, "n m"]) -> Float[np.ndarray, "n k k"]:
        ends, slopes = self.shooting.pieces(y, u, tangent=True)
        assert slopes is not None
        (n, s, d), (states, period) = ends.shape, self.shooting.orbits(y)
        size = self.shooting.sizes(y)[:, None, None]
        G = np.zeros((n, s * d + 1, s * d + 1))
        for j in range(s):
            rows, following = slice(j * d, (j + 1) * d), (j + 1) % s * d
            G[:, rows, rows] = slopes[:, j]
            G[:, rows, following : following + d] -= np.eye(d)
        rates, at_ends = (velocities(self.shooting.flow, x, u) for x in (states, ends))
        G[:, :-1, -1] = (period[:, None, None] / s * at_ends).reshape(n, -1)
        G[:, -1, :-1] = rates.reshape(n, -1) / np.linalg.norm(rates, axis=(1, 2))[:, None]
        # Gaps are relative to the size, which changes with the states as well.
        grown = self.shooting._spread(y).reshape(n, 1, -1) / (s * size)
        G[:, :-1, :-1] -= self._gaps(y, ends)[:, :, None] * grown
        return G / size

    def _gaps(self, y: Unknowns, ends: Float[np.ndarray, "n s d"]) -> Float[np.ndarray, "n g"]:
        states, _ = self.shooting.orbits(y)
        gaps = (ends - np.roll(states, -1, axis=1)).reshape(len(y), -1)
        return gaps / self.shooting.sizes(y)[:, None]


def pieces_for(state_size: int) -> int:
    """Return in how many pieces the orbits of a flow with so many variables are sought.

    Examples
    --------
    >>> pieces_for(2), pieces_for(100)
    (16, 4)
    """
    fitting = [s for s in _PIECES if s * state_size <= _MOST_UNKNOWNS]
    return (fitting or [_PIECES[-1]])[0]


def velocities(
    flow: Dynamics, states: Float[np.ndarray, "n s d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n s d"]:
    """Return f at states along orbits, each under its own input."""
    asarray, (n, s, d) = flow.arrays.asarray, states.shape
    moved = flow.step(asarray(states.reshape(-1, d)), asarray(np.repeat(u, s, axis=0)))
    return to_numpy(moved).astype(np.float64).reshape(n, s, d)
