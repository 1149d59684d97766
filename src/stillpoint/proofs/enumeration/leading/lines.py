"""Straight lines beside an activation function: phi(a) lies within eps of m + S a on an interval.

S is the slope of the chord, with which eps is smallest where phi bends one way. R(a) = phi(a) - S a
is concave where phi is, so it lies below its tangents there: on [l, h], with any t between them,
R(a) <= R(t) + max(R'(t) (h - t), R'(t) (l - t)); where it is convex, it is largest at an end. All
of that holds for whatever S and t rounding makes of the slope and of the place where phi' = S.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ....dynamics import activation
from ....intervals import EPS

_Rows = Float[np.ndarray, "n d"]

#: More than rounding makes of phi, phi' or R, in units of EPS times 1 + |a|: the library loses 8 of
# tanh and 32 of softplus, each of a handful of further operations one half or one.
LOST = 64 * EPS


class Lines(NamedTuple):
    """|phi(a) - (middle + slope a)| <= room for all a of an interval, each of shape (n, d).

    No slope of phi is larger there than `steepest`.
    """

    slope: _Rows
    middle: _Rows
    room: _Rows
    steepest: _Rows


def lines(phi: str, low: _Rows, high: _Rows) -> Lines:
    """Return a line beside phi on each interval.

    Examples
    --------
    Between 0 and 1 the line lies midway between the chord and the parallel tangent:

    >>> line = lines("tanh", np.zeros((1, 1)), np.ones((1, 1)))
    >>> line.slope.round(3), line.room.round(3)
    (array([[0.762]]), array([[0.041]]))
    """
    at_low, at_high = value(phi, low), value(phi, high)
    run = high - low
    slope = np.divide(at_high - at_low, run, out=np.zeros_like(run), where=run > 0)
    slope = np.clip(slope, 0.0, 1.0)
    ends = at_low - slope * low, at_high - slope * high
    most, least = np.maximum(*ends), np.minimum(*ends)
    if phi == "tanh":
        below = _bulge(slope, np.maximum(-high, 0.0), np.maximum(-low, 0.0))
        above = _bulge(slope, np.maximum(low, 0.0), np.maximum(high, 0.0))
        most = np.where(high > 0, np.maximum(most, above), most)
        least = np.where(low < 0, np.minimum(least, -below), least)
        nearest = np.where(low * high > 0, np.minimum(np.abs(at_low), np.abs(at_high)), 0.0)
        steepest = 1 - nearest * nearest
    else:
        steepest = activation(phi).slope(high, at_high)
        least = np.minimum(least, _sag(phi, slope, low, high))
    lost = LOST * (1 + np.maximum(np.abs(low), np.abs(high)))
    room = 0.5 * (most - least) + 4 * lost
    return Lines(slope, 0.5 * (most + least), room, np.minimum(steepest + LOST, 1.0))


def value(phi: str, a: _Rows) -> _Rows:
    """Return phi(a), to rounding."""
    return np.tanh(a) if phi == "tanh" else activation(phi).value(a)


def _bulge(slope: _Rows, low: _Rows, high: _Rows) -> _Rows:
    """Return a bound of tanh(a) - S a on intervals of numbers that are not negative."""
    with np.errstate(all="ignore"):
        touching = np.arctanh(np.sqrt(1 - slope))
    touching = np.clip(np.fmin(touching, high), low, high)
    at = np.tanh(touching)
    return at - slope * touching + _beside(1 - at * at - slope, touching, low, high)


def _sag(phi: str, slope: _Rows, low: _Rows, high: _Rows) -> _Rows:
    """Return a lower bound of phi(a) - S a on intervals, of a convex phi."""
    if phi == "relu":  # the corner is where it is least
        corner = (low < 0) & (high > 0)
        return np.where(corner, 0.0, np.inf)
    with np.errstate(all="ignore"):
        touching = np.log(slope) - np.log1p(-slope)
    touching = np.clip(np.nan_to_num(touching), low, high)
    at = value(phi, touching)
    rising = activation(phi).slope(touching, at) - slope
    return at - slope * touching - _beside(-rising, touching, low, high)


def _beside(rising: _Rows, at: _Rows, low: _Rows, high: _Rows) -> _Rows:
    """Return how far a tangent rises between two ends at most, with what rounding made of it."""
    up = np.maximum(rising + LOST, 0.0) * (high - at)
    down = np.maximum(LOST - rising, 0.0) * (at - low)
    return np.maximum(up, down) * (1 + 8 * EPS)
