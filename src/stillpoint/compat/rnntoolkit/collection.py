"""FixedPointCollection: fixed points as tensors, one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.arrays import to_numpy
from ..._core.files import read_path
from ..._core.validation import check_flag, check_kind, check_real, first_line, read_floats
from ...errors import FileFormatError, came
from ..shared import RowArrays, raises_as_before
from ..shared.npz import load_arrays, save_arrays

Tensor = torch.Tensor


@raises_as_before
@dataclass(eq=False, repr=False)
class FixedPointCollection(RowArrays):
    """Fixed points and how they were found, as tensors with one row each.

    Parameters
    ----------
    xstar, x_init, inputs, F_xstar, qstar, dq, n_iters
        As of `RowArrays`; `xstar` is needed.
    tol_unique
        Distance, in state and inputs together, up to which two points are one.
    dtype, dtype_complex
        What the finder returned its tensors as.
    verbose
        Whether `save` and `restore` say what they do.

    Raises
    ------
    ArgumentError
        If a field is no tensor, or fields have different numbers of rows.

    Examples
    --------
    >>> points = FixedPointCollection(torch.tensor([[0.0], [1.0]]), qstar=torch.zeros(2))
    >>> points.n, points[1] in points, points.find(points[0])
    (2, True, tensor([0]))
    """

    of_the_whole: ClassVar[tuple[str, ...]] = ("tol_unique", "dtype", "dtype_complex", "verbose")

    joined: ClassVar[Callable[[Any], Any]] = staticmethod(torch.cat)
    as_places: ClassVar[Callable[[Any], Any]] = staticmethod(torch.as_tensor)

    tol_unique: float = 1e-3
    dtype: torch.dtype = torch.float32
    dtype_complex: torch.dtype = torch.complex64
    verbose: bool = False

    def __post_init__(self) -> None:
        check_kind("xstar", self.xstar, Tensor, "a torch tensor")
        super().__post_init__()
        check_real("tol_unique", self.tol_unique, above=0)
        check_flag("verbose", self.verbose)
        for name in ("dtype", "dtype_complex"):
            check_kind(name, getattr(self, name), torch.dtype, "a type of torch")

    def _read(self, name: str, values: Any) -> Tensor:
        check_kind(name, values, Tensor, "a torch tensor")
        read_floats(name, values, finite=False)
        given = values.detach().clone()
        is_counted = name in self.dims and not given.is_floating_point()
        return given.to(torch.get_default_dtype()) if is_counted else given

    def _like(self, value: Tensor, given: Tensor) -> Tensor:
        return given.to(value)

    def _as_here(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values).to(self.xstar)

    def __repr__(self) -> str:
        return f"FixedPointCollection({self.n} points, {self.n_states} states)"

    def save(self, save_path: str | Path) -> None:
        """Write the points to a file, in NumPy's format; never pickled."""
        path = read_path("save_path", save_path)
        arrays = {name: to_numpy(value) for name, value in self.filled().items()}
        save_arrays(path, arrays | {"tol_unique": np.array(self.tol_unique)})
        if self.verbose:
            print(f"Saved {self.n} fixed points to {path}.")  # noqa: T201

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
            tensors: dict[str, Any] = {
                k: torch.as_tensor(stored[k]) for k in self.row_fields() if k in stored
            }
            restored = FixedPointCollection(**tensors, tol_unique=float(stored["tol_unique"]))
        except FileNotFoundError:
            raise
        except Exception as error:
            raise FileFormatError(
                f"restore_path: {came(str(path))} holds no collection written by `save` "
                f"({first_line(error)}); pickled files are not read."
            ) from error
        new = {name: getattr(restored, name) for name in (*self.row_fields(), "tol_unique")}
        self.__dict__.update(new)
        if self.verbose:
            print(f"Restored {self.n} fixed points from {path}.")  # noqa: T201
