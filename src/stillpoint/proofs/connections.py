"""Proofs that saddles with one unstable direction lead to attractors.

A connection is an orbit through all times that comes from the saddle and settles on the attractor.
On a side of a saddle one state of such an orbit is known to lie in a small set, a section of the
unstable manifold (`unstable_manifold`). That set is carried along until it lies in a ball from
which everything settles on the attractor (`courier`, `trapping_ball`), so the orbit does as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float, Int

from ..dynamics import Dynamics
from ..dynamics.transforms import Iterated
from ..intervals import AffineForm
from .courier import UNPROVED, Courier, Journeys
from .existence import prove
from .trapping_ball import TrappingBalls, trapping_balls
from .unstable_manifold import Saddles

# Sections are tried so many octaves nearer to the saddle than the attractor is: further out there
# is less of a way to go, and further in the section is smaller for its distance. Sets that are as
# large as that distance are given up.
_OCTAVES = range(6, 30, 3)


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
) -> Bool[np.ndarray, " e"]:
    """Return which connections of a map are proved, following sets for so many steps at most.

    Of a source it is proved that it is a fixed point with exactly one unstable direction, of a
    target that it attracts.
    """
    exact, found = dynamics.interval_extension(), np.full(len(connections.source), UNPROVED)
    if exact is None or not len(found):
        return np.zeros(len(found), dtype=bool)
    saddles, which = _saddles(dynamics, exact, connections)
    targets, end = np.unique(connections.target, return_inverse=True)
    courier = Courier(exact, _balls(dynamics, connections, targets), steps)
    apart = connections.states[connections.source] - connections.states[connections.target]
    far = np.linalg.norm(apart, axis=1)
    for octaves in _OCTAVES:  # from nearer it takes longer, so what was late is left
        rows = np.flatnonzero((found == UNPROVED) & (which >= 0) & (courier.balls.radius[end] > 0))
        if not len(rows):
            break
        own, reach = saddles.take(which[rows]), far[rows] * 2.0**-octaves
        found[rows] = _arrive(courier, own, reach, connections.side[rows], end[rows], far[rows])
    return np.asarray(found >= 0)


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


def _arrive(
    courier: Courier,
    saddles: Saddles,
    reach: Float[np.ndarray, " k"],
    side: Int[np.ndarray, " k"],
    end: Int[np.ndarray, " k"],
    far: Float[np.ndarray, " k"],
) -> Int[np.ndarray, " k"]:
    """Return after how many steps sections of saddles are proved to be at their ends."""
    slope = saddles.slopes(courier.exact, reach)
    known = np.isfinite(slope)
    goal = np.where(known, courier.balls.radius[end], 0.0)
    journeys = Journeys(
        end=end,
        inputs=saddles.inputs,
        duration=np.zeros(len(end), dtype=np.int64),
        rest=saddles.inputs,
        goal=goal,
        stay=np.full(len(end), np.inf),
        large=far,
    )

    def begin(rows: Int[np.ndarray, " j"]) -> AffineForm:
        return saddles.take(rows).sections(reach[rows], slope[rows], side[rows])

    return courier.arrivals(begin, journeys)


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
