"""Numbers as they were written down, from numbers that are known to rounding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# Numbers this near to each other, relative to the largest, are one.
_ROUNDING = 1e-12

# Digits of numbers that people write.
_DIGITS = 9


def as_written(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return short decimal fractions, or else numbers of float32, if all values are such.

    Weights are mostly stored in float32, and leaks are written in a program.

    Examples
    --------
    >>> as_written(np.array([0.1 + 2e-16, 0.25])).tolist()
    [0.1, 0.25]
    >>> stored = np.float32([0.1, 0.2]).astype(float)
    >>> (as_written(stored * (1 + 1e-15)) == stored).all()
    np.True_
    >>> as_written(np.array([np.pi])) == np.pi
    array([ True])
    """
    near = _ROUNDING * np.abs(values).max(initial=0.0)
    for rounded in (np.round(values, _DIGITS), values.astype(np.float32).astype(np.float64)):
        if (np.abs(rounded - values) <= near).all():
            return rounded
    return values
