"""FixedPointCollection: fixed points as tensors, one row each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..._core.files import write_atomically
from ..._core.grouping import group, representatives
from ...errors import ArgumentError, FileFormatError

Tensor = torch.Tensor

_FIELDS = ("xstar", "x_init", "inputs", "F_xstar", "qstar", "dq", "n_iters")


class FixedPointCollection:
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

    def __init__(
        self,
        xstar: Tensor,
        x_init: Tensor | None = None,
        inputs: Tensor | None = None,
        F_xstar: Tensor | None = None,
        qstar: Tensor | None = None,
        dq: Tensor | None = None,
        n_iters: Tensor | None = None,
        tol_unique: float = 1e-3,
    ) -> None:
        given = dict(
            zip(_FIELDS, (xstar, x_init, inputs, F_xstar, qstar, dq, n_iters), strict=True)
        )
        for name, value in given.items():
            if value is not None and len(value) != len(xstar):
                raise ArgumentError(
                    f"{name}: got {len(value)} rows, but xstar has {len(xstar)}; all need the same."
                )
            setattr(self, name, None if value is None else value.clone())
        self.tol_unique = tol_unique

    @property
    def n(self) -> int:
        """The number of points."""
        return len(self.xstar)

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: Any) -> FixedPointCollection:
        if isinstance(index, int | np.integer):
            index = range(self.n)[index]
            index = slice(index, index + 1)
        return self._with({k: v[index] for k, v in self._filled().items()})

    def __setitem__(self, index: Any, points: FixedPointCollection) -> None:
        for name, value in self._filled().items():
            value[index] = getattr(points, name)

    def __iter__(self) -> Iterator[FixedPointCollection]:
        return (self[k] for k in range(self.n))

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
        places = self._places(use_F_xstar).detach().cpu().double().numpy()
        labels = group(places, self.tol_unique)
        q = np.zeros(self.n) if self.qstar is None else self.qstar.detach().cpu().double().numpy()
        return self[np.sort(representatives(labels, q)).tolist()]

    def transform(self, U: Tensor, offset: Any = 0.0) -> FixedPointCollection:
        """Return the points with states mapped to x U + offset."""
        filled = self._filled()
        states = {k: filled[k] @ U + offset for k in ("xstar", "x_init", "F_xstar") if k in filled}
        return self._with({**filled, **states})

    def update(self, points: FixedPointCollection) -> None:
        """Append the points of another collection to this one."""
        joined = FixedPointCollection.concatenate([self, points])
        for name in _FIELDS:
            setattr(self, name, getattr(joined, name))

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
        shared = set.intersection(*(set(c._filled()) for c in collections))
        joined = {name: torch.cat([getattr(c, name) for c in collections]) for name in shared}
        return collections[0]._with(joined)

    def save(self, save_path: str | Path) -> None:
        """Write the points to a file, in NumPy's format; never pickled."""
        arrays = {k: v.detach().cpu().numpy() for k, v in self._filled().items()}

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, tol_unique=self.tol_unique, **arrays)

        write_atomically(save_path, write)

    def restore(self, restore_path: str | Path) -> None:
        """Read points that `save` wrote into this collection.

        Raises
        ------
        FileFormatError
            If the file holds no such points; this collection is left as it was.
        """
        try:
            with open(restore_path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                tol_unique = float(stored["tol_unique"])
                tensors = {k: torch.as_tensor(stored[k]) for k in _FIELDS if k in stored.files}
            restored = FixedPointCollection(**tensors, tol_unique=tol_unique)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise FileFormatError(
                f"restore_path: {restore_path} holds no collection written by `save` ({error}); "
                f"pickled files are not read."
            ) from error
        self.__dict__.update(restored.__dict__)

    def _filled(self) -> dict[str, Tensor]:
        return {name: v for name in _FIELDS if (v := getattr(self, name)) is not None}

    def _with(self, tensors: dict[str, Tensor]) -> FixedPointCollection:
        return FixedPointCollection(**tensors, tol_unique=self.tol_unique)

    def _places(self, use_F_xstar: bool) -> Tensor:
        states = self.F_xstar if use_F_xstar else self.xstar
        return states if self.inputs is None else torch.cat([states, self.inputs], dim=1)
