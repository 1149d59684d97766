"""Where a piecewise-linear step has its kinks: hyperplanes, found on a line that crosses them all.

A step with one rectified hidden layer is linear but for hyperplanes w.y + c = 0, at which its
Jacobian changes by a matrix of rank one, v w^T (Carlini, Jagielski and Mironov 2020 read trained
networks so).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import batches
from .._core.grouping import group_states
from .numbers import as_written
from .probe import Probe

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

# Differences are taken over such fractions of the room that other hyperplanes leave: first of that
# on the line, then around the place of so many on each hyperplane that has most room.
_ON_LINE = 1 / 256
_AROUND = 0.45
_PLACES = 128

# Rounding: of singular values, relative to the largest of a change, and of changes, relative to the
# largest of all. By this two lines find the same hyperplane.
_RANK = 1e-6
_NONE = 1e-9
_SAME = 1e-6

# Entries of a normal that are as large as its largest, and digits that parallel normals share.
_LARGEST = 1 - 1e-9
_DIGITS = 8

# So many numbers are computed at once.
_AT_ONCE = 2**22

Places = Float[np.ndarray, "n y"]
Values = Float[np.ndarray, "n d"]


@dataclass(frozen=True)
class Hyperplanes:
    """The places y = (x, u) with normals y + offsets = 0; the largest entry of a normal is 1.

    Parallel ones have the same normal. Of each a place is known, and how far others are from there.
    """

    normals: Float[np.ndarray, "h y"]
    offsets: Float[np.ndarray, " h"]
    places: Places
    room: Float[np.ndarray, " h"]

    @classmethod
    def through(cls, places: Places, normals: Places, room: Float[np.ndarray, " h"]) -> Hyperplanes:
        """Return the hyperplanes with such normals through such places."""
        return cls(normals, -np.sum(normals * places, axis=1), places, room)

    def take(self, which: Any) -> Hyperplanes:
        """Return some of them, or all in another order."""
        return Hyperplanes(*(each[which] for each in vars(self).values()))

    @property
    def units(self) -> Places:
        """The normals of length one."""
        return self.normals / np.linalg.norm(self.normals, axis=1, keepdims=True)

    @property
    def sides(self) -> Places:
        """Places on both sides of each, with no other between, shape (2 h, y)."""
        aside = self.room[:, None] / 2 * self.units
        return np.concatenate([self.places - aside, self.places + aside])

    @property
    def feet(self) -> Places:
        """The place of each that is nearest to the origin."""
        return -self.normals * (self.offsets / np.sum(self.normals**2, axis=1))[:, None]

    def drive(self, y: Places) -> Float[np.ndarray, "n h"]:
        """Return normals y + offsets."""
        return y @ self.normals.T + self.offsets


def hyperplanes(probe: Probe) -> Hyperplanes | None:
    """Return all hyperplanes on which a step has kinks; None if it is not piecewise linear.

    That they are all, and nothing else, is for the caller to check.
    """
    if not _is_straight(probe):
        return None
    lines = []
    for _ in range(_LINES):
        line = _on_a_line(probe)
        if line is None:
            return None
        lines.append(line)
    return _sharpened(probe, _seen_twice(lines))


def _seen_twice(lines: list[Hyperplanes]) -> Hyperplanes:
    """Return the hyperplanes that more than one line has crossed: the others are none."""
    columns = zip(*(vars(line).values() for line in lines), strict=True)
    every = Hyperplanes(*map(np.concatenate, columns))
    alike = np.zeros(len(every.offsets), dtype=int)
    groups = group_states(np.hstack([every.normals, every.offsets[:, None]]), alike, _SAME)
    _, first, seen = np.unique(groups, return_index=True, return_counts=True)
    return every.take(first[seen > 1])


def _value(probe: Probe, y: Places) -> Values:
    return probe.value(*np.split(y, [probe.state_size], axis=1))


def _places(probe: Probe, n: int) -> Places:
    return probe.rng.standard_normal((n, probe.n_weights - 1))


def _is_straight(probe: Probe) -> bool:
    """Whether most short chords lie on the step."""
    y = _places(probe, _TRIED)
    aside = _SHORT * _places(probe, _TRIED)
    left, middle, right = np.split(_value(probe, np.concatenate([y - aside, y, y + aside])), 3)
    off = np.abs(left + right - 2 * middle).max(axis=1) > _OFF * np.abs(middle).max()
    return bool(np.count_nonzero(off) <= _TRIED // 2)


def _on_a_line(probe: Probe) -> Hyperplanes | None:
    """Return hyperplanes that one line crosses, roughly; None if it has too many kinks.

    Where it comes too near to others there, a hyperplane is left out. A bent piece with straight
    halves has a kink that is as good as at its cut.
    """
    start, along = _places(probe, 2)
    along /= np.linalg.norm(along)
    steps = np.geomspace(_FIRST, _REACH, _PIECES)
    edges = np.concatenate([-steps[::-1], [0.0], steps])
    values = _value(probe, start + edges[:, None] * along)
    t, f = np.stack([edges[:-1], edges[1:]], 1), np.stack([values[:-1], values[1:]], 1)
    crossed, cut = [], np.zeros(0)
    while len(t):
        share = probe.rng.uniform(0.4, 0.6, len(t))[:, None]
        inner = t[:, :1] + share * np.ptp(t, axis=1)[:, None]
        between = _value(probe, start + inner * along)
        chord = f[:, 0] + share * (f[:, 1] - f[:, 0])
        bent = np.abs(between - chord).max(axis=1) > _OFF * np.abs(f).max(axis=(1, 2))
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
    crossing = np.tile(along, (len(at), 1))
    places = start + at[:, None] * along
    return _crossed_at(probe, places, crossing, room, _ON_LINE)


def _sharpened(probe: Probe, rough: Hyperplanes) -> Hyperplanes:
    """Return the hyperplanes crossed where others are far; parallel normals are made one.

    Where nothing changes there, a line took other changes for one, and it is left out.
    """
    length, units = np.linalg.norm(rough.normals, axis=1), rough.units
    size = 1 + np.linalg.norm(rough.feet, axis=1)
    best, room = rough.feet, np.full(len(size), -1.0)
    for _ in range(_PLACES):
        aside = size[:, None] * _places(probe, len(size))
        place = rough.feet + aside - np.sum(aside * units, axis=1, keepdims=True) * units
        distance = np.abs(rough.drive(place)) / length
        np.fill_diagonal(distance, size)
        there = distance.min(axis=1)
        better = there > room
        best, room = np.where(better[:, None], place, best), np.where(better, there, room)
    found = _crossed_at(probe, best, units, room, _AROUND)
    normals = as_written(found.normals)
    _, first, same = np.unique(
        np.round(normals, _DIGITS) + 0.0, axis=0, return_index=True, return_inverse=True
    )
    found = Hyperplanes.through(found.places, normals[first][same.ravel()], found.room)
    return replace(found, offsets=as_written(found.offsets))


def _crossed_at(
    probe: Probe, y: Places, along: Places, room: Float[np.ndarray, " n"], share: float
) -> Hyperplanes:
    """Return the hyperplanes at such places, crossed in directions of length one with such room.

    Places where what changes is no matrix of rank one are left out, and those whose normals are
    known best come first.
    """
    size = y.shape[1]
    parts = [
        _change(probe, y[part], along[part], room[part], share)
        for part in batches(len(y), 4 * size * size, _AT_ONCE)
    ]
    if not parts:
        return Hyperplanes.through(y, y, room)
    changes, steps = (np.concatenate(each) for each in zip(*parts, strict=True))
    u, s, v = np.linalg.svd(changes, full_matrices=False)
    told = (s[:, 1:] <= _RANK * s[:, :1]).all(axis=1) & (s[:, 0] > _NONE * s.max())
    told = np.flatnonzero(told)[np.argsort(-(s[:, 0] * room)[told], kind="stable")]
    normal, s, v, steps, y = u[told, :, 0], s[told, 0], v[told, 0], steps[told], y[told]
    large = np.abs(normal) >= _LARGEST * np.abs(normal).max(axis=1, keepdims=True)
    largest = np.take_along_axis(normal, large.argmax(axis=1)[:, None], axis=1)
    normal = normal / largest
    drive = np.sum(steps * v, axis=1) / (s * largest[:, 0])
    places = y - (drive / np.sum(normal**2, axis=1))[:, None] * normal
    return Hyperplanes.through(places, normal, room[told])


def _change(
    probe: Probe, y: Places, along: Places, room: Float[np.ndarray, " n"], share: float
) -> tuple[Float[np.ndarray, "n y d"], Values]:
    """Return by how much the pieces to both sides of a place differ there, slopes and values."""
    n, size = y.shape
    aside = share * room
    away = room[:, None] / 2 * along
    pieces = []
    for side in (-away, away):
        rows = (y + side)[:, None] + aside[:, None, None] * np.vstack(
            [np.zeros(size), np.eye(size), -np.eye(size)]
        )
        there = _value(probe, rows.reshape(-1, size)).reshape(n, 2 * size + 1, -1)
        slope = (there[:, 1 : size + 1] - there[:, size + 1 :]) / (2 * aside[:, None, None])
        pieces.append((slope, there[:, 0] - np.einsum("nyd,ny->nd", slope, side)))
    (before, left), (behind, right) = pieces
    return behind - before, right - left
