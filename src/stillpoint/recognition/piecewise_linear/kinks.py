"""Where a piecewise-linear step has its kinks: hyperplanes, found on a line that crosses them all.

A step with one rectified hidden layer is linear but for hyperplanes w.y + c = 0, at which its
Jacobian changes by a matrix of rank one, v w^T (Carlini, Jagielski and Mironov 2020 read trained
networks so).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ..probe import Probe
from .hyperplanes import Crossings, Hyperplanes, crossed_at, sharpened

# So many lines are walked this far to both sides, from pieces as short as the first on. Each misses
# a few hyperplanes that are too near to others where it crosses them.
_REACH = 1e4
_FIRST = 0.1
_PIECES = 50
_LINES = 8

# Values off a chord by this, relative to the largest, are off it. A step of which most are off
# chords this short is smooth.
_OFF = 1e-12
_SHORT = 1e-4
_TRIED = 8

# Kinks are told apart that are this far from each other, relative to their distance from the
# middle of the line. Networks with more of them are given up.
_NARROW = 1e-7
_MOST = 1024
_NUMBERS = 2**22  # of the matrices that change

# So many of a few kinks must be there elsewhere on their hyperplanes.
_FEW, _MOSTLY = 32, 0.75


def hyperplanes(probe: Probe) -> Hyperplanes | None:
    """Return all hyperplanes on which a step has kinks; None if it is not piecewise linear.

    That they are all, and nothing else, is for the caller to check.
    """
    if not _is_straight(probe):
        return None
    lines: list[Hyperplanes] = []
    for _ in range(_LINES):
        crossed = _crossings(probe)
        if crossed is None or (not lines and not _are_flat(probe, crossed)):
            return None
        lines.append(crossed_at(probe, crossed))
    return sharpened(probe, Hyperplanes.seen_twice(lines))


def _is_straight(probe: Probe) -> bool:
    """Whether most short chords lie on the step."""
    bent = _bends(probe, probe.places(_TRIED), _SHORT * probe.places(_TRIED))
    return bool(np.count_nonzero(bent) <= _TRIED // 2)


def _bends(
    probe: Probe, y: Float[np.ndarray, "n y"], aside: Float[np.ndarray, "n y"]
) -> Bool[np.ndarray, " n"]:
    """Return whether the step has another value in the middle of each chord than the chord."""
    left, middle, right = np.split(probe.at(np.concatenate([y - aside, y, y + aside])), 3)
    off = np.abs(left + right - 2 * middle).max(axis=1)
    return off > _OFF * np.abs(middle).max(axis=1)


def _crossings(probe: Probe) -> Crossings | None:
    """Return where a line has kinks; None if it has too many.

    A bent piece with straight halves has a kink that is as good as at its cut.
    """
    start, along = probe.places(2)
    along /= np.linalg.norm(along)
    steps = np.geomspace(_FIRST, _REACH, _PIECES)
    edges = np.concatenate([-steps[::-1], [0.0], steps])
    values = probe.at(start + edges[:, None] * along)
    t, f = np.stack([edges[:-1], edges[1:]], 1), np.stack([values[:-1], values[1:]], 1)
    growth = np.abs(values).max() / _REACH
    crossed: list[Float[np.ndarray, " n"]] = []
    cut = np.zeros(0)
    while len(t):
        share = probe.rng.uniform(0.4, 0.6, len(t))[:, None]
        inner = t[:, :1] + share * np.ptp(t, axis=1)[:, None]
        between = probe.at(start + inner * along)
        chord = f[:, 0] + share * (f[:, 1] - f[:, 0])
        size = np.maximum(np.abs(f).max(axis=(1, 2)), growth * (1 + np.abs(inner[:, 0])))
        bent = np.abs(between - chord).max(axis=1) > _OFF * size
        narrow = np.ptp(t, axis=1) < _NARROW * np.maximum(1.0, np.abs(inner[:, 0]))
        halves = bent.reshape(2, -1) if len(cut) else bent[None, :0]
        crossed += [t[bent & narrow].mean(axis=1), cut[~halves.any(axis=0)]]
        t, f, inner, between = (each[bent & ~narrow] for each in (t, f, inner, between))
        cut = inner[:, 0]
        t = np.stack([np.append(t[:, 0], cut), np.append(cut, t[:, 1])], axis=1)
        f = np.stack([np.vstack([f[:, 0], between]), np.vstack([between, f[:, 1]])], axis=1)
        if len(t) > 2 * min(_MOST, _NUMBERS // len(along) ** 2):
            return None
    at = np.sort(np.concatenate(crossed))
    gaps = np.diff(np.concatenate([[-2 * _REACH], at, [2 * _REACH]]))
    room = np.minimum(gaps[:-1], gaps[1:])
    return Crossings(start + at[:, None] * along, np.tile(along, (len(at), 1)), room)


def _are_flat(probe: Probe, crossed: Crossings) -> bool:
    """Whether most of a few hyperplanes have a kink elsewhere too: those of deeper layers bend."""
    few = probe.rng.permutation(len(crossed.room))[:_FEW]
    found = crossed_at(probe, crossed.take(few))
    aside = _SHORT * found.reach[:, None] * found.units
    n_kinks = np.count_nonzero(_bends(probe, found.somewhere(probe), aside))
    return bool(n_kinks >= _MOSTLY * len(few))
