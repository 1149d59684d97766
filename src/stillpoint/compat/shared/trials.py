"""Which trials, and which part of them, a figure by other tools' names shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_whole, read_floats, read_rows
from ...errors import ArgumentError


def read_trials(
    state_traj: Any, plot_batch_idx: Any, plot_start_time: Any, plot_stop_time: Any, size: int
) -> Float[np.ndarray, "k t d"]:
    """Return the trials to draw between two times; of these, negative ones begin at zero.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or nothing is left.

    Examples
    --------
    >>> read_trials(np.zeros((4, 9, 2)), [0, 3], 5, None, size=2).shape
    (2, 4, 2)
    """
    paths = read_floats("state_traj", state_traj)
    if paths.ndim != 3 or paths.shape[2] != size:
        raise ArgumentError(
            f"state_traj: got shape {paths.shape}, but (trials, time, {size}) is wanted."
        )
    if plot_batch_idx is not None:
        paths = paths[read_rows("plot_batch_idx", plot_batch_idx, len(paths))]
    first = max(0, check_whole("plot_start_time", plot_start_time, least=-(2**63)))
    last = plot_stop_time
    if last is not None:
        last = check_whole("plot_stop_time", last, least=-(2**63))
    shown = paths[:, first:last]
    if not shown.size:
        raise ArgumentError(
            f"state_traj, plot_start_time, plot_stop_time: nothing of shape {paths.shape} is left "
            f"to draw from time {first} to {'the end' if last is None else last}."
        )
    return shown
