"""FixedPointCollection: fixed points as tensors, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.arrays import to_numpy
from ..._core.files import read_path
from ..._core.grouping import group, representatives
from ..._core.validation import (
    check_flag,
    check_kind,
    check_real,
    check_sequence,
    first_line,
    read_floats,
    shape_of,
)
from ...errors import ArgumentError, FileFormatError, came
from ..shared.npz import load_arrays, save_arrays
from ..shared.rows import RowArrays

Tensor = torch.Tensor


@dataclass(eq=False, repr=False)
class FixedPointCollection(RowArrays):
    """Fixed points and how they were found, as tensors with one row each.

    Parameters
    ----------
    xstar, x_init, F_xstar
        Points, where each search began, and the state one step later, shape (n, d).
    inputs
        Shape (n, m).
    qstar, dq, n_iters
        1/2 |F(x) - x|^2, its last change, and the steps taken, shape (n,).
    tol_unique
        Distance below which two points are one.
    """

    of_the_whole: ClassVar[tuple[str, ...]] = ("tol_unique",)

    axes: ClassVar[Mapping[str, int]] = dict.fromkeys(("xstar", "x_init", "inputs", "F_xstar"), 2)

    xstar: Tensor
    x_init: Tensor | None = None
    inputs: Tensor | None = None
    F_xstar: Tensor | None = None
    qstar: Tensor | None = None
    dq: Tensor | None = None
    n_iters: Tensor | None = None
    tol_unique: float = 1e-3

    def __post_init__(self) -> None:
        for name, value in self.filled().items():
            check_kind(name, value, Tensor, "a torch tensor")
            read_floats(name, value, finite=False)
            if value.ndim != self.axes.get(name, 1):
                raise ArgumentError(
                    f"{name}: got shape {tuple(value.shape)}, but {self.axes.get(name, 1)} axes "
                    f"are wanted, the first for the points."
                )
            if len(value) != self.n:
                raise ArgumentError(
                    f"{name}: got {len(value)} rows, but xstar has {self.n}; all need the same."
                )
            setattr(self, name, value.clone())
        check_kind("xstar", self.xstar, Tensor, "a torch tensor")
        check_real("tol_unique", self.tol_unique, above=0)

    def __getitem__(self, index: Any) -> FixedPointCollection:
        if isinstance(index, int | np.integer):
            index = range(self.n)[index]
            index = slice(index, index + 1)
        return self.with_fields({k: v[index] for k, v in self.filled().items()})

    def __setitem__(self, index: Any, points: Any) -> None:
        for name, value in self.filled().items():
            value[index] = getattr(points, name)

    def __contains__(self, point: FixedPointCollection) -> bool:
        return self.find(point).numel() > 0

    def __repr__(self) -> str:
        return f"FixedPointCollection({self.n} points, {self.xstar.shape[1]} states)"

    def find(self, point: FixedPointCollection, use_F_xstar: bool = False) -> Tensor:
        """Return the indices of the points within `tol_unique` of one point, inputs included."""
        check_kind("point", point, FixedPointCollection, "a collection of one point")
        if point.n != 1:
            raise ArgumentError(f"point: got {point.n} points, but one is wanted.")
        ours, theirs = self._places(use_F_xstar), point._places(use_F_xstar)
        if ours.shape[1] != theirs.shape[1]:
            return torch.empty(0, dtype=torch.int64)
        return torch.where(torch.linalg.norm(ours - theirs, dim=1) <= self.tol_unique)[0]

    def get_unique(self, use_F_xstar: bool = False) -> FixedPointCollection:
        """Return one point of each group closer than `tol_unique`, that with the smallest q."""
        labels = group(_float64(self._places(use_F_xstar)), self.tol_unique)
        q = np.zeros(self.n) if self.qstar is None else _float64(self.qstar)
        return self[np.sort(representatives(labels, q)).tolist()]

    def transform(self, U: Tensor, offset: Any = 0.0) -> FixedPointCollection:
        """Return the points with states mapped to x U + offset."""
        d = self.xstar.shape[1]
        if tuple(shape_of(U)) != (d, *shape_of(U)[1:2]) or len(shape_of(U)) != 2:
            raise ArgumentError(f"U: got {came(U)}, but a matrix of shape ({d}, k) is wanted.")
        width = U.shape[1]
        U, shift = (
            torch.as_tensor(read_floats(name, values)).to(self.xstar)
            for name, values in (("U", U), ("offset", offset))
        )
        if tuple(shift.shape) not in ((), (1,), (width,)):
            raise ArgumentError(
                f"offset: got shape {tuple(shift.shape)}, but one number or ({width},) is wanted."
            )
        filled = self.filled()
        for name in filled.keys() & {"xstar", "x_init", "F_xstar"}:
            filled[name] = filled[name] @ U + shift
        return self.with_fields(filled)

    def update(self, points: FixedPointCollection) -> None:
        """Append the points of another collection to this one."""
        check_kind("points", points, FixedPointCollection, "a collection")
        self.__dict__.update(vars(FixedPointCollection.concatenate([self, points])))

    @staticmethod
    def concatenate(collections: Sequence[FixedPointCollection]) -> FixedPointCollection:
        """Return all points of several collections; a field that one lacks is left out.

        Raises
        ------
        ArgumentError
            If there is no collection.
        """
        if not check_sequence(
            "collections", collections, FixedPointCollection, "a list of collections"
        ):
            raise ArgumentError("collections: got none; at least one is wanted.")
        shared = set.intersection(*(set(c.filled()) for c in collections))
        for name in shared:
            shapes = {tuple(getattr(c, name).shape[1:]) for c in collections}
            if len(shapes) > 1:
                raise ArgumentError(
                    f"collections: {name} has rows of different shapes, {sorted(shapes)}; only "
                    f"points of one network go together."
                )
        joined = {name: torch.cat([getattr(c, name) for c in collections]) for name in shared}
        return collections[0].with_fields(joined)

    def save(self, save_path: str | Path) -> None:
        """Write the points to a file, in NumPy's format; never pickled."""
        arrays = {name: to_numpy(value) for name, value in self.filled().items()}
        save_arrays(
            read_path("save_path", save_path), arrays | {"tol_unique": np.array(self.tol_unique)}
        )

    def restore(self, restore_path: str | Path) -> None:
        """Read points that `save` wrote into this collection.

        Raises
        ------
        FileFormatError
            If the file holds no such points; this collection is left as it was.
        """
        path = read_path("restore_path", restore_path)
        try:
            stored = load_arrays(path)
            tensors = {k: torch.as_tensor(stored[k]) for k in self.row_fields() if k in stored}
            restored = FixedPointCollection(**tensors, tol_unique=float(stored["tol_unique"]))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise FileFormatError(
                f"restore_path: {came(str(path))} holds no collection written by `save` "
                f"({first_line(error)}); pickled files are not read."
            ) from error
        self.__dict__.update(restored.__dict__)

    def _places(self, use_F_xstar: bool) -> Tensor:
        states: Any = self.F_xstar if check_flag("use_F_xstar", use_F_xstar) else self.xstar
        if states is None:
            raise ArgumentError("use_F_xstar: F_xstar is not known; fill it in, or compare xstar.")
        return states if self.inputs is None else torch.cat([states, self.inputs], dim=1)


def _float64(values: Tensor) -> np.ndarray:
    return to_numpy(values).astype(np.float64)
