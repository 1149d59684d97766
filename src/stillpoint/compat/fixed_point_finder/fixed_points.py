"""FixedPoints: the container, with files and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.files import read_path
from ..._core.validation import check_flag, check_whole
from ...errors import ArgumentError, FileFormatError
from ..shared import FixedPointArrays
from .files import read_file, write_file
from .plotting import plot_fps

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FixedPoints(FixedPointArrays):
    """Fixed points as NumPy arrays, see `FixedPointArrays`; they can be saved and drawn.

    Parameters
    ----------
    xstar, **fields
        As of `FixedPointArrays`.
    do_alloc_nan
        Whether to begin with `n` rows of NaN, to be assigned to: states, inputs, Jacobians, and
        what is known of the search.
    n, n_states, n_inputs
        Their sizes; without `do_alloc_nan` the sizes of the arrays count.
    verbose
        Accepted for old scripts; nothing is printed.

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
        xstar: Any = None,
        *,
        do_alloc_nan: bool = False,
        n: int | None = None,
        n_states: int | None = None,
        n_inputs: int | None = None,
        verbose: bool = False,  # noqa: ARG002
        **fields: Any,
    ) -> None:
        super().__init__(xstar, **fields)
        if check_flag("do_alloc_nan", do_alloc_nan):
            if self.filled():
                raise ArgumentError(
                    f"do_alloc_nan: got {', '.join(self.filled())} as well; pass arrays or "
                    f"do_alloc_nan=True."
                )
            n = check_whole("n", n, least=0)
            d = check_whole("n_states", n_states, least=1)
            m = check_whole("n_inputs", n_inputs, least=0)
            rows: dict[str, tuple[int, ...]] = {"inputs": (m,), "J_xstar": (d, d)}
            rows |= dict.fromkeys(("xstar", "x_init", "F_xstar"), (d,))
            rows |= dict.fromkeys(("qstar", "dq", "n_iters"), ())
            for name, shape in rows.items():
                setattr(self, name, np.full((n, *shape), np.nan, dtype=self.dtype))

    def save(self, save_path: str | Path) -> None:
        """Write the points to one NetCDF file, whole or not at all; nothing is pickled.

        Raises
        ------
        ArgumentError
            If the folder does not exist.
        """
        write_file(self, read_path("save_path", save_path))

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
        self.__dict__.update(vars(restored))

    def plot(self, *args: Any, **kwargs: Any) -> Figure:
        """Draw the points, see `plot_fps`."""
        return plot_fps(self, *args, **kwargs)
