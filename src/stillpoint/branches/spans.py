"""Steps of branches, and parts of them, as spans in which something may happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core.arrays import take_record
from ..local.spectra import growth
from .bordered import Along, Places, correct, tangents
from .curves import Curve
from .path import Pieces

Numbers = Float[np.ndarray, " n"]
Counts = Int[np.ndarray, " n"]
Rows = TypeVar("Rows")

# Between two places the parameter is looked at closely where it seems to change at this share of
# the pace at both ends, or less, ...
_NEARLY = 0.3
# ... in halves of halves, as often as this.
_HALVINGS = 12


@dataclass(frozen=True, eq=False)
class Spans:
    """Parts of steps: places are `start + place * way` and what is orthogonal to `way`.

    Attributes
    ----------
    curve, after
        Of which branch, and behind which of its places.
    start, stop, way, piece
        The step, its direction, and the piece of the path.
    low, high
        The two ends of the span, along `way`.
    s_low, s_high
        The parameter there, times its weight.
    n_low, n_high
        Unstable directions there.
    turn_low, turn_high
        The tangents' part along the parameter there.
    """

    curve: Counts
    after: Counts
    start: Places
    stop: Places
    way: Places
    piece: Pieces
    low: Numbers
    high: Numbers
    s_low: Numbers
    s_high: Numbers
    n_low: Counts
    n_high: Counts
    turn_low: Numbers
    turn_high: Numbers

    def __len__(self) -> int:
        return len(self.curve)

    @property
    def turns(self) -> Bool[np.ndarray, " n"]:
        """Whether the parameter turns around."""
        return self.turn_low * self.turn_high < 0

    @property
    def busy(self) -> Bool[np.ndarray, " n"]:
        """Whether something happens."""
        return self.turns | (self.n_low != self.n_high)

    @property
    def slowest(self) -> tuple[Numbers, Numbers]:
        """Where the parameter changes least, and its pace there beside that at the slower end.

        It is taken for a cubic of the arclength between the ends.
        """
        way = np.sign(self.turn_low)
        first, last = way * self.turn_low, way * self.turn_high
        mean = way * (self.s_high - self.s_low) / np.maximum(self.high - self.low, 1e-300)
        linear, square = 6 * mean - 4 * first - 2 * last, 3 * (first + last - 2 * mean)
        with np.errstate(all="ignore"):
            place = np.where(square > 0, -linear / (2 * square), 0.0)
            place = np.where((place > 0) & (place < 1), place, 0.0)
            pace = (first + linear * place + square * place**2) / np.minimum(first, last)
        return self.low + place * (self.high - self.low), pace

    @property
    def wavers(self) -> Bool[np.ndarray, " n"]:
        """Whether the parameter may turn around and back, as far as both ends tell."""
        place, pace = self.slowest
        return ~self.turns & (place > self.low) & (pace < _NEARLY)


def spans_of(
    along: Along, curves: Sequence[Curve], values: Sequence[Complex[np.ndarray, "n m"]]
) -> Spans:
    """Return the spans in which something happens, given the eigenvalues at places of branches."""
    steps = joined(
        [_steps(along, k, *one) for k, one in enumerate(zip(curves, values, strict=True))]
    )
    busy = [take_record(steps, np.flatnonzero(steps.busy))]
    quiet = take_record(steps, np.flatnonzero(~steps.busy & steps.wavers))
    for _ in range(_HALVINGS):
        if not len(quiet):
            break
        parts = joined(_halves(along, quiet))
        busy.append(take_record(parts, np.flatnonzero(parts.busy)))
        quiet = take_record(parts, np.flatnonzero(~parts.busy & parts.wavers))
    return joined(busy)


def n_unstable(along: Along, values: Complex[np.ndarray, "n m"]) -> Counts:
    """Return how many eigenvalues lie beyond the stability border, however little."""
    return (growth(values, along.kind) > 0).sum(axis=1)


def place_at(along: Along, spans: Spans, place: Numbers) -> tuple[Places, Places]:
    """Return places on branches, and the tangents there."""
    length = np.einsum("nz,nz->n", spans.stop - spans.start, spans.way)
    guess = spans.start + (place / length)[:, None] * (spans.stop - spans.start)
    anchor = spans.start + place[:, None] * spans.way
    z = correct(along, guess, spans.way, anchor, spans.piece).z
    way = tangents(along, z, spans.way, spans.piece)[0]
    return z, np.where(np.isfinite(way).all(axis=1)[:, None], way, spans.way)  # branches cross


def up_to(
    along: Along, spans: Spans, place: Numbers
) -> tuple[Spans, Spans, Complex[np.ndarray, "n m"]]:
    """Return the parts of spans up to a place and behind it, and the eigenvalues there."""
    z, way = place_at(along, spans, place)
    values = along.eigenvalues(z, spans.piece)
    n, s, turn = n_unstable(along, values), z[:, -1], way[:, -1]
    left = replace(spans, high=place, n_high=n, s_high=s, turn_high=turn)
    return left, replace(spans, low=place, n_low=n, s_low=s, turn_low=turn), values


def joined(several: Sequence[Rows]) -> Rows:
    """Return the rows of several records in one."""
    names = [field.name for field in fields(several[0])]  # type: ignore[arg-type]
    return type(several[0])(*(np.concatenate([getattr(r, n) for r in several]) for n in names))


def _halves(along: Along, spans: Spans) -> tuple[Spans, Spans]:
    """Return spans up to where the parameter changes least, and behind it."""
    left, right, _ = up_to(along, spans, spans.slowest[0])
    return left, right


def _steps(along: Along, number: int, curve: Curve, values: Complex[np.ndarray, "n m"]) -> Spans:
    """Return all steps of a branch."""
    at = np.flatnonzero(curve.piece[:-1] == curve.piece[1:])
    start, stop, way = curve.z[at], curve.z[at + 1], curve.tangent[at]
    turn, n = curve.tangent[:, -1], n_unstable(along, values)
    return Spans(
        curve=np.full(len(at), number),
        after=at,
        start=start,
        stop=stop,
        way=way,
        piece=curve.piece[at],
        low=np.zeros(len(at)),
        high=np.einsum("nz,nz->n", stop - start, way),
        s_low=start[:, -1],
        s_high=stop[:, -1],
        n_low=n[at],
        n_high=n[at + 1],
        turn_low=turn[at],
        turn_high=turn[at + 1],
    )
