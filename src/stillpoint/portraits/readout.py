"""What is read out of states, by a function of the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.validation import read_floats
from ..errors import ArgumentError, came


def outputs_of(
    readout: Callable[[Any], Any] | None, x: Float[np.ndarray, "s d"]
) -> Float[np.ndarray, "s k"]:
    """Return the outputs at states, none where no readout is known."""
    if readout is None:
        return np.zeros((len(x), 0))
    if not callable(readout):
        raise ArgumentError(f"readout: got {came(readout)}, but a function of states is wanted.")
    outputs = read_floats("readout", readout(x.copy()))
    if outputs.ndim != 2 or len(outputs) != len(x):
        raise ArgumentError(
            f"readout: it returned shape {outputs.shape}, but ({len(x)}, k) is wanted: one row for "
            f"each state."
        )
    return outputs
