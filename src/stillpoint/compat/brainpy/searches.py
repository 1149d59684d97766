"""How candidates are brought to rest: stillpoint's search, or the methods of the original."""

from __future__ import annotations

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import minimize

from ...errors import ArgumentError, StillpointWarning, came
from ...search import find_fixed_points
from ...solvers import Adam, Plateau, Status, solve
from ...system import System

#: Adam as the original has it where no optimizer is given: rate and decay for each step.
_RATE, _DECAY = 0.2, 0.9999


class Ends(NamedTuple):
    """Where candidates ended, and which of them came to rest."""

    states: Float[np.ndarray, "n d"]
    at_rest: Bool[np.ndarray, " n"]


def by_newton(system: System, x: Float[np.ndarray, "n d"], progress: bool | None) -> Ends:
    """Search as `find_fixed_points` does; candidates of one point end at the very same values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # the losses tell
        points = find_fixed_points(system, x, rounds=0, orbits=False, progress=progress)
    starts = points.starts
    states = starts.end.copy()
    reached = starts.point >= 0
    states[reached] = points.xstar[starts.point[reached]]
    return Ends(states, np.isin(starts.status, [Status.FIXED_POINT, Status.SLOW_POINT]))


def by_adam(
    system: System,
    x: Float[np.ndarray, "n d"],
    solver: Adam,
    tolerance: float,
    max_steps: int,
    progress: bool | None,
) -> Ends:
    """Descend with Adam, all candidates together, until each has a loss below `tolerance`."""
    u = np.zeros((len(x), 0))
    tol = tolerance * system.state_size / 2  # their loss is 2 q / d
    found = solve(system.dynamics, x, u, [solver], tol=tol, max_steps=max_steps, progress=progress)
    return Ends(found.x, found.status == Status.FIXED_POINT)


def by_bfgs(system: System, x: Float[np.ndarray, "n d"]) -> Ends:
    """Minimise the loss of one candidate after the other with BFGS, SciPy's."""
    problem, u = system.dynamics.residual_problem(), np.zeros((1, 0))

    def loss(y: Any) -> tuple[float, np.ndarray]:
        residual = problem.residual(y[None, :], u)
        gradient = problem.gradient(y[None, :], u, residual)[0]
        return float(np.mean(residual**2)), 2 * gradient / residual.shape[1]

    results = [minimize(loss, row, jac=True, method="BFGS") for row in x]
    return Ends(np.array([r.x for r in results]), np.array([bool(r.success) for r in results]))


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
