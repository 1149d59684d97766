"""What is told of a closed curve beside where it is: exponents across it, and a second opinion.

Both are weighted means along an orbit, which on a quasi-periodic orbit converge faster than any
power of its length (Das, Saiki, Sander and Yorke 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Complex, Float

from ...points.fourier import bump, evaluated, slope
from ..cycle_orbits import images_of
from .newton import Turn

# Steps before and while exponents are measured, along so many orbits: a prime, so that near a
# resonance, where one orbit sees little of the curve in this time, they see all of it together.
_BEFORE, _MEASURED, _ORBITS = 100, 200, 11

# Steps of the orbit whose mean turn is compared with ρ.
_STEPS = 10_000

# What looks like the unit circle to less than its radius turns once; then angles are told apart.
_ROUND = 0.9


def tangent_exponent(turn: Turn) -> float:
    """Return how fast deviations along the curve grow: 0, as far as the curve is one."""
    along = slope(turn.nodes)
    carried = (turn.jacobian(turn.nodes) @ along[:, :, None])[:, :, 0]
    before, after = np.linalg.norm(along, axis=1), np.linalg.norm(carried, axis=1)
    return float(np.mean(np.log(after) - np.log(before)))


def normal_exponents(turn: Turn) -> Float[np.ndarray, " k"]:
    """Return how fast deviations across the curve grow, the fastest first, shape (d - 1,).

    Deviations from several points of the curve are carried along it, with what points along it
    taken out, and made orthonormal after every step.
    """
    d, slopes, logs = turn.nodes.shape[1], slope(turn.nodes), []
    angles = np.arange(_ORBITS) / _ORBITS
    drawn = np.random.default_rng(0).standard_normal((_ORBITS, d, d - 1))
    frames = np.linalg.qr(drawn)[0]
    for _ in range(_BEFORE + _MEASURED):
        states, angles = evaluated(turn.nodes, angles), angles + turn.rho
        along = evaluated(slopes, angles)
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        carried = turn.jacobian(states) @ frames
        carried -= along[:, :, None] * (along[:, None] @ carried)
        frames, grown = np.linalg.qr(carried)
        logs.append(np.log(np.abs(np.diagonal(grown, axis1=1, axis2=2))).mean(axis=0))
    return np.sort(bump(_MEASURED) @ np.stack(logs[_BEFORE:]))[::-1]


def birkhoff_rotations(turns: Sequence[Turn]) -> Float[np.ndarray, " c"]:
    """Return the mean turns of orbits that begin on curves of one map; NaN where no angle is found.

    The angle is that of the complex linear function of the state which is nearest to a circle on
    the curve. Orbits are the network's own, and do not know ρ.
    """
    rotations = np.full(len(turns), np.nan)
    views = [_view(turn) for turn in turns]
    rows = [row for row, view in enumerate(views) if view is not None]
    if not rows:
        return rotations
    view = np.array([views[row] for row in rows])
    seen = [turns[row] for row in rows]
    middle = np.array([turn.nodes.mean(axis=0) for turn in seen])
    x, u = np.array([turn.nodes[0] for turn in seen]), np.array([turn.u for turn in seen])
    states = images_of(seen[0].system, x, u, _STEPS)
    angle = np.angle([((y - middle) * view).sum(axis=1) for y in states]) / (2 * np.pi)
    rho = np.array([turn.rho for turn in seen])
    ahead = np.diff(angle, axis=0) - rho
    rotations[rows] = rho + bump(len(ahead)) @ (ahead - np.rint(ahead))
    return rotations


def _view(turn: Turn) -> Complex[np.ndarray, " d"] | None:
    """Return the linear function of the state that tells the angle on a curve, None for none."""
    n, around = len(turn.nodes), turn.nodes - turn.nodes.mean(axis=0)
    circle = np.exp(2j * np.pi * np.arange(n) / n)
    view = np.linalg.lstsq(around, circle, rcond=1e-9)[0]
    return view if np.abs(around @ view - circle).max() < _ROUND else None
