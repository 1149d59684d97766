"""Where limit cycles may be: the starts of their search, as unknowns of multiple shooting."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..._core.arrays import to_numpy
from ...dynamics.integrate import integrate
from ...points import FixedPoints
from .returns import find_returns
from .shooting import Shooting

# Rings are laid in the planes of so many pairs of a point's modes, the most unstable first, that
# turn by more than they grow or decay; at these distances, in units of the states' size.
_PAIRS = 3
_RADII = (0.05, 0.15, 0.4, 1.0, 2.5)

# Rings are laid around so many points, at most.
_MOST_POINTS = 32

# How often the time of a return is corrected, and by which part of it at most.
_CORRECTIONS, _LARGEST = 2, 0.1


def starts_of_returns(
    shooting: Shooting, x: Float[np.ndarray, "o d"], u: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "n k"]:
    """Return pieces of the orbits from x that nearly close, the nearest first."""
    flow, returns = shooting.flow, find_returns(shooting.flow, x, u)
    states, period = returns.states, returns.period
    inputs, asarray = np.tile(u, (len(states), 1)), flow.arrays.asarray
    scale = np.maximum(np.abs(states).max(axis=1, initial=0.0), 1.0)
    for _ in range(_CORRECTIONS):  # to the time at which the gap lies across the motion
        end = integrate(flow, states, inputs, period, tolerance=shooting.tolerance, scale=scale)
        rate = to_numpy(flow.step(asarray(end), asarray(inputs))).astype(np.float64)
        late = np.nan_to_num(((end - states) * rate).sum(axis=1) / (rate**2).sum(axis=1))
        period = period - np.clip(late, -_LARGEST * period, _LARGEST * period)
    rows = shooting.from_states(states, period, inputs)
    return rows[np.isfinite(rows).all(axis=1)]


def rings_around(shooting: Shooting, points: FixedPoints) -> Float[np.ndarray, "n k"]:
    """Return rings around points in the planes of modes that turn, with the periods of these.

    Around a point that has just lost its stability lies a small cycle that attracts; around one
    that is about to lose it, one that repels (Hopf).
    """
    lin, rows = points.linearization, []
    angles = 2 * np.pi * np.arange(shooting.n_pieces) / shooting.n_pieces
    for k in range(min(len(points), _MOST_POINTS)):
        values = lin.eigenvalues[k]
        for mode in np.flatnonzero(values.imag > np.abs(values.real))[:_PAIRS]:
            vector = lin.right[k][:, mode] / np.abs(lin.right[k][:, mode]).max()
            ring, period = (
                (np.exp(1j * angles)[:, None] * vector).real,
                2 * np.pi / values[mode].imag,
            )
            states = points.xstar[k] + np.array(_RADII)[:, None, None] * ring
            rows.append(shooting.unknowns(states, np.full(len(_RADII), period)))
    return np.concatenate([np.zeros((0, shooting.state_size)), *rows])
