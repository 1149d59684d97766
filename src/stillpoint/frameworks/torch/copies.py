"""Copies of torch modules, and the modules that cannot be read from a copy."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ...errors import UnsupportedModelError
from ..weights import check_weight

Tensor = torch.Tensor


def refuse_unreadable(model: nn.Module) -> None:
    """Refuse a module whose weights are missing, coarse or not finite, or that cannot be called.

    Raises
    ------
    UnsupportedModelError, ArgumentError
        If it is.
    """
    tensors = dict([*model.named_parameters(), *model.named_buffers()])
    if any(map(nn.parameter.is_lazy, tensors.values())):
        raise UnsupportedModelError(
            f"model: {type(model).__name__} has lazy modules without weights; call it once first."
        )
    for name, tensor in tensors.items():
        check_weight(type(model).__name__, name, tensor)
    for part in model.modules():
        if re.match(r"torch\.(ao\.)?nn\..*quantized", type(part).__module__):
            raise UnsupportedModelError(
                f"model: {type(part).__name__} in it is quantised, and its numbers are too coarse "
                f"to tell where the network stands still; pass the network that it was made of."
            )
    if isinstance(model, torch.jit.ScriptModule) and not hasattr(model, "forward"):
        raise UnsupportedModelError(
            "model: torch itself cannot call this scripted module, as a scripted nn.GRU or "
            "nn.LSTM has no forward; pass the module that was scripted."
        )


def own_copy(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return a copy of a module in evaluation mode and in `dtype`, with tensors of its own.

    Raises
    ------
    UnsupportedModelError
        If it cannot be copied.
    """
    # Re-parametrisations keep tensors that were computed, which torch does not copy.
    computed = {
        id(tensor): tensor.detach().clone()
        for part in model.modules()
        for tensor in _tensors_in(vars(part))
        if tensor.grad_fn is not None
    }
    try:
        with torch.inference_mode(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the module, about its copy
            own = copy.deepcopy(model, computed).eval()._apply(lambda t: _cast(t, dtype))
            own.load_state_dict({name: _cloned(value) for name, value in own.state_dict().items()})
            return own.requires_grad_(False)  # so that steps may work in place
    except Exception as error:
        raise UnsupportedModelError(
            f"model: {type(model).__name__} could not be copied to {dtype} "
            f"({type(error).__name__}: {error}). Quantised, packed and otherwise compiled modules "
            f"hold no weights of full precision: pass the module that they were made of, or a "
            f"function step(x, u)."
        ) from error


def _cast(value: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a tensor in `dtype`, a complex one in that of its parts; others as they are."""
    if value.is_complex():
        return value.to(dtype.to_complex())
    return value.to(dtype) if value.is_floating_point() else value


def _cloned(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _tensors_in(held: Any) -> Iterator[Tensor]:
    for value in held.values():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Tensor):
                yield item
