"""From an orbit to closed curves that it may lie on, with rotation numbers.

An orbit on a closed curve is made of one frequency ρ and its multiples. The strongest line of its
spectrum is one of the multiples, not always the first; so each ρ of which it can be one is asked
how much of the orbit its first modes explain.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Complex, Float

from ...points.fourier import bump

# Modes of a guess, at most, and states of the orbit for each of its numbers.
_MODES, _STATES = 13, 3

# The strongest line is one of so many first multiples of ρ.
_MULTIPLES = 5

# The share of an orbit's motion that a guess may leave unexplained, and what is as good as nothing.
# A guess that leaves more than ten times as much as the best one is none.
_UNEXPLAINED, _NOTHING = 0.1, 1e-5

# States that frequencies are read from, and directions in which an orbit is looked at.
_READ, _DIRECTIONS = 1024, 8


def guesses(
    path: Float[np.ndarray, "t d"],
) -> Iterator[tuple[Float[np.ndarray, "n d"], float]]:
    """Yield nodes and rotation numbers, those that explain most of an orbit first.

    Examples
    --------
    >>> angle = 2 * np.pi * 0.3 * np.arange(200)
    >>> nodes, rho = next(guesses(np.stack([np.cos(angle), np.sin(angle)], axis=1)))
    >>> round(rho, 6), np.linalg.norm(nodes, axis=1).round(3).max().item()
    (0.3, 1.0)
    """
    path = path[-_READ:]
    weights = bump(len(path))
    centred = path - weights @ path
    if not np.abs(centred).max(initial=0.0) > 0:
        return
    strongest = _strongest(centred, weights)
    told: list[tuple[int, int, float, Float[np.ndarray, "n d"]]] = []
    for multiple in range(1, _MULTIPLES + 1):
        for turns in range(multiple):
            rho = (strongest + turns) / multiple
            nodes, missed = _fit(path, centred, rho)
            if missed <= _UNEXPLAINED:
                digits = round(max(float(np.log10(missed / _NOTHING)), 0.0))
                told.append((digits, multiple, rho, nodes))
        if any(digits == 0 for digits, *_ in told):
            break
    told.sort(key=lambda one: one[:3])
    yield from ((nodes, rho) for digits, _, rho, nodes in told if digits <= told[0][0] + 1)


def _strongest(centred: Float[np.ndarray, "t d"], weights: Float[np.ndarray, " t"]) -> float:
    """Return the frequency of the strongest line, between the bins of the transform too."""
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    seen = weights[:, None] * (centred @ axes[:_DIRECTIONS].T)
    from scipy.optimize import minimize_scalar  # takes long to import

    steps = np.arange(len(seen))
    power = (np.abs(np.fft.rfft(seen, axis=0)) ** 2).sum(axis=1)

    def lost(frequency: float) -> float:
        wave: Complex[np.ndarray, " t"] = np.exp(-2j * np.pi * frequency * steps)
        return -float((np.abs(wave @ seen) ** 2).sum())

    near = np.array([-1.0, 1.0]) + power.argmax()
    found = minimize_scalar(
        lost, bounds=tuple(near / len(seen)), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x) % 1.0


def _fit(
    path: Float[np.ndarray, "t d"], centred: Float[np.ndarray, "t d"], rho: float
) -> tuple[Float[np.ndarray, "n d"], float]:
    """Return the curve with rotation number ρ nearest to an orbit, and the share that it misses."""
    most = min(_MODES, len(path) // (2 * _STATES))
    angles = 2 * np.pi * rho * np.arange(len(path))
    turns = 2 * np.pi * np.arange(2 * most + 1) / (2 * most + 1)
    terms = np.linalg.lstsq(_waves(angles, most), path, rcond=1e-6)[0]
    missed = path - _waves(angles, most) @ terms
    return _waves(turns, most) @ terms, float((missed**2).sum() / (centred**2).sum())


def _waves(angles: Float[np.ndarray, " k"], most: int) -> Float[np.ndarray, "k w"]:
    each = np.outer(angles, np.arange(1, most + 1))
    return np.hstack([np.ones((len(angles), 1)), np.cos(each), np.sin(each)])
