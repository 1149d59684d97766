"""Where orbits of a flow come back near where they were: the starts of a search for limit cycles.

Orbits are followed with steps that adapt, so their number, and not a time that one would have to
know, says for how long. Through some states of each a plane is laid across the motion; where the
orbit crosses it again in the same direction, near that state, it has almost closed (Lathrop and
Kostelich 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..._core.arrays import to_numpy
from ...dynamics import Dynamics
from ...dynamics.integrate import March
from ...solvers.loop import DIVERGENCE

# Steps between two looks at the orbits, and how many looks there are at most.
_LOOK = 256
_LOOKS = 8

# Steps of the last two looks are kept. Planes lie across so many states of the first of them.
_PLANES = 4

# How near a return is, relative to what the orbit extends over: those that are taken for starts are
# the first of each kind; an orbit that has closed up to the last needs not be followed further.
_NEAR = (0.3, 0.03)
_CLOSED = 0.005

# Errors of a step, which are rough as what is sought here are starts; an orbit that extends over
# less than this part of its size is at rest, up to such errors.
_TOLERANCE, _AT_REST = 1e-8, 1e-5


@dataclass(frozen=True, eq=False)
class Returns:
    """States to which orbits nearly came back, after which time, and how near.

    Attributes
    ----------
    states
        Shape (k, d).
    period
        Shape (k,).
    distance
        From the state, relative to the extent of the orbit, shape (k,).
    """

    states: Float[np.ndarray, "k d"]
    period: Float[np.ndarray, " k"]
    distance: Float[np.ndarray, " k"]


def find_returns(
    flow: Dynamics, x: Float[np.ndarray, "o d"], u: Float[np.ndarray, " m"]
) -> Returns:
    """Return where orbits from x come back, the nearest returns first."""
    bound = DIVERGENCE * np.maximum(1.0, np.abs(x).max(initial=0.0))
    scale = np.maximum(np.abs(x).max(axis=1), 1.0)
    march = March(flow, x.copy(), np.tile(u, (len(x), 1)), _TOLERANCE, scale)
    found: list[tuple[Float[np.ndarray, " d"], float, float]] = []
    before = _walk(march)
    for look in range(_LOOKS):
        times, path = _walk(march)
        last, going = look == _LOOKS - 1, np.ones(len(path), dtype=bool)
        for row in range(len(path)):
            whole = np.concatenate([before[1][row], path[row]])
            hours = np.concatenate([before[0][row], before[0][row, -1] + times[row]])
            extent = float(np.linalg.norm(np.ptp(whole[_LOOK // 2 :], axis=0)))
            size = float(np.abs(whole).max())
            lost = not size < bound or not extent > _AT_REST * max(1.0, size)
            returns = [] if lost else _of_orbit(flow, u, hours, whole, extent)
            closed = [r for r in returns if r[2] < _CLOSED]
            going[row] = not (lost or len(closed) >= _PLANES)
            if last or len(closed) >= _PLANES:
                found += returns
        march.keep(going)
        before = times[going], path[going]
        if not going.any():
            break
    found.sort(key=lambda r: r[2])
    d = x.shape[1]
    states = np.array([r[0] for r in found]).reshape(-1, d)
    return Returns(states, *np.array([r[1:] for r in found]).reshape(-1, 2).T)


def _walk(march: March) -> tuple[Float[np.ndarray, "o t"], Float[np.ndarray, "o t d"]]:
    """Return the times since it began and the states of the next steps."""
    far, passed, path = np.full(len(march.z), np.inf), [np.zeros(len(march.z))], [march.z]
    for _ in range(_LOOK):
        passed.append(passed[-1] + march.advance(far))
        path.append(march.z)
    return np.stack(passed, axis=1), np.stack(path, axis=1)


def _of_orbit(
    flow: Dynamics,
    u: Float[np.ndarray, " m"],
    times: Float[np.ndarray, " t"],
    path: Float[np.ndarray, "t d"],
    extent: float,
) -> list[tuple[Float[np.ndarray, " d"], float, float]]:
    """Return the first returns of each nearness through planes across one orbit."""
    asarray, chosen = flow.arrays.asarray, np.linspace(_LOOK // 2, _LOOK, _PLANES).astype(int)
    inputs = np.tile(u, (_PLANES, 1))
    found = []
    normals = to_numpy(flow.step(asarray(path[chosen]), asarray(inputs))).astype(np.float64)
    for first, normal in zip(chosen, normals, strict=True):
        height = (path[first:] - path[first]) @ normal
        after = np.flatnonzero((height[:-1] < 0) & (height[1:] >= 0))
        share = height[after] / (height[after] - height[after + 1])
        steps = first + after
        crossing = path[steps] + share[:, None] * (path[steps + 1] - path[steps])
        distance = np.linalg.norm(crossing - path[first], axis=1) / extent
        period = times[steps] + share * (times[steps + 1] - times[steps]) - times[first]
        nearest = {
            int(np.flatnonzero(distance < near)[0]) for near in _NEAR if (distance < near).any()
        }
        found += [(path[first], float(period[k]), float(distance[k])) for k in sorted(nearest)]
    return found
