"""Derivatives of row-wise functions on tensors, by reverse mode."""

from __future__ import annotations

from collections.abc import Callable
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
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
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
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
        if not y.requires_grad:
            return torch.zeros_like(x)
        (pulled,) = torch.autograd.grad(y, x, w, allow_unused=True, materialize_grads=True)
        return pulled.detach()


def push_forward(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"], v: Float[Tensor, "n d"]
) -> Float[Tensor, "n k"]:
    """Return J v of a row-wise function, as the derivative of w J in w."""
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
        if not y.requires_grad:
            return torch.zeros_like(y)
        w = torch.zeros_like(y, requires_grad=True)
        try:
            (pulled,) = torch.autograd.grad(y, x, w, create_graph=True)
            (pushed,) = torch.autograd.grad(pulled, w, v)
        except RuntimeError:  # an operation without a second derivative, or x without effect
            return torch.matmul(differentiate(function, x.detach()), v[..., None])[..., 0]
        return pushed.detach()


class _differentiable:  # noqa: N801
    """Differentiation switched on, whatever the caller's mode, and cuDNN off.

    cuDNN's recurrent kernels have neither a batched nor a second derivative.
    """

    def __enter__(self) -> None:
        self._contexts = (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.backends.cudnn.flags(enabled=False),
        )
        for context in self._contexts:
            context.__enter__()

    def __exit__(self, *exception: object) -> None:
        for context in reversed(self._contexts):
            context.__exit__(*exception)
