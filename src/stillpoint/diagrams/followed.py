"""What has been followed so far: branches with their events, and where they are at a parameter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core.arrays import batches, take_record
from ..branches.bordered import Along, Places
from ..branches.crossing import crossing, passed
from ..branches.curves import Curve, follow
from ..branches.ends import End
from ..branches.events import Located, locate
from ..branches.straight import (
    eigenvalues_between,
    events_at_kinks,
    off_kinks,
    straightened,
    walk_straight,
)
from ..branches.walk import off_folds, walk
from .records import Origin

Rows = Int[np.ndarray, " e"]

# Numbers in the Jacobians whose eigenvalues are computed at a time.
_AT_ONCE = 2**22

# A cycle is none any more where what tells it apart is this share of its largest.
_SHRUNK = 1e-5

# Where that is less than this share, what happens is that it shrinks.
_GONE = 1e-2

# Places at a parameter are on a known branch where they are this near to it, in sizes of states.
_SAME = 1e-6


@dataclass(frozen=True, eq=False)
class Walked:
    """A branch as it was walked: its curve with events among its places, and its origin.

    `values` are the eigenvalues at its places, at an event those just behind it.
    """

    curve: Curve
    values: Complex[np.ndarray, "n m"]
    origin: Origin = Origin.HANDED_OVER


@dataclass(eq=False)
class Followed:
    """Branches and events; more are added as they are found."""

    along: Along
    max_steps: int
    max_norm: float
    branches: list[Walked] = field(default_factory=list)
    events: list[tuple[Located, Rows]] = field(default_factory=list)

    def add(self, z: Places, origin: Origin) -> None:
        """Follow the branches through places."""
        if not len(z):
            return
        along, form = self.along, self.along.straight
        z = off_folds(along, z) if form is None else off_kinks(form, along, z)
        curves = follow(
            along,
            z,
            along.parameters(z),
            walk if form is None else partial(walk_straight, form),
            max_steps=self.max_steps,
            max_norm=self.max_norm,
        )
        curves = [self._once_around(curve) for curve in curves if not self._is_copy(curve)]
        described = self._smooth(curves) if form is None else self._straight(curves)
        for branch, events, place in described:
            number = np.full(len(place), len(self.branches))
            self.events.append((replace(events, curve=number), place))
            self.branches.append(replace(branch, origin=origin))

    def _is_copy(self, curve: Curve) -> bool:
        """Whether a branch is one of those that are known: at most of its quarters."""
        quarters = curve.z[[(len(curve.z) * k) // 4 for k in (1, 2, 3)]]
        return bool(self.branches) and len(self.unknown(quarters)) < 2

    def _once_around(self, curve: Curve) -> Curve:
        """Return a closed branch up to where what it began with comes back, in another state."""
        if not curve.is_closed:
            return curve
        along, first = self.along, curve.z[:1]
        s, size = first[:, -1] / along.weight, _SAME * along.size
        made, u = along.path.at(along.system, float(s[0]))
        x = along.states(first, curve.piece[:1])
        orbit = along.solution.orbits(made.dynamics, x, u[None])[0]
        known = along.from_states(orbit, np.repeat(s, len(orbit)))
        apart = np.linalg.norm(curve.z[:, None] - known, axis=2).min(axis=1)
        back = np.flatnonzero(apart[1:] < size)
        end = int(back[0]) + 2 if len(back) else len(apart)
        return replace(curve, z=curve.z[:end], tangent=curve.tangent[:end], piece=curve.piece[:end])

    def _smooth(self, curves: list[Curve]) -> Iterator[tuple[Walked, Located, Rows]]:
        """Yield branches with their events."""
        if not curves:
            return
        values = [self._eigenvalues(curve) for curve in curves]
        events = locate(self.along, curves, values)
        for k, (curve, own) in enumerate(zip(curves, values, strict=True)):
            here = take_record(events, np.flatnonzero(events.curve == k))
            yield from self._cut(*_with_events(curve, own, here), here)

    def _cut(
        self,
        curve: Curve,
        values: Complex[np.ndarray, "n m"],
        place: Rows,
        events: Located,
    ) -> Iterator[tuple[Walked, Located, Rows]]:
        """Yield a branch as far as it does not shrink: behind it comes back, half a turn later.

        Where it does not shrink by half, what lies behind is another branch.
        """
        phase = self.along.phases(curve.z, curve.piece)
        if phase is None:
            yield Walked(curve, values), events, place
            return
        size = np.linalg.norm(phase, axis=1)
        turns = np.einsum("np,np->n", phase[:-1], phase[1:]) <= 0
        gone = size < _SHRUNK * size.max()
        if not self.along.solution.is_halved:  # three states may swing past each other as well
            turns &= gone[:-1] | gone[1:]
        ends = np.unique([i + gone[i + 1] for i in np.flatnonzero(turns)]).astype(np.int64)
        if not len(ends):
            yield Walked(curve, values), events, place
            return
        parts = _parts(curve, ends, gone)
        for first, last, why in parts if not self.along.solution.is_halved else parts[:1]:
            kept = np.flatnonzero(
                (place > first) & (place < last) & (size[place] > _GONE * size.max())
            )
            rows = np.arange(first, last + 1)
            inside = rows[~gone[rows]]  # what else lies beside ends is noise
            shrunk = [k for k, end in zip((first, last), why, strict=True) if end is End.SHRANK]
            rows = np.union1d(inside, shrunk).astype(np.int64)
            own = values[np.clip(rows, inside[0], inside[-1])]  # the border has an eigenvalue there
            cut = Curve(curve.z[rows], curve.tangent[rows], curve.piece[rows], why)
            yield Walked(cut, own), take_record(events, kept), np.searchsorted(rows, place[kept])

    def _straight(self, curves: list[Curve]) -> Iterator[tuple[Walked, Located, Rows]]:
        """Yield branches with their events, of a piecewise-linear network."""
        for curve in map(straightened, curves):
            values = eigenvalues_between(self.along, curve)
            yield Walked(curve, values), *events_at_kinks(self.along, curve, values)

    def at(self, s: float) -> Places:
        """Return all places at a parameter."""
        sigma, before, after, piece = s * self.along.weight, [], [], []
        for branch in self.branches:
            curve = branch.curve
            last = len(curve.z) - 1
            here = passed(curve.z[:, -1] - sigma, is_closed=curve.is_closed)
            before.append(curve.z[here])
            after.append(curve.z[np.minimum(here + 1, last)])
            piece.append(curve.piece[here])
        if not before:
            return np.zeros((0, 0))
        ends = np.concatenate(before), np.concatenate(after)
        return crossing(self.along, *ends, np.concatenate(piece), s)

    def unknown(self, z: Places) -> Places:
        """Return the places that lie on no known branch."""
        new: list[Float[np.ndarray, " z"]] = []
        for row in z:
            known = [*self.at(float(self.along.parameters(row[None])[0])), *new]
            for branch in self.branches:  # where one turns around, to rounding, none comes through
                near = np.abs(branch.curve.z[:, -1] - row[-1]) < _SAME * self.along.size
                known += list(branch.curve.z[near])
            apart = [float(np.linalg.norm(other - row)) for other in known]
            if not apart or min(apart) > _SAME * self.along.size:
                new.append(row)
        return np.array(new).reshape(len(new), z.shape[1])

    def _eigenvalues(self, curve: Curve) -> Complex[np.ndarray, "n m"]:
        d = self.along.system.state_size
        return np.concatenate(
            [
                self.along.eigenvalues(curve.z[rows], curve.piece[rows])
                for rows in batches(len(curve.z), d * d, _AT_ONCE)
            ]
        )


def _parts(
    curve: Curve, ends: Rows, gone: Bool[np.ndarray, " n"]
) -> list[tuple[int, int, tuple[End, End]]]:
    """Return the first and last place of the parts of a branch that shrinks, and how they end.

    Where a branch begins or ends shrunk, there is no part before or behind that.
    """
    last = len(gone) - 1
    if curve.is_closed:
        first = int(ends[0]) + (not gone[ends[0]])
        return [(first, int([*ends[ends > first], last][0]), (End.SHRANK, End.SHRANK))]
    inner = [int(end) for end in ends]
    between = [(begin, end, (End.SHRANK, End.SHRANK)) for begin, end in pairwise(inner)]
    before = (0, inner[0], (curve.ends[0], End.SHRANK))
    parts = [before, *between, (inner[-1], last, (End.SHRANK, curve.ends[1]))]
    return [part for part in parts if not gone[part[0] : part[1] + 1].all()]


def _with_events(
    curve: Curve, values: Complex[np.ndarray, "n m"], events: Located
) -> tuple[Curve, Complex[np.ndarray, "n m"], Int[np.ndarray, " e"]]:
    """Return a curve with events among its places, the eigenvalues, and where the events are."""
    behind = events.after + 1
    whole = Curve(
        np.insert(curve.z, behind, events.z, axis=0),
        np.insert(curve.tangent, behind, events.tangent, axis=0),
        np.insert(curve.piece, behind, events.piece),
        curve.ends,
    )
    place = behind + np.arange(len(behind))
    return whole, np.insert(values, behind, events.beyond, axis=0), place
