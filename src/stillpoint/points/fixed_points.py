"""The record of the points that a search found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Float, Int
from scipy.spatial import cKDTree

from .. import io
from ..arrays import read_floats
from ..projection import as_projection
from ..restriction import whole_states
from ..status import ArgumentError, check_real
from ..structure import Structure
from .census import Census, take_census
from .dataset import from_dataset, to_dataset
from .indexing import rows_of
from .starts import Starts
from .table import table
from .uniqueness import conditions, group_by_condition, representatives, smallest_gap

#: A point with a larger condition number counts as degenerate: at a fold, where the distance to the
#: next point and the slope vanish together, rounding leaves 1e8.
DEGENERATE = 1e7


@dataclass(frozen=True, eq=False, repr=False)
class FixedPoints:
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
        sign det(I - J): its sum over all points is known (see `census`). 0 where degenerate.
    mirrored
        Whether -xstar is a fixed point too.
    on_continuum
        Whether the point is one of a continuum, so that its position is arbitrary.
    starts
        One row for every start of the search.
    structure
        How the network's own states lie in the flat ones (see `split`).
    provenance
        Versions, options, seeds and a hash of the weights.
    is_selection
        Whether points of the search are missing here because they were not selected.
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
    starts: Starts
    structure: Structure
    provenance: Mapping[str, Any] = field(default_factory=dict)
    is_selection: bool = False

    # -- as a sequence ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.q)

    def __getitem__(self, which: Any) -> FixedPoints:
        rows = rows_of(which, len(self))
        place = np.full(len(self) + 1, -1)  # the last stands for "no point"
        place[rows] = np.arange(len(rows))
        chosen = {name: getattr(self, name)[rows] for name in ROW_FIELDS}
        starts = replace(self.starts, point=place[self.starts.point])
        return replace(
            self,
            **chosen,
            starts=starts,
            is_selection=self.is_selection
            or not np.array_equal(np.sort(rows), np.arange(len(self))),
        )

    def __iter__(self) -> Iterator[FixedPoints]:
        return (self[k] for k in range(len(self)))

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

    @property
    def smallest_gap(self) -> float:
        """The smallest distance between two points (in state and inputs together)."""
        return smallest_gap(np.hstack([self.xstar, self.inputs]))

    def nearest(self, states: Any) -> Int[np.ndarray, " k"]:
        """Return, for every state, shape (k, d), the number of the nearest point.

        Raises
        ------
        ArgumentError
            If there are no points, or the shape does not fit.
        """
        wanted = read_floats("states", states)
        if wanted.ndim != 2 or wanted.shape[1] != self.xstar.shape[1]:
            raise ArgumentError(
                f"states: got shape {wanted.shape}, but (k, {self.xstar.shape[1]}) is wanted."
            )
        if not len(self):
            raise ArgumentError("points: there are none, so no state has a nearest one.")
        return cKDTree(self.xstar).query(wanted)[1]

    def transform(self, projection: Any) -> Float[np.ndarray, "n k"]:
        """Return the points in the coordinates of a projection.

        Parameters
        ----------
        projection
            `fit_pca(...)`, or any fitted object with `components_` and `mean_`.

        Raises
        ------
        ArgumentError
            If it is no projection, or one of states of another size.
        """
        fitted, size = as_projection(projection), self.xstar.shape[1]
        if fitted.components_.shape[1] != size:
            raise ArgumentError(
                f"projection: it is of states of size {fitted.components_.shape[1]}, but the "
                f"points have size {size}."
            )
        return fitted.points(self.xstar)

    def split(self) -> Any:
        """Return the points as the network keeps its states: a pair, a dictionary, layers.

        The nest is that of the network (after `load`, named tuples and dataclasses have become
        dictionaries), the leaves are NumPy arrays, and the points lie along their batch axis.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> halve = lambda s, u: (s[0] / 2, s[1] / 2)
        >>> system = sp.as_system(halve, state=(np.zeros(1), np.zeros(1)))
        >>> sp.find_fixed_points(system, np.ones((4, 2))).split()
        (array([[0.]]), array([[0.]]))
        """
        return self.structure.unpack(self.xstar)

    def full_state(self) -> Float[np.ndarray, "n D"]:
        """Return the points of a restricted system as states of the whole one.

        Raises
        ------
        ArgumentError
            If the points do not come from a restriction.
        """
        kept, held = self.provenance["kept"], self.provenance["held"]
        if kept is None:
            raise ArgumentError("points: they belong to a whole system; `xstar` is the full state.")
        return whole_states(self.xstar, self.inputs, kept, held, self.provenance["holding"])

    @classmethod
    def concatenate(cls, several: Sequence[FixedPoints]) -> FixedPoints:
        """Return the points of several searches in one record; copies stay (see `unique`).

        Raises
        ------
        ArgumentError
            If there is nothing to put together, or the sizes differ.
        """
        if not several:
            raise ArgumentError("several: got no FixedPoints; at least one is wanted.")
        sizes = {(p.xstar.shape[1], p.inputs.shape[1]) for p in several}
        if len(sizes) > 1:
            raise ArgumentError(
                f"several: the points belong to systems of different sizes (states, inputs): "
                f"{sorted(sizes)}."
            )
        offsets = np.cumsum([0, *(len(p) for p in several)])
        starts = [
            replace(p.starts, point=np.where(p.starts.point >= 0, p.starts.point + offset, -1))
            for p, offset in zip(several, offsets, strict=False)
        ]
        rows = {n: np.concatenate([getattr(p, n) for p in several]) for n in ROW_FIELDS}
        return replace(
            several[0],
            **rows,
            starts=Starts.concatenate(starts),
            is_selection=any(p.is_selection for p in several),
        )

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
        labels = np.argsort(np.argsort(first))[labels]  # groups in the order of their first points
        kept = representatives(labels, self.q)
        point = np.append(labels, -1)[self.starts.point]
        return replace(
            self[kept],
            hits=np.bincount(labels, weights=self.hits, minlength=len(kept)).astype(np.int64),
            starts=replace(self.starts, point=point),
            is_selection=self.is_selection,
        )

    # -- evidence -----------------------------------------------------------------------------

    def census(self) -> Census:
        """Return what the points, hits and indices say about points that may be missing."""
        return take_census(self)

    # -- files --------------------------------------------------------------------------------

    def to_xarray(self) -> Any:
        """Return an `xarray.Dataset` with dimensions point, start, state and input."""
        return to_dataset(self)

    @classmethod
    def from_xarray(cls, dataset: Any) -> FixedPoints:
        """Return the record that `to_xarray` wrote down."""
        return cls(**from_dataset(dataset))

    def to_dataframe(self) -> Any:
        """Return a `pandas.DataFrame`, one row per point, with the state in columns x0, x1, ..."""
        import pandas as pd

        columns = {n: getattr(self, n) for n in ROW_FIELDS if getattr(self, n).ndim == 1}
        columns |= {f"x{i}": self.xstar[:, i] for i in range(self.xstar.shape[1])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def save(self, path: str | Path) -> Path:
        """Write everything to one NetCDF file, read back by `stillpoint.load`.

        Raises
        ------
        ArgumentError
            If the folder does not exist.
        """
        return io.save(self.to_xarray(), path)


#: The fields that are of the search as a whole.
WHOLE_FIELDS = ("starts", "structure", "provenance", "is_selection")

#: The fields that have one row per point.
ROW_FIELDS = tuple(f.name for f in fields(FixedPoints) if f.name not in WHOLE_FIELDS)

io.reader("FixedPoints")(FixedPoints.from_xarray)
