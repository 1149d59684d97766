"""Events on branches: where eigenvalues cross the stability border, or the parameter turns around.

Between two places of a branch the number of unstable directions differs, or the tangent's part
along the parameter changes its sign. Where that happens is a zero of one function of the place: the
growth of the eigenvalue that crosses, or that part of the tangent. What lies on both sides of a
zero is looked at again, so that several events in one step are found one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.optimize import elementwise

from .._core.arrays import take_record
from .._core.sentences import SentenceEnum
from ..local.spectra import growth
from .bordered import Along, Pieces, Places, correct, tangents
from .branch_points import sharpened
from .curves import Curve

# Beside an event this far, in sizes of states, its two sides are looked at ...
_BESIDE = 1e-6
# ... and so many events are looked for in one step of a walk.
_MOST_IN_STEP = 8

# An eigenvalue of this size, in units of its modulus, off the real axis is one of a pair.
_REAL = 1e-6


_Rows = TypeVar("_Rows", "Located", "_Spans")


class EventKind(SentenceEnum):
    """What happens at a place of a branch.

    Examples
    --------
    >>> EventKind.FOLD.sentence
    'two branches meet and end'
    """

    FOLD = 0, "two branches meet and end"
    BRANCH_POINT = 1, "branches cross"
    FLIP = 2, "a mode passes -1: a cycle of twice the period is born or absorbed"
    NEIMARK_SACKER = 3, "a pair of modes passes the unit circle: a closed curve is born or absorbed"
    HOPF = 4, "a pair of modes passes the imaginary axis: a limit cycle is born or absorbed"
    BORDER_COLLISION = 5, "the branch crosses a kink, and its stability changes"
    BORDER_FOLD = 6, "two branches meet and end at a kink"

    @property
    def noun(self) -> str:
        """Its name."""
        return self.name.lower().replace("_", " ").replace("neimark sacker", "Neimark-Sacker")


@dataclass(frozen=True, eq=False)
class Located:
    """Events on branches, one row each.

    Attributes
    ----------
    curve, after
        On which branch, and behind which of its places.
    z, tangent, piece
        Where.
    kind
        An `EventKind`.
    eigenvalue
        The eigenvalue that crosses the border, of a pair the one above the real axis.
    n_before, n_after
        Unstable directions on both sides, in the order of the branch.
    beyond
        The eigenvalues just behind it.
    """

    curve: Int[np.ndarray, " e"]
    after: Int[np.ndarray, " e"]
    z: Places
    tangent: Places
    piece: Pieces
    kind: Int[np.ndarray, " e"]
    eigenvalue: Complex[np.ndarray, " e"]
    n_before: Int[np.ndarray, " e"]
    n_after: Int[np.ndarray, " e"]
    beyond: Complex[np.ndarray, "e m"]


@dataclass(frozen=True, eq=False)
class _Spans:
    """Parts of steps: places are `start + place * way` and what is orthogonal to `way`."""

    curve: Int[np.ndarray, " n"]
    after: Int[np.ndarray, " n"]
    start: Places
    stop: Places
    way: Places
    piece: Pieces
    low: Float[np.ndarray, " n"]
    high: Float[np.ndarray, " n"]
    n_low: Int[np.ndarray, " n"]
    n_high: Int[np.ndarray, " n"]
    turn_low: Float[np.ndarray, " n"]
    turn_high: Float[np.ndarray, " n"]

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


def locate(
    along: Along, curves: Sequence[Curve], values: Sequence[Complex[np.ndarray, "n m"]]
) -> Located:
    """Return the events on branches, given the eigenvalues at their places."""
    spans = _spans(along, curves, values)
    quiet = take_record(spans, np.flatnonzero(~spans.busy))
    spans = joined([spans, *_halves(along, quiet)])
    found = [_no_events(curves[0].z.shape[1], values[0].shape[1])]
    for _ in range(_MOST_IN_STEP):
        spans = take_record(spans, np.flatnonzero(spans.busy))
        if not len(spans):
            break
        events, spans = _split(along, spans)
        found.append(events)
    events = joined(found)
    way = np.array([curves[k].tangent[i] for k, i in zip(events.curve, events.after, strict=True)])
    place = np.einsum("ez,ez->e", events.z, way.reshape(events.z.shape))
    return take_record(events, np.lexsort([place, events.after, events.curve]))


def n_unstable(along: Along, values: Complex[np.ndarray, "n m"]) -> Int[np.ndarray, " n"]:
    """Return how many eigenvalues lie beyond the stability border, however little."""
    return (growth(values, along.kind) > 0).sum(axis=1)


def _spans(
    along: Along, curves: Sequence[Curve], values: Sequence[Complex[np.ndarray, "n m"]]
) -> _Spans:
    """Return the steps of all branches at which something happens, or may turn there and back."""
    parts = []
    for k, (curve, modes) in enumerate(zip(curves, values, strict=True)):
        turn, n = curve.tangent[:, -1], n_unstable(along, modes)
        same = curve.piece[:-1] == curve.piece[1:]
        happens = (turn[:-1] * turn[1:] < 0) | (n[:-1] != n[1:])
        at = np.flatnonzero(same & (happens | _may_turn_twice(curve)))
        start, stop, way = curve.z[at], curve.z[at + 1], curve.tangent[at]
        parts.append(
            _Spans(
                curve=np.full(len(at), k),
                after=at,
                start=start,
                stop=stop,
                way=way,
                piece=curve.piece[at],
                low=np.zeros(len(at)),
                high=np.einsum("nz,nz->n", stop - start, way),
                n_low=n[at],
                n_high=n[at + 1],
                turn_low=turn[at],
                turn_high=turn[at + 1],
            )
        )
    return joined(parts)


def _slowest(
    turn: Float[np.ndarray, "n 2"], mean: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return where on a step the parameter changes least, 0 to 1, and by how much it does there.

    It is a cubic of the arclength; `turn` is its slope at both ends, `mean` that of the chord. All
    are positive on the way to larger parameters.
    """
    first, last = turn.T
    linear, square = 6 * mean - 4 * first - 2 * last, 3 * (first + last - 2 * mean)
    with np.errstate(all="ignore"):
        place = np.where(square > 0, -linear / (2 * square), 0.0)
    place = np.where((place > 0) & (place < 1), place, 0.0)
    return place, first + linear * place + square * place**2


def _may_turn_twice(curve: Curve) -> Bool[np.ndarray, " n"]:
    """Return the steps on which the parameter seems to turn around and back."""
    length = np.linalg.norm(np.diff(curve.z, axis=0), axis=1)
    turn, mean = curve.tangent[:, -1], np.diff(curve.z[:, -1]) / np.maximum(length, 1e-300)
    way = np.sign(turn[:-1])
    _, least = _slowest(way[:, None] * np.stack([turn[:-1], turn[1:]], axis=1), way * mean)
    return (turn[:-1] * turn[1:] > 0) & (least < 0) & (length > 0)


def _halves(along: Along, spans: _Spans) -> list[_Spans]:
    """Return spans in two parts each, up to where the parameter changes least and behind it."""
    if not len(spans):
        return []
    length = np.linalg.norm(spans.stop - spans.start, axis=1)
    mean, way = (spans.stop - spans.start)[:, -1] / length, np.sign(spans.turn_low)
    turn = np.stack([spans.turn_low, spans.turn_high], axis=1)
    place, _ = _slowest(way[:, None] * turn, way * mean)
    middle = spans.low + place * (spans.high - spans.low)
    n, turns, _ = _sides(along, spans, middle)
    left = replace(spans, high=middle, n_high=n, turn_high=turns)
    return [left, replace(spans, low=middle, n_low=n, turn_low=turns)]


def _split(along: Along, spans: _Spans) -> tuple[Located, _Spans]:
    """Return an event in each span, and what of the span lies on both sides of it."""
    rank = np.maximum(spans.n_low, spans.n_high) - 1
    rows = np.arange(len(spans))

    def test(place: Float[np.ndarray, " k"], row: Float[np.ndarray, " k"]) -> np.ndarray:
        which = row.astype(np.int64)
        some = take_record(spans, which)
        z, way = _at(along, some, place)
        turns, value = some.turns, np.empty(len(some))
        value[turns] = way[turns, -1] * np.sign(some.turn_high[turns])
        if not turns.all():
            rates = _rates(along, z[~turns], some.piece[~turns])
            rise = np.sign(some.n_high - some.n_low)[~turns]
            value[~turns] = (
                np.take_along_axis(rates, rank[which][~turns, None], axis=1)[:, 0] * rise
            )
        return np.nan_to_num(value, nan=0.0)

    roots = elementwise.find_root(
        test,
        (spans.low, spans.high),
        args=(rows.astype(float),),
        tolerances={"xatol": 1e-14 * along.size, "xrtol": 1e-14},
        maxiter=60,
    )
    root = np.clip(np.nan_to_num(roots.x, nan=0.0), spans.low, spans.high)
    z, way = _at(along, spans, root)
    beside = _BESIDE * along.size
    below, above = np.maximum(root - beside, spans.low), np.minimum(root + beside, spans.high)
    n_below, turn_below, _ = _sides(along, spans, below)
    n_above, turn_above, beyond = _sides(along, spans, above)
    turns = turn_below * turn_above < 0
    kind, eigenvalue = _classified(along, z, spans.piece, turns, n_below != n_above)
    crossings = np.flatnonzero(kind == EventKind.BRANCH_POINT)
    z[crossings] = sharpened(along, z[crossings], spans.piece[crossings])
    events = Located(
        spans.curve, spans.after, z, way, spans.piece, kind, eigenvalue, n_below, n_above, beyond
    )
    left = replace(spans, high=below, n_high=n_below, turn_high=turn_below)
    right = replace(spans, low=above, n_low=n_above, turn_low=turn_above)
    happened = take_record(events, np.flatnonzero(turns | (n_below != n_above)))
    return happened, joined([left, right])


def _at(along: Along, spans: _Spans, place: Float[np.ndarray, " n"]) -> tuple[Places, Places]:
    """Return places on branches, and the tangents there."""
    length = np.einsum("nz,nz->n", spans.stop - spans.start, spans.way)
    guess = spans.start + (place / length)[:, None] * (spans.stop - spans.start)
    anchor = spans.start + place[:, None] * spans.way
    z = correct(along, guess, spans.way, anchor, spans.piece).z
    way = tangents(along, z, spans.way, spans.piece)[0]
    return z, np.where(np.isfinite(way).all(axis=1)[:, None], way, spans.way)  # branches cross


def _rates(along: Along, z: Places, piece: Pieces) -> Float[np.ndarray, "n m"]:
    """Return the growth of modes, the largest first."""
    return -np.sort(-growth(along.eigenvalues(z, piece), along.kind), axis=1)


def _sides(
    along: Along, spans: _Spans, place: Float[np.ndarray, " n"]
) -> tuple[Int[np.ndarray, " n"], Float[np.ndarray, " n"], Complex[np.ndarray, "n m"]]:
    """Return at places: unstable directions, the tangent along the parameter, eigenvalues."""
    z, way = _at(along, spans, place)
    values = along.eigenvalues(z, spans.piece)
    return n_unstable(along, values), way[:, -1], values


def _classified(
    along: Along,
    z: Places,
    piece: Pieces,
    turns: Bool[np.ndarray, " n"],
    changes: Bool[np.ndarray, " n"],
) -> tuple[Int[np.ndarray, " n"], Complex[np.ndarray, " n"]]:
    """Return the kinds of events, and the eigenvalues that cross."""
    values = along.eigenvalues(z, piece)
    near = np.abs(growth(values, along.kind)).argmin(axis=1)
    crossing = np.take_along_axis(values, near[:, None], axis=1)[:, 0]
    crossing = np.where(crossing.imag < 0, crossing.conj(), crossing)
    paired = crossing.imag > _REAL * np.maximum(np.abs(crossing), 1e-300)
    is_map = along.kind == "map"
    crosses_minus_one = (crossing.real < 0) & is_map
    rules = [
        (turns & changes, EventKind.FOLD),
        (turns, EventKind.BRANCH_POINT),
        (paired, EventKind.NEIMARK_SACKER if is_map else EventKind.HOPF),
        (crosses_minus_one, EventKind.FLIP),
    ]
    conditions, kinds = zip(*rules, strict=True)
    kind = np.select(conditions, kinds, EventKind.BRANCH_POINT)
    return kind, crossing


def _no_events(width: int, n_modes: int) -> Located:
    none, no_rows = np.zeros(0, dtype=np.int64), np.zeros((0, width))
    no_modes = np.zeros((0, n_modes), dtype=complex)
    return Located(none, none, no_rows, no_rows, none, none, no_modes[:, 0], none, none, no_modes)


def joined(several: Sequence[_Rows]) -> _Rows:
    """Return the rows of several records in one."""
    names = [field.name for field in fields(several[0])]
    return type(several[0])(*(np.concatenate([getattr(r, n) for r in several]) for n in names))
