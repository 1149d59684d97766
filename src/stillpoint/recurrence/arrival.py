"""Whether orbits come to what attracts, followed as long as that takes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from .._core.arrays import to_numpy
from ..dynamics.integrate import integrate
from ..system import System

#: An orbit is at a state within this, relative to max(1, |x|).
THERE = 1e-6

# It is on a line within this, which goes straight between its states; at this distance it may come
# to one.
_ON_LINE, _BASIN = 1e-4, 0.1

# An orbit too slow to arrive comes nearer as eigenvalues say, up to this share.
_AS_TOLD = 0.1

# The squares of states further out overflow.
_FURTHEST = 1e150

# The error of a step along which a flow is followed to what attracts.
_ACCURACY = 1e-10


def arrives(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, " m"],
    lines: Float[np.ndarray, "p t d"],
    rate: float,
    dt: float,
    most_steps: int,
) -> tuple[Bool[np.ndarray, " k"], Float[np.ndarray, "k d"]]:
    """Return which orbits come to lines that attract, and where those near them are then.

    Deviations from the lines shrink by the logarithm `rate` in a step, of length `dt` of a flow;
    from that follows how many steps an orbit needs. One that takes more than `most_steps` comes if
    it came nearer as fast as that until then: that it is near says little, as a border may be
    nearer. One that cannot be followed stays where it was.
    """
    then, x = distance_from(lines, x), x.copy()
    comes = then < _BASIN
    needed = np.log(THERE / np.maximum(then, np.finfo(float).tiny)) / rate
    steps = int(np.clip(2 * needed[comes].max(initial=0.0) + len(lines), 0, most_steps))
    later = _later(system, x[comes], u, steps, dt)
    x[comes] = np.where(np.isfinite(later).all(axis=1, keepdims=True), later, x[comes])
    now = distance_from(lines, x)
    with np.errstate(all="ignore"):
        as_told = np.abs(np.log(now / then) / (steps * rate) - 1) < _AS_TOLD
    there = (now < THERE) | ((now < near(lines)) & (needed <= steps))
    return comes & (there | as_told), x


def _later(
    system: System, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, " m"], steps: int, dt: float
) -> Float[np.ndarray, "k d"]:
    """Return where orbits are some steps later; of a flow not by steps, but accurately."""
    dynamics, inputs = system.dynamics, np.tile(u, (len(x), 1))
    if system.kind == "flow":
        time, scale = np.full(len(x), steps * dt), np.maximum(1.0, np.abs(x).max(axis=1))
        most = 10 * max(steps, 100)
        return integrate(
            dynamics, x, inputs, time, tolerance=_ACCURACY, scale=scale, most_steps=most
        )
    asarray = dynamics.arrays.asarray
    state, inputs = asarray(x), asarray(inputs)
    for _ in range(steps if len(x) else 0):
        state = dynamics.step(state, inputs)
    return to_numpy(state).astype(np.float64)


def near(lines: Float[np.ndarray, "p t d"]) -> float:
    """Return the distance from lines, relative to max(1, |x|), at which an orbit is there."""
    return _ON_LINE if lines.shape[1] > 1 else THERE


def distance_from(
    lines: Float[np.ndarray, "p t d"], x: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, " k"]:
    """Return how far x are from the nearest of some closed lines, relative to max(1, |x|).

    A line goes straight from each of its states to the next; with one state it is a point. It is
    looked at on both sides of its nearest state, which must lie more densely than lines do.

    Examples
    --------
    >>> square = np.array([[[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]])
    >>> distance_from(square, np.array([[1.25, 0.5]]))
    array([0.2])
    """
    x = np.clip(x, -_FURTHEST, _FURTHEST)
    size = np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    states, length = lines.reshape(-1, lines.shape[2]), lines.shape[1]
    distance, nearest = cKDTree(states).query(x)
    line, place = np.divmod(nearest, length)
    for neighbour in (place - 1, place + 1) if length > 1 else ():
        begin = states[nearest]
        along = lines[line, neighbour % length] - begin
        squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
        share = np.clip(((x - begin) * along).sum(axis=1) / squared, 0, 1)
        between = np.linalg.norm(x - begin - share[:, None] * along, axis=1)
        distance = np.minimum(distance, between)
    return distance / size
