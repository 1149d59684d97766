"""The record of the points that a search found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core import netcdf as io
from .._core.grouping import conditions, group_by_condition, representatives
from .._core.layout import Structure
from .._core.validation import check_real
from ..census import Census
from ..census.census import take_census
from ..local import DEGENERATE
from ..proofs import Certificate
from ..proofs.enumeration import Exhaustion
from .dataset import from_dataset
from .point_set import PointSet
from .starts import Starts
from .table import table


@final
@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints(PointSet):
    """Fixed points, one per row, with the evidence; NumPy arrays throughout.

    Indexing with an int, a slice, a mask or an array of ints gives `FixedPoints` again; iterating
    gives one point at a time.

    Attributes
    ----------
    xstar, inputs
        The points and the inputs they belong to, shapes (n, d) and (n, m).
    q
        1/2 |F(x, u) - x|^2, recomputed in float64 at `xstar` (1/2 |f|^2 for a flow).
    hits
        How many starts reached the point.
    condition
        Condition number of I - J in the equilibrium form, where gates and leaks are divided out;
        infinite where the point is not isolated.
    jacobian, input_jacobian
        Shapes (n, d, d) and (n, d, m); rows = to.
    eigenvalues
        Of the Jacobian, the most unstable first, shape (n, d).
    n_unstable, is_stable
        The number of unstable directions, and whether all modes decay.
    index
        sign det(I - J): its sum over all points is known (see `census`). 0 where degenerate, and
        on kinks unless the point attracts.
    mirrored
        Whether -xstar is a fixed point too.
    on_continuum
        Whether the point is one of a continuum, so that its position is arbitrary.
    on_kink
        Whether the point lies on a kink of ReLU. The Jacobian there is that of one side; the
        point counts as stable, with index 1, only where that is shown for all sides together.
    starts
        One row for every start of the search.
    structure
        How the network's own states lie in the flat ones (see `split`).
    provenance
        Versions, options, seeds and a hash of the weights.
    is_selection
        Whether points of the search are missing here because they were not selected.
    certificate
        What `stillpoint.certify` proved, one row per point; None where it was not asked.
    exhaustion
        What the exhaustive searches of `stillpoint.find_all_fixed_points` say, one per input.
    """

    xstar: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    q: Float[np.ndarray, " n"]
    hits: Int[np.ndarray, " n"]
    condition: Float[np.ndarray, " n"]
    jacobian: Float[np.ndarray, "n d d"]
    input_jacobian: Float[np.ndarray, "n d m"]
    eigenvalues: Complex[np.ndarray, "n d"]
    n_unstable: Int[np.ndarray, " n"]
    is_stable: Bool[np.ndarray, " n"]
    index: Int[np.ndarray, " n"]
    mirrored: Bool[np.ndarray, " n"]
    on_continuum: Bool[np.ndarray, " n"]
    on_kink: Bool[np.ndarray, " n"]
    starts: Starts
    structure: Structure
    provenance: Mapping[str, Any] = field(default_factory=dict)
    is_selection: bool = False
    certificate: Certificate | None = None
    exhaustion: tuple[Exhaustion, ...] = ()

    def __repr__(self) -> str:
        return table(self)

    # -- choosing -----------------------------------------------------------------------------

    @property
    def stable(self) -> FixedPoints:
        """The points at which all modes decay."""
        return self[self.is_stable]

    @property
    def saddles(self) -> FixedPoints:
        """The points with at least one unstable direction."""
        return self[self.n_unstable > 0]

    @property
    def is_degenerate(self) -> Bool[np.ndarray, " n"]:
        """Where I - J is singular to working precision: at folds and on continua."""
        return ~(self.condition < DEGENERATE)

    def unique(self, tolerance: float | None = None) -> FixedPoints:
        """Return the points without copies; hits are added up, the smallest q represents.

        Parameters
        ----------
        tolerance
            Distance below which two points are one; that of the search if left out.
        """
        tolerance = self.provenance["tol_unique"] if tolerance is None else tolerance
        tolerance = check_real("tolerance", tolerance, above=0)
        labels = group_by_condition(self.xstar, conditions(self.inputs), tolerance)
        first = np.unique(labels, return_index=True)[1]
        return self.merged(
            np.argsort(np.argsort(first))[labels]
        )  # in the order of the first points

    def merged(self, labels: Int[np.ndarray, " n"]) -> FixedPoints:
        """Return one point for each label; hits are added up, the smallest q represents.

        Parameters
        ----------
        labels
            0, 1, 2, ... for every point, equal for copies of one, shape (n,).
        """
        once = self[representatives(labels, self.q)]
        point = np.append(labels, -1)[self.starts.point]
        certificate = once.certificate
        if certificate is not None:  # without its copies a point may be another than all others
            certificate = certificate.told_apart(once.xstar, once.inputs)
        return replace(
            once,
            certificate=certificate,
            hits=np.bincount(labels, weights=self.hits, minlength=len(once)).astype(np.int64),
            starts=replace(self.starts, point=point),
            is_selection=self.is_selection,
        )

    @classmethod
    def concatenate(cls, several: Sequence[FixedPoints]) -> FixedPoints:
        joined = super().concatenate(several)
        return replace(joined, exhaustion=tuple(e for points in several for e in points.exhaustion))

    # -- evidence -----------------------------------------------------------------------------

    def census(self) -> Census:
        """Return what the points, hits and indices say about points that may be missing."""
        return take_census(self)

    @classmethod
    def from_xarray(cls, dataset: Any) -> FixedPoints:
        record = from_dataset(dataset)
        record.setdefault("on_kink", np.zeros(len(record["q"]), dtype=bool))  # of older files
        return cls(**record)


io.reader("FixedPoints")(FixedPoints.from_xarray)
