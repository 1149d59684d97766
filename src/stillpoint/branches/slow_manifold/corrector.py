"""Newton's method for states whose motion lies along the slow directions.

At a state of the manifold r(x) = T rho: what the network does in one step is a motion along the
frame T of slow directions and nothing else. With the section S^T (x - anchor) = 0 that is a square
system in (x, rho). Its matrix [[G, -T], [S^T, 0]], G the Jacobian of r, stays regular where G is
singular along T alone (Keller 1977; Allgower and Georg 1990).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.arrays import host
from ...local import NoSlowModes, SlowModes, slow_modes
from ...system import System
from .recurring import remembering

# The largest number of Newton steps.
_NEWTON_STEPS = 20
# How many lengths each of them tries.
_HALVINGS = 6
# How often the frame is turned to the slow directions at the solution.
_TURNS = 15
# The largest number of steps of inverse iteration for that.
_INVERSE_STEPS = 60
# A residual of this size, relative to the state, is aimed at ...
_TOLERANCE = 1e-13
# ... and this is accepted where rounding, of float32 functions above all, lets it fall no further.
_ROUNDING = 1e-6
# The frame has settled where it turns by less than this, in radians.
_SETTLED = 1e-9


@dataclass(frozen=True, eq=False)
class UnderInput:
    """The motion of a system at single states, in float64, under one input, shape (m,)."""

    system: System
    inputs: Float[np.ndarray, " m"]

    def residual(self, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """Return F(x, u) - x, or f(x, u)."""
        return self._at(x, self.system.dynamics.residual_problem().residual)

    def jacobian(self, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
        """Return the Jacobian of the motion."""
        return self._at(x, self.system.dynamics.residual_problem().jacobian)

    def slow_modes(self, x: Float[np.ndarray, " d"], p: int) -> SlowModes | NoSlowModes:
        """Return the p slow modes of F, or of f, or why there are none."""
        return self._modes(self._at(x, self.system.dynamics.jacobian), self.system.kind, p)

    @cached_property
    def slow_frame(self) -> Callable[..., Float[np.ndarray, "d p"] | None]:
        """The slow directions of a Jacobian, nearest to a frame, as seen through a section."""
        return remembering(_slow_frame)

    @cached_property
    def _modes(self) -> Callable[..., SlowModes | NoSlowModes]:
        return remembering(slow_modes)

    def _at(self, x: Float[np.ndarray, " d"], function: Callable[[Any, Any], Any]) -> np.ndarray:
        asarray = self.system.dynamics.arrays.asarray
        return host(function(asarray(x[None]), asarray(self.inputs[None])))[0]


@dataclass(frozen=True, eq=False)
class Corrected:
    """A state on the manifold, its drift in the frame, the frame, and whether that has settled."""

    state: Float[np.ndarray, " d"]
    drift: Float[np.ndarray, " p"]
    frame: Float[np.ndarray, "d p"]
    settled: bool


def correct(
    motion: UnderInput,
    anchor: Float[np.ndarray, " d"],
    section: Float[np.ndarray, "d p"],
    frame: Float[np.ndarray, "d p"],
    reach: float,
) -> Corrected | None:
    """Return the state in the section through `anchor` whose motion lies along its slow directions.

    The motion is first asked to lie along `frame`. After each Newton solution the frame is turned
    to the slow directions there, by inverse iteration with the matrix at hand, and the state is
    corrected again, until both agree: the result does not depend on the way that led
    there. Among the kinks of a piecewise linear network they may not agree within `reach` of the
    anchor; the solution for the frame given, which is continuous there, is returned then.
    """
    x, drift = anchor, frame.T @ motion.residual(anchor)
    best, before = None, np.inf
    for turn in range(_TURNS):
        solution = _newton(motion, x, drift, anchor, frame, section)
        if solution is None or np.linalg.norm(solution[0] - anchor) > reach:
            break
        x, drift, jacobian = solution
        best = Corrected(x, drift, frame, settled=False)
        turned = motion.slow_frame(jacobian, frame, section)
        change = np.inf if turned is None else float(np.linalg.norm(turned - frame))
        if change < _SETTLED:
            return Corrected(x, drift, frame, settled=True)
        if turned is None or (turn > 2 and change >= before):
            break
        drift, frame, before = turned.T @ (frame @ drift), turned, change
    return best


def _newton(
    motion: UnderInput,
    x: Float[np.ndarray, " d"],
    drift: Float[np.ndarray, " p"],
    anchor: Float[np.ndarray, " d"],
    frame: Float[np.ndarray, "d p"],
    section: Float[np.ndarray, "d p"],
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " p"], Float[np.ndarray, "d d"]] | None:
    """Return x, drift and Jacobian of the solution, or None; steps are halved if need be."""
    d = len(x)

    def residual(z: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [motion.residual(z[:d]) - frame @ z[d:], section.T @ (z[:d] - anchor)]
        )

    z = np.concatenate([x, drift])
    g = residual(z)
    for _ in range(_NEWTON_STEPS):
        size, scale = np.linalg.norm(g), max(1.0, float(np.linalg.norm(z[:d])))
        jacobian = motion.jacobian(z[:d])
        if size <= _TOLERANCE * scale:
            return z[:d], z[d:], jacobian
        step = _solve(_bordered(jacobian, frame, section), -g)
        if step is None:
            return None
        for share in 0.5 ** np.arange(_HALVINGS):
            trial = z + share * step
            after = residual(trial)
            if np.linalg.norm(after) < size:
                z, g = trial, after
                break
        else:
            return (z[:d], z[d:], jacobian) if size <= _ROUNDING * scale else None
    return None


def _slow_frame(
    jacobian: Float[np.ndarray, "d d"],
    frame: Float[np.ndarray, "d p"],
    section: Float[np.ndarray, "d p"],
) -> Float[np.ndarray, "d p"] | None:
    """Return an orthonormal basis of the slow span of a Jacobian, turned as little as possible.

    dx / ds, the derivative of the solution in its place s along the section, solves the bordered
    system with right-hand side (0; 1): G dx/ds = T drho/ds, a step of inverse iteration.
    """
    d, p = frame.shape
    unit = np.vstack([np.zeros((d, p)), np.eye(p)])
    matrix = _bordered(jacobian, frame, section)
    for _ in range(_INVERSE_STEPS):
        solution = _solve(matrix, unit)
        if solution is None:
            return None
        before, frame = frame, _nearest_frame(solution[:d], frame)
        matrix[:d, d:] = -frame
        if np.linalg.norm(frame - before) < 0.1 * _SETTLED:
            break
    return frame


def _nearest_frame(
    columns: Float[np.ndarray, "d p"], frame: Float[np.ndarray, "d p"]
) -> Float[np.ndarray, "d p"]:
    """Return the orthonormal basis of the span of some columns that is nearest to a frame."""
    if columns.shape[1] == 1:  # of a line; what follows would do, but takes three times as long
        unit = columns / np.linalg.norm(columns)
        return -unit if (unit * frame).sum() < 0 else unit
    span = np.linalg.qr(columns)[0]
    left, _, right = np.linalg.svd(span.T @ frame)
    return span @ (left @ right)


def _bordered(
    jacobian: Float[np.ndarray, "d d"],
    frame: Float[np.ndarray, "d p"],
    section: Float[np.ndarray, "d p"],
) -> Float[np.ndarray, "k k"]:
    d, p = frame.shape
    matrix = np.zeros((d + p, d + p))  # np.block would take as long as solving with it
    matrix[:d, :d], matrix[:d, d:], matrix[d:, :d] = jacobian, -frame, section.T
    return matrix


def _solve(matrix: np.ndarray, rhs: np.ndarray) -> np.ndarray | None:
    """Return the solution, or None where the matrix is singular."""
    try:
        solution = np.linalg.solve(matrix, rhs)
    except np.linalg.LinAlgError:
        return None
    return solution if np.isfinite(solution).all() else None
