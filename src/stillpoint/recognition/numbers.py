"""Numbers as they were written down, from numbers that are known to rounding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

# Numbers that are known to be this near to each other, relative to the largest, are one.
_ROUNDING = 1e-12

# Digits of numbers that people write.
_DIGITS = 9


def as_written(
    values: Float[np.ndarray, "..."], largest: float | None = None
) -> Float[np.ndarray, "..."]:
    """Return short decimal fractions, or else numbers of float32, if all values are such.

    Weights are mostly stored in float32, and leaks are written in a program. Values that are zero
    to rounding, relative to the `largest` number known with them, are zero in any case.

    Examples
    --------
    >>> as_written(np.array([0.1 + 2e-16, 0.25])).tolist()
    [0.1, 0.25]
    >>> stored = np.float32([0.1, 0.2]).astype(float)
    >>> bool((as_written(stored * (1 + 1e-15)) == stored).all())
    True
    >>> as_written(np.array([np.pi, 1e-17])).tolist()
    [3.141592653589793, 0.0]
    """
    near = _ROUNDING * (np.abs(values).max(initial=0.0) if largest is None else largest)
    for rounded in (np.round(values, _DIGITS), values.astype(np.float32).astype(np.float64)):
        if (np.abs(rounded - values) <= near).all():
            values = rounded
            break
    return np.where(np.abs(values) <= near, 0.0, values)
