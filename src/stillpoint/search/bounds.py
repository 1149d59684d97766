"""How far out the fixed points under one input can lie, and where trajectories go.

A fixed point is its own image under y -> y + g(y), g the equilibrium form. Where that map sends
all states into one box, however far out they are, the box holds every point: for bounded
activations the range of what units are drawn to. Otherwise the box is one around trajectories.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from ..system import System

States = Float[np.ndarray, "n d"]

# Random states whose images span the box, and their scales. Images are bounded if those of the
# wide half reach no further than this many times those of the other half.
_TRIED, _WIDE, _SAME = 1024, (0.1, 1e4), 2.0

# Trajectories that are simulated when none are given, and their steps.
_TRIALS, _STEPS = 64, 64

# Scales of the states where trajectories begin. Small ones see what weights near zero do.
_SCALES = (1e-2, 3.0)

# Simulated states further out are not started from: the network diverges there.
_FAR = 1e3

# A box around trajectories is that of this share of their states, and so much wider.
_SHARE, _WIDENED = 0.99, 1.5


def states_at(system: System, y: Float[np.ndarray, "n k"], u: Float[np.ndarray, " m"]) -> States:
    """Return the states that belong to unknowns y of the equilibrium form, under one input."""
    dynamics = system.dynamics
    inputs = dynamics.arrays.asarray(np.tile(u, (len(y), 1)))
    state = dynamics.equilibrium_problem().state(dynamics.arrays.asarray(y), inputs)
    return to_numpy(state).astype(np.float64)


def unknowns_at(system: System, x: States, u: Float[np.ndarray, " m"]) -> Float[np.ndarray, "n k"]:
    """Return the unknowns of the equilibrium form that belong to states x, under one input."""
    dynamics = system.dynamics
    inputs = dynamics.arrays.asarray(np.tile(u, (len(x), 1)))
    y = dynamics.equilibrium_problem().coordinates(dynamics.arrays.asarray(x), inputs)
    return to_numpy(y).astype(np.float64)


def visited_states(system: System, u: Float[np.ndarray, " m"], rng: np.random.Generator) -> States:
    """Return the states of simulated trajectories, the random ones at their beginning included.

    A flow without dt cannot be simulated; then there are only those.
    """
    scales = np.exp(rng.uniform(*np.log(_SCALES), (_TRIALS, 1)))
    begin = scales * rng.standard_normal((_TRIALS, system.state_size))
    if system.kind == "flow" and system.dt is None:
        return begin
    drive = np.tile(u, (_TRIALS, _STEPS, 1))
    with np.errstate(all="ignore"):
        path = system.simulate(begin, drive).reshape(-1, system.state_size)
    path = path[np.abs(path).max(axis=1) < _FAR]  # a comparison with NaN is False
    return np.concatenate([begin, path])


def box_of_points(
    system: System, u: Float[np.ndarray, " m"], visited: States, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return the lower and upper corner of a box that holds the fixed points, or trajectories.

    The box is one of the unknowns of the equilibrium form.

    Examples
    --------
    >>> from stillpoint.as_system import as_system
    >>> system = as_system(lambda x: np.tanh(2 * x), state_size=1)
    >>> box_of_points(system, np.zeros(0), np.zeros((1, 1)), np.random.default_rng(0))
    (array([-1.]), array([1.]))
    """
    y = unknowns_at(system, visited, u)
    if system.kind == "map":
        scales = np.geomspace(*_WIDE, _TRIED)[:, None]
        images = _images(system, scales * rng.standard_normal((_TRIED, y.shape[1])), u)
        finite = np.isfinite(images).all(axis=1)  # gates that are all closed may leave 0 / 0
        near, far = (
            part[kept] for part, kept in zip(np.split(images, 2), np.split(finite, 2), strict=True)
        )
        if len(far) and np.abs(far).max() <= _SAME * np.abs(near).max():
            both = np.concatenate([near, far])
            return both.min(axis=0), both.max(axis=0)
    low, high = np.quantile(y, [(1 - _SHARE) / 2, (1 + _SHARE) / 2], axis=0)
    centre, radius = (low + high) / 2, _WIDENED * (high - low) / 2
    return centre - radius, centre + radius


def _images(
    system: System, y: Float[np.ndarray, "n k"], u: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "n k"]:
    """Return y + g(y), g the equilibrium form."""
    dynamics = system.dynamics
    unknowns = dynamics.arrays.asarray(y)
    inputs = dynamics.arrays.asarray(np.tile(u, (len(y), 1)))
    with np.errstate(all="ignore"):
        residual = dynamics.equilibrium_problem().residual(unknowns, inputs)
    return y + to_numpy(residual).astype(np.float64)
