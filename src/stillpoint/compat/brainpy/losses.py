"""Losses of states in BrainPy's units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import first_line, read_floats
from ...errors import ArgumentError
from ...system import System


def losses_of(
    system: System, x: Float[np.ndarray, "n d"], f_loss: Callable[..., Any] | None = None
) -> Float[np.ndarray, " n"]:
    """Return the loss of every state, `f_loss` of SlowPointFinder; NaN where it is not finite.

    Examples
    --------
    >>> import stillpoint as sp
    >>> losses_of(sp.as_system(lambda x: x + 2.0, 3), np.zeros((1, 3)))
    array([4.])
    """
    losses = np.full(len(x), np.nan)
    is_finite = np.isfinite(x).all(axis=1)
    if not is_finite.any():
        return losses
    x = x[is_finite]
    if f_loss is None:
        squares = system.residual(x) ** 2
        means = [squares[:, v.places.ravel()].mean(axis=1) for v in system.layout.variables]
        losses[is_finite] = np.sum(means, axis=0)
    else:
        states, after = map(system.layout.unpack, (x, system.step(x)))
        given = (states, after) if system.kind == "map" else (after,)
        try:
            losses_told = f_loss(*given, axis=1)
        except Exception as error:
            raise ArgumentError(f"f_loss: it failed ({first_line(error)}).") from error
        told = read_floats("what f_loss returned", losses_told, finite=False)
        if told.shape != (len(x),):
            raise ArgumentError(
                f"f_loss: it returned shape {told.shape} for {len(x)} states, but one loss for "
                f"each is wanted."
            )
        losses[is_finite] = told
    return losses
