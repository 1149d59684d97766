"""How candidates are brought to rest: stillpoint's search, or the methods of the original."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy.optimize import minimize

from ...errors import ArgumentError, StillpointWarning, came
from ...search import find_fixed_points, find_slow_points
from ...solvers import Adam, LevenbergMarquardt, Plateau, Status, solve
from ...system import System

#: Adam as the original has it where no optimizer is given: rate and decay for each step.
_RATE, _DECAY = 0.2, 0.9999


# Steps of a descent to a slow state.
_STEPS = 400

# A fixed point this near to a slow state, in mean distances of candidates from their centre, is
# what the state is slow for.
_NEAR = 0.1


class Ends(NamedTuple):
    """Where candidates ended, which came to rest, and which are fixed points to rounding."""

    states: Float[np.ndarray, "n d"]
    at_rest: Bool[np.ndarray, " n"]
    is_exact: Bool[np.ndarray, " n"]


def by_newton(system: System, x: Float[np.ndarray, "n d"], progress: bool | None) -> Ends:
    """Search as `find_fixed_points` does; candidates of one point end at the very same values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # the losses tell
        points = find_fixed_points(system, x, rounds=0, orbits=False, progress=progress)
    starts = points.starts
    states = starts.end.copy()
    reached = starts.point >= 0
    states[reached] = points.xstar[starts.point[reached]]
    at_rest = np.isin(starts.status, [Status.FIXED_POINT, Status.SLOW_POINT])
    return Ends(states, at_rest, starts.status == Status.FIXED_POINT)


def by_descent(
    system: System, x: Float[np.ndarray, "n d"], tolerance: float, progress: bool | None
) -> Ends:
    """Go down from each candidate to a loss below `tolerance`, and on to a fixed point near by.

    Directions in which states as far apart as the candidates have a loss below `tolerance` are slow
    ones, and no way down. Where the fixed point that Newton's method reaches from there is another
    place, the slow state is the end. Candidates that do not get so far down end where Newton's
    method brings them.
    """
    u, tol = np.zeros((len(x), 0)), _tol(tolerance, system)
    down = LevenbergMarquardt(least_damping=2 * tol / _spread(x) ** 2)
    found = solve(system.dynamics, x, u, [down], tol=tol, max_steps=_STEPS, progress=progress)
    is_slow = found.status == Status.FIXED_POINT
    ends = by_newton(system, np.where(is_slow[:, None], found.x, x), progress)
    far = ~(np.linalg.norm(ends.states - found.x, axis=1) <= near(x))
    stays = is_slow & (far | ~ends.is_exact)
    states = np.where(stays[:, None], found.x, ends.states)
    return Ends(states, ends.at_rest | stays, ends.is_exact & ~stays)


def near(states: Float[np.ndarray, "n d"]) -> float:
    """Return how near a fixed point is what a slow state is slow for, beside such states."""
    return _NEAR * _spread(states)


def _spread(states: Float[np.ndarray, "n d"]) -> float:
    """Return the mean distance of states from their centre, or, of one state, its size."""
    spread = float(np.linalg.norm(states - states.mean(axis=0), axis=1).mean())
    return spread or max(1.0, float(np.abs(states).max()))


def labels_of(
    system: System, states: Float[np.ndarray, "n d"], distance: float
) -> Shaped[np.ndarray, " n"]:
    """Return what states are: that minimum of the speed which lies within `distance`, if any."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)
        slow = find_slow_points(system, states, progress=False)
    point = slow.starts.point
    is_near = np.linalg.norm(slow.starts.end - states, axis=1) <= distance
    labels = np.full(len(states), "slow region", dtype="<U11")
    known = np.flatnonzero((point >= 0) & is_near)
    labels[known] = slow.label[point[known]]
    return labels


def by_adam(
    system: System,
    x: Float[np.ndarray, "n d"],
    solver: Adam,
    tolerance: float,
    max_steps: int,
    progress: bool | None,
) -> Ends:
    """Descend with Adam, all candidates together, until each has a loss below `tolerance`."""
    u, tol = np.zeros((len(x), 0)), _tol(tolerance, system)
    found = solve(system.dynamics, x, u, [solver], tol=tol, max_steps=max_steps, progress=progress)
    return Ends(found.x, found.status == Status.FIXED_POINT, np.zeros(len(x), dtype=bool))


def _tol(tolerance: float, system: System) -> float:
    """Return the q at which the loss, 2 q / d, is `tolerance`."""
    return tolerance * system.state_size / 2


def by_bfgs(system: System, x: Float[np.ndarray, "n d"]) -> Ends:
    """Minimise the loss of one candidate after the other with BFGS, SciPy's."""
    problem, u = system.dynamics.residual_problem(), np.zeros((1, 0))

    def loss(y: Any) -> tuple[float, np.ndarray]:
        residual = problem.residual(y[None, :], u)
        gradient = problem.gradient(y[None, :], u, residual)[0]
        return float(np.mean(residual**2)), 2 * gradient / residual.shape[1]

    results = [minimize(loss, row, jac=True, method="BFGS") for row in x]
    success = np.array([bool(r.success) for r in results])
    return Ends(np.array([r.x for r in results]), success, np.zeros(len(x), dtype=bool))


def read_optimizer(optimizer: Any) -> Adam:
    """Return `brainpy.optim.Adam` as stillpoint's; for None the original's default."""
    if isinstance(optimizer, Adam):
        return optimizer
    if optimizer is None:
        return _adam(_RATE, _DECAY)
    schedule: Any = getattr(optimizer, "lr", None)
    known = {"Constant", "ExponentialDecay", "ExponentialDecayLR"}
    if type(optimizer).__name__ != "Adam" or type(schedule).__name__ not in known:
        raise ArgumentError(
            f"optimizer: got {came(optimizer)}, but brainpy.optim.Adam with a constant or "
            f"exponentially decaying rate is wanted, or a stillpoint.solvers.Adam."
        )
    if optimizer.weight_decay:
        raise ArgumentError(
            f"optimizer: got weight_decay={optimizer.weight_decay!r}, but it would move the points "
            f"towards zero; leave it out."
        )
    decay = getattr(schedule, "decay_rate", 1.0) ** (1 / getattr(schedule, "decay_steps", 1))
    betas = (float(optimizer.beta1), float(optimizer.beta2))
    return _adam(float(schedule.lr), float(decay), betas, float(optimizer.eps))


def _adam(
    rate: float, decay: float, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8
) -> Adam:
    # No loss is an improvement by an infinite part, so the rate falls at every step.
    falling = Plateau(factor=decay, patience=0, threshold=math.inf)
    return Adam(rate=rate, schedule=falling, stillness=0.0, betas=betas, epsilon=epsilon)
