"""The losses of tasks, as means over the steps that count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Integer
from torch import nn

from .._core.validation import check_option
from ..errors import ArgumentError

Tensor = torch.Tensor


def masked_mse(
    outputs: Float[Tensor, "n t k"], targets: Float[Tensor, "n t k"], mask: Float[Tensor, "n t"]
) -> Float[Tensor, ""]:
    """Return the mean squared error, each step weighted by the mask.

    Raises
    ------
    ArgumentError
        If no step counts.

    Examples
    --------
    >>> masked_mse(torch.tensor([[[1.0], [5.0]]]), torch.zeros(1, 2, 1), torch.tensor([[1.0, 0.0]]))
    tensor(1.)
    """
    squares = mask[:, :, None] * (outputs - targets).square()
    return squares.sum() / (_total(mask) * outputs.shape[2])


def masked_cross_entropy(
    outputs: Float[Tensor, "n t k"], targets: Integer[Tensor, "n t"], mask: Float[Tensor, "n t"]
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy in nats of logits and classes, weighted by the mask.

    Raises
    ------
    ArgumentError
        If no step counts.

    Examples
    --------
    >>> logits = torch.zeros(1, 2, 4)
    >>> masked_cross_entropy(logits, torch.tensor([[3, 0]]), torch.ones(1, 2))  # log 4
    tensor(1.3863)
    """
    steps = nn.functional.cross_entropy(outputs.transpose(1, 2), targets, reduction="none")
    return (mask * steps).sum() / _total(mask)


#: By the names that tasks use.
LOSSES: dict[str, Callable[..., Any]] = {"mse": masked_mse, "cross-entropy": masked_cross_entropy}


def loss_of(name: str) -> Callable[..., Any]:
    """Return the loss that a task names.

    Raises
    ------
    ArgumentError
        If there is no such loss.
    """
    return LOSSES[check_option("loss of the task", name, LOSSES)]


def _total(mask: Float[Tensor, "n t"]) -> Float[Tensor, ""]:
    total = mask.sum()
    if total <= 0:
        raise ArgumentError("mask: no step of these trials counts; at least one must.")
    return total
