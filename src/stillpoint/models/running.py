"""What the forward passes of the networks share: nonlinearities, and sequences with time first."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import nn

from .._core.validation import check_kind, first_line
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


def options_of_weights(dtype: Any, device: Any) -> dict[str, Any]:
    """Return the type and the device of new weights, once weights can be of them.

    Raises
    ------
    ArgumentError
        If they cannot.
    """
    options = {"dtype": torch.get_default_dtype() if dtype is None else dtype, "device": device}
    try:
        fits = torch.empty(0, **options).is_floating_point()
    except Exception as error:  # torch raises many kinds
        raise ArgumentError(f"dtype, device: {first_line(error)}") from None
    if not fits:
        raise ArgumentError(f"dtype: got {dtype}, but a floating-point type is wanted.")
    return options


def time_first(
    name: str, sequence: Float[Tensor, "a b k"], width: int, batch_first: bool, like: Tensor
) -> Float[Tensor, "t n k"]:
    """Return a sequence, (trials, time, k) if `batch_first`, as (time, trials, k)."""
    check_tensor(name, sequence, like)
    if sequence.ndim != 3 or sequence.shape[2] != width or not sequence.shape[int(batch_first)]:
        layout = "trials, time" if batch_first else "time, trials"
        raise ArgumentError(
            f"{name}: got shape {tuple(sequence.shape)}, but ({layout}, {width}) with at least "
            f"one step is wanted."
        )
    return sequence.transpose(0, 1) if batch_first else sequence


def check_tensor(name: str, given: Any, like: Tensor) -> None:
    """Check that what is given is a tensor that can be multiplied with weights `like` these."""
    check_kind(name, given, Tensor, "a torch tensor")
    fits = given.dtype == like.dtype or (given.is_floating_point() and torch.is_autocast_enabled())
    if not fits or given.device != like.device:
        raise ArgumentError(
            f"{name}: got {given.dtype} on {given.device}, but {like.dtype} on {like.device} is "
            f"wanted, as the weights are."
        )


def check_shape(
    name: str, given: Tensor | None, shape: tuple[int, ...], like: Tensor, order: str = ""
) -> None:
    """Check a tensor, if there is one, and its shape; `order` is what to say of its axes."""
    if given is None:
        return
    check_tensor(name, given, like)
    if given.shape != shape:
        raise ArgumentError(
            f"{name}: got shape {tuple(given.shape)}{order}, but {shape} is wanted."
        )
