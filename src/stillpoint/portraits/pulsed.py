"""States at the end of input pulses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

States = Float[np.ndarray, "k d"]


def pulsed(
    step: Callable[[States, Float[np.ndarray, "k m"]], States],
    x: States,
    u: Float[np.ndarray, "k m"],
    duration: Int[np.ndarray, " k"],
) -> States:
    """Return where states are after inputs that are held for so many steps, each for its own.

    Examples
    --------
    >>> pulsed(lambda x, u: x + u, np.zeros((2, 1)), np.ones((2, 1)), np.array([1, 3])).ravel()
    array([1., 3.])
    """
    x = x.copy()
    for done in range(int(duration.max(initial=0))):
        on = np.flatnonzero(done < duration)
        x[on] = step(x[on], u[on])
    return x
