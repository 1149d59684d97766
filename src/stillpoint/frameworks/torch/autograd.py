"""Derivatives of row-wise functions on tensors, by reverse mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float

Tensor = torch.Tensor


def differentiate(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"]
) -> Float[Tensor, "n k d"]:
    """Return the Jacobian of a row-wise function, from batched vector-Jacobian products.

    A function that cannot be batched so is differentiated one output at a time.
    """
    with _recorded(function, x) as (x, y):
        n, k = y.shape
        if not y.requires_grad:
            return x.new_zeros((n, k, x.shape[1]))
        basis = torch.eye(k, dtype=y.dtype, device=y.device)[:, None, :].expand(k, n, k)
        options = {"retain_graph": True, "allow_unused": True}
        try:
            (rows,) = torch.autograd.grad(y, x, basis, is_grads_batched=True, **options)
        except RuntimeError:  # an operation without a batching rule
            each = [torch.autograd.grad(y, x, row, **options)[0] for row in basis]
            rows = None if each[0] is None else torch.stack(each)
        if rows is None:  # y has a graph, but x is not in it
            return x.new_zeros((n, k, x.shape[1]))
        return rows.transpose(0, 1).detach().contiguous()


def pull_back(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"], w: Float[Tensor, "n k"]
) -> Float[Tensor, "n d"]:
    """Return w J of a row-wise function."""
    with _recorded(function, x) as (x, y):
        if not y.requires_grad:
            return torch.zeros_like(x)
        (pulled,) = torch.autograd.grad(y, x, w, allow_unused=True, materialize_grads=True)
        return pulled.detach()


def linearise(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"]
) -> Callable[[Float[Tensor, "n d"]], Float[Tensor, "n k"]]:
    """Return v -> J v of a row-wise function, as the derivative of w J in w.

    Its graph is recorded once, so that a product costs one pass through it.
    """
    with _recorded(function, x) as (x, y):
        if not y.requires_grad:
            return lambda v: torch.zeros_like(y)  # noqa: ARG005
        w = torch.zeros_like(y, requires_grad=True)
        try:
            (pulled,) = torch.autograd.grad(y, x, w, create_graph=True)
            torch.autograd.grad(pulled, w, torch.zeros_like(x), retain_graph=True)
        except RuntimeError:  # an operation without a second derivative, or x without effect
            jacobian = differentiate(function, x.detach())
            return lambda v: torch.matmul(jacobian, v[..., None])[..., 0]

    def pushed(v: Float[Tensor, "n d"]) -> Float[Tensor, "n k"]:
        without_cudnn = torch.backends.cudnn.flags(enabled=False)
        with torch.inference_mode(False), torch.enable_grad(), without_cudnn:
            return torch.autograd.grad(pulled, w, v.clone(), retain_graph=True)[0].detach()

    return pushed


@contextmanager
def _recorded(function: Callable[[Any], Any], x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Give x anew and what the function makes of it, as a graph, whatever the caller's mode.

    cuDNN is off: its recurrent kernels have neither a batched nor a second derivative.
    """
    without_cudnn = torch.backends.cudnn.flags(enabled=False)
    with torch.inference_mode(False), torch.enable_grad(), without_cudnn:
        x = x.clone().requires_grad_(True)
        yield x, function(x)
