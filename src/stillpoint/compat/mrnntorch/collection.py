"""FixedPointCollection: fixed points as tensors, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.arrays import to_numpy
from ..._core.grouping import group, representatives
from ...errors import ArgumentError, FileFormatError
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
            if len(value) != self.n:
                raise ArgumentError(
                    f"{name}: got {len(value)} rows, but xstar has {self.n}; all need the same."
                )
            setattr(self, name, value.clone())

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
        filled = self.filled()
        for name in filled.keys() & {"xstar", "x_init", "F_xstar"}:
            filled[name] = filled[name] @ U + offset
        return self.with_fields(filled)

    def update(self, points: FixedPointCollection) -> None:
        """Append the points of another collection to this one."""
        self.__dict__.update(vars(FixedPointCollection.concatenate([self, points])))

    @staticmethod
    def concatenate(collections: Sequence[FixedPointCollection]) -> FixedPointCollection:
        """Return all points of several collections; a field that one lacks is left out.

        Raises
        ------
        ArgumentError
            If there is no collection.
        """
        if not collections:
            raise ArgumentError("collections: got none; at least one is wanted.")
        shared = set.intersection(*(set(c.filled()) for c in collections))
        joined = {name: torch.cat([getattr(c, name) for c in collections]) for name in shared}
        return collections[0].with_fields(joined)

    def save(self, save_path: str | Path) -> None:
        """Write the points to a file, in NumPy's format; never pickled."""
        arrays = {name: to_numpy(value) for name, value in self.filled().items()}
        save_arrays(save_path, arrays | {"tol_unique": np.array(self.tol_unique)})

    def restore(self, restore_path: str | Path) -> None:
        """Read points that `save` wrote into this collection.

        Raises
        ------
        FileFormatError
            If the file holds no such points; this collection is left as it was.
        """
        try:
            stored = load_arrays(restore_path)
            tensors = {k: torch.as_tensor(stored[k]) for k in self.row_fields() if k in stored}
            restored = FixedPointCollection(**tensors, tol_unique=float(stored["tol_unique"]))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise FileFormatError(
                f"restore_path: {restore_path} holds no collection written by `save` ({error}); "
                f"pickled files are not read."
            ) from error
        self.__dict__.update(restored.__dict__)

    def _places(self, use_F_xstar: bool) -> Tensor:
        states: Any = self.F_xstar if use_F_xstar else self.xstar
        return states if self.inputs is None else torch.cat([states, self.inputs], dim=1)


def _float64(values: Tensor) -> np.ndarray:
    return to_numpy(values).astype(np.float64)
