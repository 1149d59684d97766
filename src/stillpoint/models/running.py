"""What the forward passes of the networks share: nonlinearities, and sequences with time first."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import nn

from ..errors import ArgumentError

Tensor = torch.Tensor

#: phi by its name.
ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": nn.functional.softplus,
    "linear": lambda x: x,
}


def time_first(
    name: str, sequence: Float[Tensor, "a b k"], width: int, batch_first: bool
) -> Float[Tensor, "t n k"]:
    """Return a sequence, (trials, time, k) if `batch_first`, as (time, trials, k)."""
    if sequence.ndim != 3 or sequence.shape[2] != width or not sequence.shape[int(batch_first)]:
        layout = "trials, time" if batch_first else "time, trials"
        raise ArgumentError(
            f"{name}: got shape {tuple(sequence.shape)}, but ({layout}, {width}) with at least "
            f"one step is wanted."
        )
    return sequence.transpose(0, 1) if batch_first else sequence


def check_shape(name: str, given: Tensor | None, shape: tuple[int, ...], order: str = "") -> None:
    """Check that what is given, if anything, has a shape; `order` is what to say of its axes."""
    if given is not None and given.shape != shape:
        raise ArgumentError(
            f"{name}: got shape {tuple(given.shape)}{order}, but {shape} is wanted."
        )
