"""FixedPoints: the container, with files and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..shared import FixedPointArrays
from .files import read_file, write_file
from .plotting import plot_fps


class FixedPoints(FixedPointArrays):
    """Fixed points as NumPy arrays, see `FixedPointArrays`; they can be saved and drawn.

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

    def save(self, save_path: str | Path) -> None:
        """Write the points to one NetCDF file, whole or not at all; nothing is pickled.

        Raises
        ------
        ArgumentError
            If the folder does not exist.
        """
        write_file(self, save_path)

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
        self.__dict__.update(vars(FixedPoints(**read_file(restore_path))))

    def plot(self, *args: Any, **kwargs: Any) -> Any:
        """Draw the points, see `plot_fps`."""
        return plot_fps(self, *args, **kwargs)
