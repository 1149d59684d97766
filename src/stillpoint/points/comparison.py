"""Which points of one record are points of another: by proof, or within a distance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.display import Column, Display, plural
from .._core.grouping import match_states
from .._core.record import Record, column, plain
from .._core.validation import check_real
from .._core.values import Domain
from ..errors import ArgumentError, came
from ..intervals import Interval
from ..proofs.identity import one_point
from ..system_info import SystemInfo
from .point_set import PointSet


@final
@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Record):
    """The points that two records share; made by `FixedPoints.compare`.

    Attributes
    ----------
    first, second
        The numbers of a point in the two records, one pair for each point that both have.
    distance
        Between the two positions, the largest difference of arcsinh(x) in any variable, in units
        of the searches: absolute below 1, relative above.
    proved
        Whether the two are proved to be one point: the box of one lies where the other is alone.
    only_first, only_second
        The numbers of the points that the other record does not have.
    same_system
        Whether both are of one system, weights included; proofs are compared only then.
    tolerance
        The distance of this kind within which points are one where nothing is proved of them.
    """

    rows = "pair"

    first: Int[np.ndarray, " p"] = column("pair", long_name="number in the first record")
    second: Int[np.ndarray, " p"] = column("pair", long_name="number in the second record")
    distance: Float[np.ndarray, " p"] = column(
        "pair", long_name="largest difference of arcsinh(x)", domain=Domain(least=0)
    )
    proved: Bool[np.ndarray, " p"] = column("pair", long_name="proved to be one point")
    only_first: Int[np.ndarray, " a"] = column("lone_first", long_name="only in the first record")
    only_second: Int[np.ndarray, " b"] = column(
        "lone_second", long_name="only in the second record"
    )
    same_system: bool = plain()
    tolerance: float = plain(domain=Domain(above=0))

    def __len__(self) -> int:
        return len(self.first)

    @property
    def are_equal(self) -> bool:
        """Whether each point of one record is a point of the other."""
        return not (len(self.only_first) or len(self.only_second))

    def _display(self) -> Display:
        told = f"{plural(len(self), 'point')} in both"
        if len(self):
            told += f" ({int(self.proved.sum())} proved to be one)"
        lone = len(self.only_first), len(self.only_second)
        remarks = [] if self.same_system else ["the two are not known to be of one system"]
        columns = [
            Column("first", [str(k) for k in self.first], 6),
            Column("second", [str(k) for k in self.second], 7),
            Column("distance", [f"{d:.1e}" for d in self.distance], 9),
            Column("one by", ["proof" if p else "distance" for p in self.proved], 9),
        ]
        heading = f"{told}, {lone[0]} only in the first, {lone[1]} only in the second"
        return Display(heading, columns if len(self) else (), remarks)

    def _contradictions(self) -> Iterator[str]:
        if self.proved.any() and not self.same_system:
            yield "proved: pairs are proved although the systems differ"


def compare(first: PointSet, second: PointSet, tolerance: Any = None) -> Comparison:
    """Return which points two records share; see `FixedPoints.compare`."""
    if not isinstance(second, type(first)):
        raise ArgumentError(f"other: got {came(second)}, but FixedPoints are wanted.")
    sizes = [(p.xstar.shape[1], p.inputs.shape[1]) for p in (first, second)]
    if sizes[0] != sizes[1]:
        raise ArgumentError(
            f"other: its states and inputs have sizes {sizes[1]}, but {sizes[0]} are wanted."
        )
    wide = max(first.tol_unique, second.tol_unique)
    near = wide if tolerance is None else check_real("tolerance", tolerance, above=0)
    same_system = _are_one(first.system, second.system)
    n, proved = len(first), np.zeros(len(second), dtype=bool)
    scale = np.maximum(first.scale, second.scale)
    x, y = (np.arcsinh(points.xstar / scale) for points in (first, second))
    known = match_states(
        first.xstar / scale, first.inputs, second.xstar / scale, second.inputs, near
    )
    for k in np.flatnonzero(np.bincount(known[known >= 0], minlength=n) > 1):  # the nearest alone
        rivals = np.flatnonzero(known == k)
        nearest = rivals[np.abs(y[rivals] - x[k]).max(axis=1).argmin()]
        known[rivals[rivals != nearest]] = -1
    if same_system and first.certificate is not None and second.certificate is not None:
        where, alone, inputs = _boxes(first, second)
        labels = one_point(where, alone, inputs)
        place = dict(zip(labels[:n].tolist(), range(n), strict=True))
        shared = np.array([place.get(label, -1) for label in labels[n:].tolist()], dtype=np.int64)
        proved = shared >= 0
        pairs = np.flatnonzero((known >= 0) & ~proved)
        apart = where[known[pairs]].is_apart(where[n + pairs]).any(axis=1)
        known[pairs[apart]] = -1  # near, but proved to be two
        known = np.where(proved, shared, known)
    rows = np.flatnonzero(known >= 0)
    order = rows[np.lexsort((rows, known[rows]))]
    difference = np.abs(x[known[order]] - y[order])
    return Comparison(
        first=known[order],
        second=order,
        distance=difference.max(axis=1, initial=0.0),
        proved=proved[order],
        only_first=np.setdiff1d(np.arange(n), known),
        only_second=np.flatnonzero(known < 0),
        same_system=same_system,
        tolerance=near,
    )


def _are_one(first: SystemInfo, second: SystemInfo) -> bool:
    """Whether two records are of one system: its weights, what is computed of them, and its part.

    Which library computed it, and in which version, does not matter.
    """
    told = [
        (s.weights_sha256, s.model, s.kind, s.dt, s.restriction and s.restriction.to_plain())
        for s in (first, second)
    ]
    return first.weights_sha256 is not None and bool(told[0] == told[1])


def _boxes(*both: PointSet) -> tuple[Interval, Interval, Float[np.ndarray, "n m"]]:
    """Return where the points of two records are and where they are alone, NaN without a proof."""
    x = np.vstack([points.xstar for points in both])
    certificates: Any = [points.certificate for points in both]
    proved = np.concatenate([c.proved for c in certificates])[:, None]
    box = np.vstack([c.box for c in certificates])
    alone = np.concatenate([c.radius_unique for c in certificates])[:, None] + np.zeros_like(x)
    where, unique = (Interval(x, np.where(proved, r, np.nan)) for r in (box, alone))
    return where, unique, np.vstack([points.inputs for points in both])
