"""Events on branches: where eigenvalues cross the stability border, or the parameter turns around.

Between two places of a branch the number of unstable directions differs, or the tangent's part
along the parameter changes its sign. Where that happens is a zero of one function of the place: the
growth of the eigenvalue that crosses, or that part of the tangent. What lies on both sides of a
zero is looked at again, so that several events in one step are found one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.optimize import elementwise

from .._core.arrays import solve_rows, take_record
from .._core.sentences import SentenceEnum
from ..local.spectra import growth
from .bordered import Along, Places
from .branch_points import sharpened
from .curves import Curve
from .path import Pieces
from .spans import Spans, joined, place_at, spans_of, up_to

# Beside an event this far, in sizes of states, its two sides are looked at ...
_BESIDE = 1e-6
# ... and so many events are looked for in one step of a walk.
_MOST_IN_STEP = 8

# An eigenvalue of this size, in units of its modulus, off the real axis is one of a pair.
_REAL = 1e-6

# Branches may cross where the bordered matrix is as singular as this, and do where it is as that.
_MAY_CROSS, _CROSSES = 1e3, 1e6


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


def locate(
    along: Along, curves: Sequence[Curve], values: Sequence[Complex[np.ndarray, "n m"]]
) -> Located:
    """Return the events on branches, given the eigenvalues at their places."""
    spans = spans_of(along, curves, values)
    found = [no_events(curves[0].z.shape[1], values[0].shape[1])]
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


def _split(along: Along, spans: Spans) -> tuple[Located, Spans]:
    """Return an event in each span, and what of the span lies on both sides of it."""
    root = _roots(along, spans)
    z, way = place_at(along, spans, root)
    beside = _BESIDE * along.size
    left, _, _ = up_to(along, spans, np.maximum(root - beside, spans.low))
    _, right, beyond = up_to(along, spans, np.minimum(root + beside, spans.high))
    turns, changes = left.turn_high * right.turn_low < 0, left.n_high != right.n_low
    kind, eigenvalue = _classified(along, z, spans.piece, turns, changes)
    singular = np.where(turns, _singular(along, z, way, spans.piece), 0.0)
    rows = np.flatnonzero((singular > _MAY_CROSS) | (kind == EventKind.BRANCH_POINT))
    z[rows], crosses = sharpened(along, z[rows], spans.piece[rows])
    kind[rows[crosses]] = EventKind.BRANCH_POINT
    kind[singular > _CROSSES] = EventKind.BRANCH_POINT
    numbers = left.n_high, right.n_low
    events = Located(
        spans.curve, spans.after, z, way, spans.piece, kind, eigenvalue, *numbers, beyond
    )
    return take_record(events, np.flatnonzero(turns | changes)), joined([left, right])


def _roots(along: Along, spans: Spans) -> Float[np.ndarray, " n"]:
    """Return where in each span the parameter turns around, or else an eigenvalue crosses."""
    rank = np.maximum(spans.n_low, spans.n_high) - 1

    def test(place: Float[np.ndarray, " k"], row: Float[np.ndarray, " k"]) -> np.ndarray:
        which = row.astype(np.int64)
        some = take_record(spans, which)
        z, way = place_at(along, some, place)
        turns = some.turns
        value = way[:, -1] * np.sign(some.turn_high)
        if not turns.all():
            quiet = np.flatnonzero(~turns)
            rates = growth(along.eigenvalues(z[quiet], some.piece[quiet]), along.kind)
            rates = -np.sort(-rates, axis=1)
            rise = np.sign(some.n_high - some.n_low)[quiet]
            own = np.take_along_axis(rates, rank[which][quiet, None], axis=1)[:, 0]
            value[quiet] = own * rise
        return np.nan_to_num(value, nan=0.0)

    roots = elementwise.find_root(
        test,
        (spans.low, spans.high),
        args=(np.arange(float(len(spans))),),
        tolerances={"xatol": 1e-14 * along.size, "xrtol": 1e-14},
        maxiter=60,
    )
    return np.clip(np.nan_to_num(roots.x, nan=0.0), spans.low, spans.high)


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
    rules = [
        (turns & changes, EventKind.FOLD),
        (turns, EventKind.BRANCH_POINT),
        (paired, EventKind.NEIMARK_SACKER if is_map else EventKind.HOPF),
        ((crossing.real < 0) & is_map, EventKind.FLIP),
    ]
    conditions, kinds = zip(*rules, strict=True)
    return np.select(conditions, kinds, EventKind.BRANCH_POINT), crossing


def _singular(along: Along, z: Places, way: Places, piece: Pieces) -> Float[np.ndarray, " n"]:
    """Return about how many times as long the inverted bordered matrix makes vectors as it may."""
    matrices = np.concatenate([along.slopes(z, piece), way[:, None]], axis=1)
    vectors = np.random.default_rng(0).standard_normal(z.shape)
    solved = np.linalg.norm(solve_rows(matrices, vectors), axis=1)
    size = np.linalg.norm(matrices, axis=(1, 2)) / np.linalg.norm(vectors, axis=1)
    return np.nan_to_num(solved * size, nan=np.inf)


def no_events(width: int, n_modes: int) -> Located:
    """Return no events of branches with so many numbers in a place, and so many eigenvalues."""
    none, no_rows = np.zeros(0, dtype=np.int64), np.zeros((0, width))
    no_modes = np.zeros((0, n_modes), dtype=complex)
    return Located(none, none, no_rows, no_rows, none, none, no_modes[:, 0], none, none, no_modes)
