"""Proofs that saddles with one unstable direction lead to attractors.

A connection is an orbit through all times that comes from the saddle and settles on the attractor.
On a side of a saddle one state of such an orbit is known to lie in a small set, the end of a piece
of the unstable manifold (`unstable_manifold`). That set is carried along until it lies in a ball
from which everything settles on the attractor (`courier`, `trapping_ball`), so the orbit does as
well. If the same is proved of sets that together hold a state of every orbit on that side, the
whole side leads there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..dynamics import Dynamics
from ..dynamics.transforms import Iterated
from ..intervals import AffineForm, Interval
from .courier import UNPROVED, Courier, Journeys
from .existence import prove
from .trapping_ball import TrappingBalls, trapping_balls
from .unstable_manifold import Curves, Saddles

# Ends of pieces are tried so many octaves nearer to the saddle than the attractor is: further out
# there is less of a way to go, further in the set is smaller for its distance. Sets that are as
# large as that distance are given up.
_OCTAVES = range(6, 30, 3)

# Pieces that are too long, as they take so many times as long as ends, are halved so often.
_LONGER, _HALVINGS = 2, 5


@dataclass(frozen=True, eq=False)
class Connections:
    """What is to be proved: which saddle leads to which attractor on which side.

    Attributes
    ----------
    states, inputs
        Saddles and attractors, of cycles one state, shapes (n, d) and (n, m).
    period
        Of each attractor, 1 for points, shape (n,).
    source, target, side
        Rows of both, and 1 or -1 for the side that the direction points to or the other, shape
        (e,). Both ends of a connection are under one input.
    direction
        About the unstable direction of each source, shape (e, d).
    """

    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    period: Int[np.ndarray, " n"]
    source: Int[np.ndarray, " e"]
    target: Int[np.ndarray, " e"]
    side: Int[np.ndarray, " e"]
    direction: Float[np.ndarray, "e d"]


@np.errstate(all="ignore")
def prove_connections(
    dynamics: Dynamics, connections: Connections, steps: int
) -> tuple[Bool[np.ndarray, " e"], Bool[np.ndarray, " e"]]:
    """Return which connections of a map are proved, and of which the whole side is.

    Of a source it is proved that it is a fixed point with exactly one unstable direction, of a
    target that it attracts. Sets are followed for so many steps at most.
    """
    exact, found = dynamics.interval_extension(), np.full(len(connections.source), UNPROVED)
    whole = np.zeros(len(found), dtype=bool)
    if exact is None or not len(found):
        return whole, whole
    saddles, which = _saddles(dynamics, exact, connections)
    targets, end = np.unique(connections.target, return_inverse=True)
    courier = Courier(exact, _balls(dynamics, connections, targets), steps)
    apart = connections.states[connections.source] - connections.states[connections.target]
    ways = _Ways(connections.side, end, np.linalg.norm(apart, axis=1))
    for octaves in _OCTAVES:  # from nearer it takes longer, so what was late is left
        rows = np.flatnonzero((found == UNPROVED) & (which >= 0) & (courier.balls.radius[end] > 0))
        if not len(rows):
            break
        own = ways.take(rows)
        curves = saddles.take(which[rows]).curves(exact, own.far * 2.0**-octaves)
        found[rows] = own.arrivals(courier, curves, curves.ends)
        good = np.flatnonzero(found[rows] >= 0)
        patient = replace(courier, steps=min(steps, _LONGER * max(1, int(found.max(initial=0)))))
        whole[rows[good]] = _arrive_whole(patient, curves.take(good), own.take(good))
    return np.asarray(found >= 0), whole


@dataclass(frozen=True, eq=False)
class _Ways:
    """On which side which ball is to be reached, and how far its centre is from the saddle."""

    side: Int[np.ndarray, " k"]
    end: Int[np.ndarray, " k"]
    far: Float[np.ndarray, " k"]

    def take(self, rows: Int[np.ndarray, " j"]) -> _Ways:
        return _Ways(self.side[rows], self.end[rows], self.far[rows])

    def arrivals(
        self, courier: Courier, curves: Curves, distance: Interval
    ) -> Int[np.ndarray, " k"]:
        """Return after how many steps pieces of curves are at their ends (see `Courier`)."""
        inputs, known = curves.saddles.inputs, np.isfinite(curves.slope)
        journeys = Journeys(
            end=self.end,
            inputs=inputs,
            duration=np.zeros(len(self.end), dtype=np.int64),
            rest=inputs,
            goal=np.where(known, courier.balls.radius[self.end], 0.0),
            stay=np.zeros(len(self.end)),  # so that the step of the arrival is told
            large=self.far,
        )

        def begin(rows: Int[np.ndarray, " j"]) -> AffineForm:
            return curves.take(rows).pieces(distance[rows], self.side[rows])

        return courier.arrivals(begin, journeys)


def _arrive_whole(courier: Courier, curves: Curves, ways: _Ways) -> Bool[np.ndarray, " k"]:
    """Return of which curves a state of every orbit arrives, in pieces that are halved."""
    good, own, pieces = np.ones(len(ways.end), dtype=bool), np.arange(len(ways.end)), curves.domains
    for _ in range(_HALVINGS + 1):
        found = ways.take(own).arrivals(courier, curves.take(own), pieces)
        left = np.flatnonzero(found < 0)
        if not len(left):
            return good
        own, pieces = np.tile(own[left], 2), _halves(pieces[left])
    good[own] = False
    return good


def _halves(pieces: Interval) -> Interval:
    """Return the lower and then the upper halves of intervals."""
    low, middle, high = pieces.lower, pieces.mid, pieces.upper
    return Interval.between(np.concatenate([low, middle]), np.concatenate([middle, high]))


def _saddles(
    dynamics: Dynamics, exact: Dynamics, connections: Connections
) -> tuple[Saddles, Int[np.ndarray, " e"]]:
    """Return the sources that are proved, and which of them each connection has; -1 for none."""
    rows, first, which = np.unique(connections.source, return_index=True, return_inverse=True)
    x, u = connections.states[rows], connections.inputs[rows]
    certificate = prove(dynamics, x, u)
    good = np.flatnonzero(certificate.proved & (certificate.n_unstable_proved == 1))
    place = np.full(len(rows), -1)
    place[good] = np.arange(len(good))
    direction = connections.direction[first[good]]
    saddles = Saddles.of(exact, x[good], u[good], certificate.box[good], direction)
    return saddles, place[which]


def _balls(
    dynamics: Dynamics, connections: Connections, targets: Int[np.ndarray, " t"]
) -> TrappingBalls:
    """Return balls around points, and of cycles around one state, where F^k contracts."""
    period = connections.period[targets]
    order, parts = np.argsort(period, kind="stable"), []
    for k in np.unique(period).tolist():
        rows = targets[period == k]
        exact = (dynamics if k == 1 else Iterated(dynamics, k)).interval_extension()
        assert exact is not None  # as that of one step
        parts.append(trapping_balls(exact, connections.states[rows], connections.inputs[rows]))
    back = np.argsort(order)
    columns = [[getattr(part, field.name) for part in parts] for field in fields(TrappingBalls)]
    return TrappingBalls(*(np.concatenate(column)[back] for column in columns))
