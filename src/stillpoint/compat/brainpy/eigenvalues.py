"""Eigenvalues and eigenvectors of matrices, in BrainPy's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.validation import check_flag, check_option, read_floats
from ...errors import ArgumentError
from ..shared import raises_as_before

_SIZES: dict[str, Callable[[Any], Any]] = {"magnitude": np.abs, "real": np.real}


@raises_as_before
def decompose_eigenvalues(
    matrices: Any, sort_by: str = "magnitude", do_compute_lefts: bool = False
) -> list[dict[str, Any]]:
    """Return the eigenvalues of matrices, the largest first, with eigenvectors as columns.

    Parameters
    ----------
    matrices
        Shape (n, d, d).
    sort_by
        "magnitude" or "real".
    do_compute_lefts
        Whether to compute the left eigenvectors: L.T R = I.

    Returns
    -------
    One dictionary for each matrix: `eig_values`, `R`, and `L` (None if not computed).

    Raises
    ------
    ArgumentError
        If `sort_by` is unknown, or the matrices are not real numbers.

    Examples
    --------
    >>> decompose_eigenvalues(np.diag([1.0, -2.0])[None])[0]["eig_values"]
    array([-2.,  1.])
    """
    check_flag("do_compute_lefts", do_compute_lefts)
    several = read_floats("matrices", matrices)
    if several.ndim != 3 or several.shape[1] != several.shape[2]:
        raise ArgumentError(
            f"matrices: got shape {several.shape}, but (n, d, d) is wanted; for one matrix pass "
            f"matrix[None]."
        )
    size = _SIZES[check_option("sort_by", sort_by, _SIZES)]
    decompositions = []
    for matrix in several:
        values, right = np.linalg.eig(matrix)
        order = np.argsort(-size(values), kind="stable")
        values, right = values[order], right[:, order]
        left = np.linalg.pinv(right).T if do_compute_lefts else None
        decompositions.append({"eig_values": values, "R": right, "L": left})
    return decompositions
