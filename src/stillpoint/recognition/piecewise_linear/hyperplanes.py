"""Hyperplanes on which a step has kinks, from how its Jacobian changes across them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.arrays import batches
from ..._core.grouping import group_states
from ..numbers import as_written
from ..probe import Probe

# Differences are taken over such fractions of the room that other hyperplanes leave: of that on a
# line, and of that around the place of so many on each hyperplane that has most of it.
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

    @classmethod
    def seen_twice(cls, lines: list[Hyperplanes]) -> Hyperplanes:
        """Return those that more than one line has crossed: others are mostly none."""
        every = cls(
            *map(np.concatenate, zip(*(vars(line).values() for line in lines), strict=True))
        )
        alike = np.zeros(len(every.offsets), dtype=int)
        groups = group_states(np.hstack([every.normals, every.offsets[:, None]]), alike, _SAME)
        _, first, seen = np.unique(groups, return_index=True, return_counts=True)
        return every.take(first[seen > 1])

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

    @property
    def reach(self) -> Float[np.ndarray, " h"]:
        """How far off states are of the size at which each matters."""
        return 1 + np.linalg.norm(self.feet, axis=1)

    def somewhere(self, probe: Probe) -> Places:
        """Return a random place on each."""
        far = probe.rng.uniform(
            -0.5, 0.0, (len(self.offsets), 1)
        )  # from reach on to that of each y
        aside = self.reach[:, None] * self.normals.shape[1] ** far * probe.places(len(far))
        return self.feet + aside - np.sum(aside * self.units, axis=1, keepdims=True) * self.units

    def drive(self, y: Places) -> Float[np.ndarray, "n h"]:
        """Return normals y + offsets."""
        return y @ self.normals.T + self.offsets


class Crossings(NamedTuple):
    """Where hyperplanes are crossed: places, directions of length one, and the room around."""

    places: Places
    along: Places
    room: Float[np.ndarray, " n"]

    def take(self, which: Any) -> Crossings:
        """Return some of them."""
        return Crossings(*(each[which] for each in self))


def crossed_at(probe: Probe, crossings: Crossings, share: float = _ON_LINE) -> Hyperplanes:
    """Return the hyperplanes that are crossed, from differences over such a share of the room.

    Places where what changes is no matrix of rank one are left out, and those whose normals are
    known best come first.
    """
    y, _, room = crossings
    size = y.shape[1]
    parts = [
        _change(probe, crossings.take(part), share)
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
    probe: Probe, crossings: Crossings, share: float
) -> tuple[Float[np.ndarray, "n y d"], Values]:
    """Return by how much the pieces to both sides of a place differ there, slopes and values."""
    y, along, room = crossings
    n, size = y.shape
    aside = share * room
    away = room[:, None] / 2 * along
    pieces = []
    for side in (-away, away):
        rows = (y + side)[:, None] + aside[:, None, None] * np.vstack(
            [np.zeros(size), np.eye(size), -np.eye(size)]
        )
        there = probe.at(rows.reshape(-1, size)).reshape(n, 2 * size + 1, -1)
        slope = (there[:, 1 : size + 1] - there[:, size + 1 :]) / (2 * aside[:, None, None])
        pieces.append((slope, there[:, 0] - np.einsum("nyd,ny->nd", slope, side)))
    (before, left), (behind, right) = pieces
    return behind - before, right - left


def sharpened(probe: Probe, rough: Hyperplanes) -> Hyperplanes:
    """Return the hyperplanes crossed where others are far; parallel normals are made one.

    Where nothing changes there, a line took other changes for one, and it is left out.
    """
    length = np.linalg.norm(rough.normals, axis=1)
    best, room = rough.feet, np.full(len(length), -1.0)
    for _ in range(_PLACES):
        place = rough.somewhere(probe)
        distance = np.abs(rough.drive(place)) / length
        np.fill_diagonal(distance, rough.reach)
        there = distance.min(axis=1) / (1 + np.linalg.norm(place, axis=1))
        better = there > room
        best, room = np.where(better[:, None], place, best), np.where(better, there, room)
    room = room * (1 + np.linalg.norm(best, axis=1))
    found = crossed_at(probe, Crossings(best, rough.units, room), _AROUND)
    normals = as_written(found.normals)
    _, first, same = np.unique(
        np.round(normals, _DIGITS) + 0.0, axis=0, return_index=True, return_inverse=True
    )
    found = Hyperplanes.through(found.places, normals[first][same.ravel()], found.room)
    return replace(found, offsets=as_written(found.offsets))
