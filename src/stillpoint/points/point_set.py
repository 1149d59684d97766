"""What all records of states share: one row per state, and the search that they come from."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from .._core import netcdf as io
from .._core.grouping import smallest_gap
from .._core.indexing import rows_of
from .._core.layout import Structure
from .._core.pca import as_projection
from .._core.validation import read_floats
from ..dynamics.restriction import whole_states
from ..errors import ArgumentError
from ..proofs import Certificate
from .dataset import from_dataset, to_dataset
from .starts import Starts

Points = TypeVar("Points", bound="PointSet")

# The fields that are of the search as a whole; all others have one row per state.
_WHOLE = ("starts", "structure", "provenance", "is_selection", "certificate", "exhaustion")


def row_fields(record: Any) -> tuple[str, ...]:
    """Return the names of the fields that have one row per state."""
    return tuple(field.name for field in fields(record) if field.name not in _WHOLE)


class PointSet(ABC):
    """States that a search found, one per row: a frozen dataclass of NumPy arrays.

    Indexing with an int, a slice, a mask or an array of ints gives a record of the same kind;
    iterating gives one state at a time.
    """

    xstar: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    starts: Starts
    structure: Structure
    provenance: Mapping[str, Any]
    is_selection: bool
    certificate: Certificate | None

    # -- as a sequence ------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.xstar)

    def __getitem__(self: Points, which: Any) -> Points:
        rows = rows_of(which, len(self))
        place = np.full(len(self) + 1, -1)  # the last stands for "no point"
        place[rows] = np.arange(len(rows))
        chosen = {name: getattr(self, name)[rows] for name in row_fields(self)}
        starts = replace(self.starts, point=place[self.starts.point])
        return replace(
            self,  # type: ignore[type-var]
            **chosen,
            starts=starts,
            certificate=None if self.certificate is None else self.certificate.take(rows),
            is_selection=self.is_selection
            or not np.array_equal(np.sort(rows), np.arange(len(self))),
        )

    def __iter__(self: Points) -> Iterator[Points]:
        return (self[k] for k in range(len(self)))

    # -- as states ----------------------------------------------------------------------------

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
    def concatenate(cls: type[Points], several: Sequence[Points]) -> Points:
        """Return the points of several searches in one record; copies stay (see `unique`).

        Raises
        ------
        ArgumentError
            If there is nothing to put together, or the sizes differ.
        """
        if not several:
            raise ArgumentError("several: got no records; at least one is wanted.")
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
        rows = {n: np.concatenate([getattr(p, n) for p in several]) for n in row_fields(cls)}
        certificate = None
        if all(p.certificate is not None for p in several):
            certificate = Certificate.concatenate([p.certificate for p in several])  # type: ignore[misc]
            certificate = certificate.told_apart(rows["xstar"], rows["inputs"])
        return replace(
            several[0],  # type: ignore[type-var]
            **rows,
            certificate=certificate,
            starts=Starts.concatenate(starts),
            is_selection=any(p.is_selection for p in several),
        )

    # -- files --------------------------------------------------------------------------------

    def to_xarray(self) -> Any:
        """Return an `xarray.Dataset` with dimensions point, start, state and input."""
        return to_dataset(self)

    @classmethod
    def from_xarray(cls: type[Points], dataset: Any) -> Points:
        """Return the record that `to_xarray` wrote down."""
        return cls(**from_dataset(dataset))

    def to_dataframe(self) -> Any:
        """Return a `pandas.DataFrame`, one row per point, with the state in columns x0, x1, ..."""
        import pandas as pd

        columns = {n: getattr(self, n) for n in row_fields(self) if getattr(self, n).ndim == 1}
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
