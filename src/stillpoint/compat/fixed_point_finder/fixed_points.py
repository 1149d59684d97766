"""FixedPoints: the container, with files and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.files import read_path
from ..._core.validation import check_flag, check_whole
from ...errors import ArgumentError, FileFormatError
from ..shared import FixedPointArrays, raises_as_before
from .files import read_file, write_file
from .plotting import plot_fps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@raises_as_before
class FixedPoints(FixedPointArrays):
    """Fixed points as NumPy arrays, see `FixedPointArrays`; they can be saved and drawn.

    Parameters
    ----------
    *fields, **named
        As of `FixedPointArrays`, whose order is that of FixedPointFinder.
    do_alloc_nan
        Whether to begin with `n` rows of NaN in every field, to be assigned to.
    n, n_states, n_inputs
        Their sizes; without `do_alloc_nan` the sizes of the arrays count.
    verbose
        Whether `save` and `restore` say what they do.

    Raises
    ------
    ArgumentError
        If a size is missing, or arrays come together with `do_alloc_nan`.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> path = tempfile.mkdtemp() + "/points.nc"
    >>> FixedPoints(np.array([[0.5, -0.5]])).save(path)
    >>> fps = FixedPoints()
    >>> fps.restore(path)
    >>> fps.xstar
    array([[ 0.5, -0.5]])
    """

    def __init__(
        self,
        *fields: Any,
        do_alloc_nan: bool = False,
        n: int | None = None,
        n_states: int | None = None,
        n_inputs: int | None = None,
        verbose: bool = False,
        **named: Any,
    ) -> None:
        super().__init__(*fields, **named)
        self.verbose = check_flag("verbose", verbose)
        if check_flag("do_alloc_nan", do_alloc_nan):
            if self.filled():
                raise ArgumentError(
                    f"do_alloc_nan: got {', '.join(self.filled())} as well; pass arrays or "
                    f"do_alloc_nan=True."
                )
            n = check_whole("n", n, least=0)
            d = check_whole("n_states", n_states, least=1)
            m = check_whole("n_inputs", n_inputs, least=0)
            sizes = {"state": d, "from_state": d, "mode": d, "input": m}
            for name in self.row_fields():
                shape = [sizes[dim] for dim in self.dims.get(name, ())]
                dtype = self.dtype_complex if name.startswith("eig") else self.dtype
                setattr(self, name, np.full((n, *shape), np.nan, dtype=dtype))

    def save(self, save_path: str | Path) -> None:
        """Write the points to one NetCDF file, whole or not at all; nothing is pickled.

        Raises
        ------
        ArgumentError
            If the folder does not exist.
        """
        path = read_path("save_path", save_path)
        write_file(self, path)
        if self.verbose:
            print(f"Saved {self.n} fixed points to {path}.")  # noqa: T201

    def restore(self, restore_path: str | Path) -> None:
        """Read points into this container: a file of `save`, or a pickled one of the original.

        Of a pickled file only plain values and numeric NumPy arrays are read, whichever version
        of Python wrote it; no code that it names is run.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        FileFormatError
            If it holds something else; this container is left as it was.
        """
        path = read_path("restore_path", restore_path)
        try:
            restored = FixedPoints(**read_file(path))
        except (ArgumentError, TypeError) as error:
            raise FileFormatError(
                f"restore_path: {path} holds no fixed points ({error})"
            ) from error
        self.__dict__.update(vars(restored) | {"verbose": self.verbose})
        if self.verbose:
            print(f"Restored {self.n} fixed points from {path}.")  # noqa: T201

    def plot(self, *args: Any, **kwargs: Any) -> Figure:
        """Draw the points, see `plot_fps`."""
        return plot_fps(self, *args, **kwargs)
