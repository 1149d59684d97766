"""Losses of states in BrainPy's units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ...system import System


def losses_of(
    system: System, x: Float[np.ndarray, "n d"], f_loss: Callable[..., Any] | None = None
) -> Float[np.ndarray, " n"]:
    """Return the loss of every state.

    Parameters
    ----------
    system
        Without inputs.
    x
        States.
    f_loss
        `f_loss(states, next_states, axis=1)` for a map, `f_loss(velocities, axis=1)` for a flow.
        By default the mean of the squared motion over the dimensions, 2 q / d; of several
        variables the sum of their means. That of a state that is not finite is NaN.

    Examples
    --------
    >>> import stillpoint as sp
    >>> losses_of(sp.as_system(lambda x: x + 2.0, 3), np.zeros((1, 3)))
    array([4.])
    """
    losses = np.full(len(x), np.nan)
    is_finite = np.isfinite(x).all(axis=1)
    if is_finite.any():
        losses[is_finite] = _of_finite(system, x[is_finite], f_loss)
    return losses


def _of_finite(
    system: System, x: Float[np.ndarray, "k d"], f_loss: Callable[..., Any] | None
) -> Float[np.ndarray, " k"]:
    if f_loss is None:
        squares = system.residual(x) ** 2
        means = [squares[:, v.places.ravel()].mean(axis=1) for v in system.structure.variables]
        return np.sum(means, axis=0)
    unpack, after = system.structure.unpack, system.step(x)
    given = (unpack(x), unpack(after)) if system.kind == "map" else (unpack(after),)
    return np.asarray(f_loss(*given, axis=1), dtype=np.float64)
