"""Walks along branches, many at once: predict along the tangent, correct, choose the next step.

Each walk has its own step length, from how much its tangent turned (Allgower and Georg 1990,
chapter 6). It stays between two parameters, and lands exactly where it comes to one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import take_record
from .bordered import Along, Corrected, Places, Signs, at_parameter, correct, tangents
from .ends import End
from .path import Pieces

# The first step and the longest one, in sizes of states: as long is the whole path.
_FIRST, _LONGEST = 0.01, 0.1

# A place is at a fold where the parameter's part of the tangent is smaller than this.
_AT_FOLD = 1e-3

# A step is to turn the tangent by this, in radians, and may turn it by so much ...
_TURN, _MOST_TURN = 0.15, 0.4
# ... unless it is so short that a kink must lie there, which is passed up to this angle.
_AT_KINK, _KINK = 1e-6, np.pi / 3

# The determinant changes its sign where branches cross. Two that pass each other nearer than this,
# in sizes of states, are taken to cross.
_CROSSING = 1e-4

# Below this a walk is given up. Steps that fail are divided by four, others at most doubled.
_SHORTEST, _SHRINK, _GROWTH = 1e-9, 0.25, 2.0

# The parameter stands still where it changes by less than this, relative to the step, so many times
# in a row: along a continuum, or with limit cycles whose period grows without bound.
_STILL, _STEPS_STILL = 1e-8, 5

# Newton's method may move a prediction by this share of the step.
_REACH = 0.4


@dataclass(frozen=True, eq=False)
class Leg:
    """Part of a branch between two parameters: places in their order, tangents, and why it ends.

    `end` is None where it came to one of the two.
    """

    z: Places
    tangent: Places
    piece: int
    end: End | None

    @property
    def reversed(self) -> Leg:
        """The same, walked the other way."""
        return Leg(self.z[::-1], -self.tangent[::-1], self.piece, None)


@dataclass(frozen=True, eq=False)
class _Walkers:
    """Walks that go on: where they are and how they look ahead."""

    row: Int[np.ndarray, " n"]
    z: Places
    tangent: Places
    sign: Signs
    step: Float[np.ndarray, " n"]
    low: Float[np.ndarray, " n"]
    high: Float[np.ndarray, " n"]
    piece: Pieces
    still: Int[np.ndarray, " n"]  # steps in a row in which the parameter stood still

    def __len__(self) -> int:
        return len(self.row)


def walk(
    along: Along,
    z: Places,
    upward: Bool[np.ndarray, " n"],
    low: Float[np.ndarray, " n"],
    high: Float[np.ndarray, " n"],
    *,
    max_steps: int,
    max_norm: float,
) -> list[Leg]:
    """Return where branches lead from places on them, to larger or to smaller parameters first."""
    piece = along.path.piece((low + high) / 2)
    tangent, sign = first_tangents(along, z, piece, np.where(upward, 1.0, -1.0))
    first = np.full(len(z), _FIRST * along.size)
    rows, bounds = np.arange(len(z)), (low * along.weight, high * along.weight)
    walkers = _Walkers(rows, z, tangent, sign, first, *bounds, piece, np.zeros_like(rows))
    visits, ends = [walkers], np.full(len(z), End.MAX_STEPS)
    walkers = _without(walkers, ~np.isfinite(tangent).all(axis=1), ends, End.LOST)
    landed = np.zeros(len(z), dtype=bool)
    for _ in range(max_steps):
        if not len(walkers):
            break
        moved, lands, accepted = _advance(along, walkers)
        visits.append(take_record(moved, np.flatnonzero(accepted)))
        landed[moved.row[accepted & lands]] = True
        walkers = take_record(moved, np.flatnonzero(~(accepted & lands)))
        far = np.abs(walkers.z[:, :-1]).max(axis=1, initial=0.0) > max_norm * along.size
        walkers = _without(walkers, far, ends, End.OUT_OF_BOUNDS)
        still = walkers.still >= _STEPS_STILL
        walkers = _without(walkers, still, ends, End.STOOD_STILL)
        lost = walkers.step < _SHORTEST * along.size
        walkers = _without(walkers, lost, ends, End.LOST)
    return _legs(visits, landed, ends)


def first_tangents(
    along: Along, z: Places, piece: Pieces, way: Float[np.ndarray, " n"]
) -> tuple[Places, Signs]:
    """Return tangents along which the parameter grows (way 1) or falls (-1), and their signs."""
    border = np.zeros_like(z)
    border[:, -1] = way
    tangent, sign = tangents(along, z, border, piece)
    at_fold = ~np.isfinite(tangent).all(axis=1)
    if at_fold.any():  # the parameter stands still there: any other plane
        border[at_fold] = np.sqrt(np.arange(1.0, z.shape[1] + 1))
        again, signs = tangents(along, z[at_fold], border[at_fold], piece[at_fold])
        turn = np.where(again[:, -1] * way[at_fold] < 0, -1.0, 1.0)
        tangent[at_fold], sign[at_fold] = again * turn[:, None], signs * turn
    return tangent, sign


def off_folds(along: Along, z: Places) -> Places:
    """Return places on branches, those at folds moved along the branch: a walk begins elsewhere."""
    piece = along.path.piece(along.parameters(z))
    tangent, _ = first_tangents(along, z, piece, np.ones(len(z)))
    low, high = along.path.low * along.weight, along.path.high * along.weight
    z = z.copy()
    for k in np.flatnonzero(np.abs(tangent[:, -1]) < _AT_FOLD):
        for way in (tangent[k : k + 1], -tangent[k : k + 1]):
            guess = z[k : k + 1] + _FIRST * along.size * way
            found = correct(along, guess, way, guess, piece[k : k + 1])
            if found.reached[0] and low <= found.z[0, -1] <= high:
                z[k] = found.z[0]
                break
    return z


def _advance(
    along: Along, walkers: _Walkers
) -> tuple[_Walkers, Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Return the walkers a step further, which of them land on their bound, and which moved."""
    z, t, piece = walkers.z, walkers.tangent, walkers.piece
    bound = np.where(t[:, -1] > 0, walkers.high, walkers.low)
    left = (bound - z[:, -1]) / t[:, -1]
    lands = left <= walkers.step
    stride = np.where(lands, np.maximum(left, 0.0), walkers.step)
    guess = z + stride[:, None] * t
    guess[lands, -1] = bound[lands]
    border = np.where(lands[:, None], np.eye(z.shape[1])[-1], t)
    found = correct(along, guess, border, guess, piece)
    beyond = found.reached & ~((found.z[:, -1] >= walkers.low) & (found.z[:, -1] <= walkers.high))
    if beyond.any():
        lands = lands | beyond
        found = _landed(along, walkers, beyond, found)
    way, sign = tangents(along, found.z, t, piece)
    turn = 2 * np.arcsin(np.minimum(np.linalg.norm(way - t, axis=1) / 2, 1.0))
    close = np.linalg.norm(found.z - guess, axis=1) <= _REACH * stride + 1e-12 * along.size
    short = walkers.step <= _AT_KINK * along.size
    smooth = np.where(short, turn <= _KINK, (turn <= _MOST_TURN) & (close | beyond))
    same_side = (sign == walkers.sign) | (walkers.step <= _CROSSING * along.size)
    turns = way[:, -1] * t[:, -1] < 0
    out = turns & (_farthest(z, t, found.z, way) > np.abs(bound - z[:, -1])) & ~short
    progress = np.einsum("nz,nz->n", found.z - z, t)
    back = beyond & ~(progress > np.linalg.norm(found.z - z, axis=1) / 2)
    accepted = found.reached & smooth & same_side & ~out & ~(lands & turns) & ~back
    pace = np.clip(_TURN / np.maximum(turn, 1e-12), 0.5, _GROWTH)
    size = np.maximum(along.size, np.linalg.norm(z[:, :-1], axis=1))
    longer = np.minimum(walkers.step * pace, _LONGEST * size)
    moved = found.z - z
    still = np.abs(moved[:, -1]) < _STILL * np.linalg.norm(moved, axis=1)
    return (
        replace(
            walkers,
            z=np.where(accepted[:, None], found.z, z),
            tangent=np.where(accepted[:, None], way, t),
            sign=np.where(accepted, sign, walkers.sign),
            step=np.where(accepted, longer, _SHRINK * np.minimum(stride, walkers.step)),
            still=np.where(accepted, (walkers.still + 1) * still, walkers.still),
        ),
        lands,
        accepted,
    )


def _landed(
    along: Along, walkers: _Walkers, beyond: Bool[np.ndarray, " n"], found: Corrected
) -> Corrected:
    """Return the places with those that went beyond a bound brought back to it."""
    rows = np.flatnonzero(beyond)
    z, new = walkers.z[rows], found.z[rows]
    bound = np.where(new[:, -1] > walkers.high[rows], walkers.high[rows], walkers.low[rows])
    share = (bound - z[:, -1]) / (new[:, -1] - z[:, -1])
    guess = z + share[:, None] * (new - z)
    back = at_parameter(along, guess, bound / along.weight, walkers.piece[rows])
    places, reached = found.z.copy(), found.reached.copy()
    places[rows], reached[rows] = back.z, back.reached
    return Corrected(places, reached)


def _farthest(z: Places, t: Places, new: Places, way: Places) -> Float[np.ndarray, " n"]:
    """Return how far the parameter gets on steps at which it turns around: of a parabola."""
    length = np.linalg.norm(new - z, axis=1)
    slope, after = t[:, -1], way[:, -1]
    return np.abs(slope) * length * np.abs(slope) / (2 * np.abs(after - slope))


def _without(
    walkers: _Walkers, stopped: Bool[np.ndarray, " n"], ends: Int[np.ndarray, " n"], end: End
) -> _Walkers:
    """Return the walkers that go on; why the others do not is written into `ends`."""
    if not stopped.any():
        return walkers
    ends[walkers.row[stopped]] = end
    return take_record(walkers, np.flatnonzero(~stopped))


def _legs(
    visits: list[_Walkers], landed: Bool[np.ndarray, " n"], ends: Int[np.ndarray, " n"]
) -> list[Leg]:
    """Return the visited places of each walk."""
    row = np.concatenate([visit.row for visit in visits])
    z = np.concatenate([visit.z for visit in visits])
    tangent = np.concatenate([visit.tangent for visit in visits])
    order = np.argsort(row, kind="stable")
    borders = np.searchsorted(row[order], np.arange(1, len(landed)))
    legs = []
    for k, own in enumerate(np.split(order, borders)):
        end = None if landed[k] else End(ends[k])
        if end is End.STOOD_STILL:
            own = own[: max(len(own) - _STEPS_STILL, 1)]
        legs.append(Leg(z[own], tangent[own], int(visits[0].piece[k]), end))
    return legs
