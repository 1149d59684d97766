"""How far apart two spectra are: eigenvalues are paired so that the distances are least."""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float


def spectra_apart(
    one: Complex[np.ndarray, "p k"], other: Complex[np.ndarray, "p l"]
) -> Float[np.ndarray, " p"]:
    """Return the distance between the spectra in each row, in the plane of eigenvalues.

    Of as many leading eigenvalues as both have, each is paired with one of the other's; it is the
    root of the mean square of their distances. NaN where an eigenvalue is not known.

    Examples
    --------
    >>> spectra_apart(np.array([[1.0 + 0j, 0.5]]), np.array([[0.5 + 0j, 1.1]])).round(4)
    array([0.0707])
    """
    from scipy.optimize import linear_sum_assignment

    size = min(one.shape[1], other.shape[1])
    apart = np.full(len(one), np.nan)
    for row in range(len(one) if size else 0):
        distance = np.abs(one[row, :size, None] - other[row, :size])
        if np.isfinite(distance).all():
            pairs = linear_sum_assignment(distance**2)
            apart[row] = np.sqrt((distance[pairs] ** 2).mean())
    return apart
