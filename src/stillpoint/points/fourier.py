"""Closed curves as trigonometric polynomials, kept as their values at equally spaced angles.

Angles are counted in turns, and the number of nodes is odd: 2 M + 1 nodes stand for the modes from
-M to M, and no mode is its own mirror image.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float

# Nodes of a curve, then whatever it consists of: states, or matrices along it.
Nodes = Float[np.ndarray, "n ..."]


def n_modes(n: int) -> int:
    """Return M, of 2 M + 1 nodes.

    Examples
    --------
    >>> n_modes(5)
    2
    """
    return n // 2


def more_nodes(n: int) -> int:
    """Return a larger number of nodes, odd and quick to transform: about twice as many.

    Examples
    --------
    >>> more_nodes(1), more_nodes(27), more_nodes(45)
    (3, 45, 75)
    """
    powers = (3**a * 5**b for a in range(20) for b in range(12))
    return min(power for power in powers if power > 1.6 * n)


def turned(curve: Nodes, turns: float) -> Nodes:
    """Return the curve at angles that are further by so many turns.

    Examples
    --------
    >>> wave = np.sin(2 * np.pi * np.arange(5) / 5)
    >>> np.allclose(turned(wave, 0.25), np.cos(2 * np.pi * np.arange(5) / 5))
    True
    """
    return _filtered(curve, np.exp(2j * np.pi * turns * np.arange(n_modes(len(curve)) + 1)))


def slope(curve: Nodes) -> Nodes:
    """Return the derivative in the angle, per turn.

    Examples
    --------
    >>> slope(np.sin(2 * np.pi * np.arange(5) / 5))[0].round(9) == round(2 * np.pi, 9)
    np.True_
    """
    return _filtered(curve, 2j * np.pi * np.arange(n_modes(len(curve)) + 1))


def resampled(curve: Nodes, n: int) -> Float[np.ndarray, "k ..."]:
    """Return the same curve at another number of nodes; with fewer its highest modes are cut.

    Examples
    --------
    >>> resampled(np.sin(2 * np.pi * np.arange(3) / 3), 5).round(3)
    array([ 0.   ,  0.951,  0.588, -0.588, -0.951])
    """
    terms = np.fft.rfft(curve, axis=0)[: n_modes(n) + 1]
    return np.fft.irfft(terms * (n / len(curve)), n, axis=0)


def evaluated(
    curve: Float[np.ndarray, "n d"], angles: Float[np.ndarray, " k"]
) -> Float[np.ndarray, "k d"]:
    """Return the points of a curve at any angles, in turns.

    Examples
    --------
    >>> evaluated(np.sin(2 * np.pi * np.arange(5) / 5)[:, None], np.array([0.25])).round(9)
    array([[1.]])
    """
    terms = np.fft.rfft(curve, axis=0) / len(curve)
    terms[1:] *= 2
    return (np.exp(2j * np.pi * np.outer(angles, np.arange(len(terms)))) @ terms).real


def nearest(
    curve: Float[np.ndarray, "n d"], states: Float[np.ndarray, "k d"]
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return at which angle a curve comes nearest to each state, and how near.

    Examples
    --------
    >>> angles = 2 * np.pi * np.arange(5) / 5
    >>> circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    >>> angle, distance = nearest(circle, np.array([[0.0, 1.1]]))
    >>> angle.round(6).tolist(), distance.round(6).tolist()
    ([0.25], [0.1])
    """
    fine = resampled(curve, 8 * len(curve) + 1)
    squares = (fine**2).sum(axis=1) - 2 * states @ fine.T
    angle = squares.argmin(axis=1) / len(fine)
    slopes = slope(curve)
    for _ in range(6):  # Gauss-Newton; what is on the curve is met to rounding
        along, gap = evaluated(slopes, angle), states - evaluated(curve, angle)
        square = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
        moves = (along * gap).sum(axis=1) / square
        angle = angle + np.clip(moves, -1 / len(fine), 1 / len(fine))
    return angle % 1.0, np.linalg.norm(states - evaluated(curve, angle), axis=1)


def sizes(curve: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " m"]:
    """Return how large each mode is, from the mean (mode 0) to the highest, shape (M + 1,).

    Examples
    --------
    >>> sizes(np.cos(2 * np.pi * np.arange(5) / 5)[:, None]).round(9)
    array([0. , 0.5, 0. ])
    """
    return np.linalg.norm(np.fft.rfft(curve, axis=0), axis=1) / len(curve)


def _filtered(curve: Nodes, factors: Complex[np.ndarray, " m"]) -> Nodes:
    """Return the curve with each of its modes, from 0 to M, multiplied by a factor."""
    terms = np.fft.rfft(curve, axis=0)
    terms *= factors.reshape(-1, *[1] * (curve.ndim - 1))
    return np.fft.irfft(terms, len(curve), axis=0)


def bump(n: int) -> Float[np.ndarray, " n"]:
    """Return smooth weights that sum to 1 and vanish at both ends with all their derivatives.

    Means with them over a quasi-periodic orbit converge faster than any power of its length (Das,
    Sander and Yorke 2017).

    Examples
    --------
    >>> bump(3).round(3)
    array([0.173, 0.655, 0.173])
    """
    t = np.arange(1, n + 1) / (n + 1)
    weights = np.exp(-1 / (t * (1 - t)))
    return weights / weights.sum()
