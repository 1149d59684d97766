"""Networks as RNNToolkit's classes take them: torch modules, and what is a system already."""

from __future__ import annotations

from typing import Any

import torch

from ...as_system import as_system
from ...errors import ArgumentError, came
from ...system import System
from ..shared.models import read_directly


def read_module(rnn: Any) -> System:
    """Return a torch module, or what `read_directly` reads, as a System."""
    if (system := read_directly(rnn)) is not None:
        return system
    if not isinstance(rnn, torch.nn.Module):
        raise ArgumentError(
            f"rnn: got {came(rnn)}, but a torch network is wanted, or whatever "
            f"stillpoint.as_system has made a System."
        )
    return as_system(rnn)


def weight_of(rnn: Any) -> torch.Tensor:
    """Return a tensor of the network's, which says in what precision and where answers are."""
    none = torch.zeros(0)
    return next(rnn.parameters(), none) if isinstance(rnn, torch.nn.Module) else none
