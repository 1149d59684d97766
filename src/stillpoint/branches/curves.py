"""Whole branches: legs between stops of the parameter, put together where they meet.

Stops are the corners of a path and the parameters at which branches are begun. A branch that comes
to a stop where another one begins is that other one, so every branch is there once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from .bordered import Along, Places
from .ends import End
from .path import Pieces
from .walk import Leg

# Places at one stop are one where they are this near to each other, in sizes of states.
_SAME = 1e-7

# So many legs are walked for each place at which one begins, at most, and some more.
_LEGS_EACH, _LEGS_MORE = 200, 1000


@dataclass(frozen=True, eq=False)
class Curve:
    """A branch: places in their order with tangents, the piece of the path of each, and its ends.

    A closed one ends where it begins. Two places at a corner are one place of both pieces.
    """

    z: Places
    tangent: Places
    piece: Pieces
    ends: tuple[End, End]

    @property
    def is_closed(self) -> bool:
        """Whether it is a closed curve."""
        return self.ends[0] is End.CLOSED


@dataclass(frozen=True)
class _Side:
    """A place at a stop, and on which side of it one goes on: to larger parameters or smaller."""

    place: int
    upward: bool

    @property
    def across(self) -> _Side:
        return _Side(self.place, not self.upward)


@dataclass(frozen=True, eq=False)
class _Link:
    """What one comes along on a side of a place, and to which side of which; or why it ends."""

    leg: Leg
    to: _Side | None
    end: End | None

    def reversed(self, origin: _Side) -> _Link:
        return _Link(self.leg.reversed, origin, None)


@dataclass(eq=False)
class _Network:
    """Places at stops, and the legs that link them."""

    along: Along
    stops: Float[np.ndarray, " b"]
    places: list[Float[np.ndarray, " z"]] = field(default_factory=list)
    links: dict[_Side, _Link] = field(default_factory=dict)

    def place(self, z: Float[np.ndarray, " z"]) -> tuple[int, bool]:
        """Return the place at z, and whether it is a new one."""
        if self.places:
            apart = np.linalg.norm(np.array(self.places) - z, axis=1)
            nearest = int(apart.argmin())
            if apart[nearest] <= _SAME * self.along.size:
                return nearest, False
        self.places.append(z)
        return len(self.places) - 1, True

    def parameter(self, side: _Side) -> float:
        s = self.places[side.place][-1] / self.along.weight
        return float(self.stops[np.abs(self.stops - s).argmin()])

    def add(self, side: _Side, leg: Leg) -> list[_Side]:
        """Link a side by what was walked from it; return from where one has to walk next."""
        if side in self.links:  # was walked from its other end already
            return []
        if leg.end is not None:
            self.links[side] = _Link(leg, None, leg.end)
            return []
        number, is_new = self.place(leg.z[-1])
        to = _Side(number, bool(leg.tangent[-1, -1] < 0))
        if to in self.links or to == side:
            self.links[side] = _Link(leg, None, End.JOINED)
            return []
        link = _Link(leg, to, None)
        self.links[side], self.links[to] = link, link.reversed(side)
        return [to.across] if is_new and not self.is_end(to.across) else []

    def is_end(self, side: _Side) -> bool:
        """Whether the path is at its end on a side of a place."""
        return self.parameter(side) == (self.stops[-1] if side.upward else self.stops[0])

    def curves(self) -> list[Curve]:
        """Return the branches that the legs make."""
        found, done = [], set()
        for number in range(len(self.places)):
            if number in done:
                continue
            ahead, end, passed = self._trace(_Side(number, True))
            done |= passed
            if end is End.CLOSED:
                found.append(_curve(ahead, (end, end)))
                continue
            behind, start, passed = self._trace(_Side(number, False))
            done |= passed
            back = [leg.reversed for leg in behind[::-1]]
            if back or ahead:
                found.append(_curve([*back, *ahead], (start, end)))
        return found

    def _trace(self, side: _Side) -> tuple[list[Leg], End, set[int]]:
        """Return the legs from a side on, how that ends, and which places are passed."""
        legs: list[Leg] = []
        passed, first = {side.place}, side
        while True:
            link = self.links.get(side)
            if link is None:
                return legs, End.END_OF_PATH if self.is_end(side) else End.MAX_STEPS, passed
            legs.append(link.leg)
            if link.to is None:
                return legs, link.end or End.LOST, passed
            side = link.to.across
            if side == first:
                return legs, End.CLOSED, passed
            passed.add(side.place)


def follow(
    along: Along,
    z: Places,
    s: Float[np.ndarray, " n"],
    walker: Callable[..., list[Leg]],
    *,
    max_steps: int,
    max_norm: float,
) -> list[Curve]:
    """Return all branches through places at parameters, each followed both ways to its ends."""
    stops = np.unique(np.concatenate([along.path.corners, s]))
    network = _Network(along, stops)
    sides: list[_Side] = []
    for row in z:
        number, is_new = network.place(row)
        both = [_Side(number, upward) for upward in (True, False)] if is_new else []
        sides += [side for side in both if not network.is_end(side)]
    left = _LEGS_EACH * len(z) + _LEGS_MORE
    while sides and left > 0:
        left -= len(sides)
        at = np.searchsorted(stops, [network.parameter(side) for side in sides])
        upward = np.array([side.upward for side in sides])
        lower = np.where(upward, at, at - 1)
        places = np.array([network.places[side.place] for side in sides])
        between = stops[lower], stops[lower + 1]
        legs = walker(along, places, upward, *between, max_steps=max_steps, max_norm=max_norm)
        sides = [to for side, leg in zip(sides, legs, strict=True) for to in network.add(side, leg)]
    return network.curves()


def _curve(legs: list[Leg], ends: tuple[End, End]) -> Curve:
    """Return legs in one; a place where two of the same piece meet is there once."""
    z, tangent, piece = [], [], []
    for before, leg in zip([None, *legs[:-1]], legs, strict=True):
        first = int(before is not None and before.piece == leg.piece)
        z.append(leg.z[first:])
        tangent.append(leg.tangent[first:])
        piece.append(np.full(len(leg.z) - first, leg.piece))
    return Curve(np.concatenate(z), np.concatenate(tangent), np.concatenate(piece), ends)
