"""What to pass instead of a torch module that holds the network."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

_RECURRENT = (nn.RNNBase, nn.RNNCellBase)


def recurrent_parts(model: nn.Module) -> str:
    """Return a sentence that names the recurrent modules inside another, with a blank behind it.

    Examples
    --------
    >>> recurrent_parts(nn.Sequential(nn.GRU(2, 3)))
    'Found `0` (GRU) in it: pass model[0]. '
    """
    found = [(name, part) for name, part in model.named_modules() if name and _may_be_a_step(part)]
    if not found:
        return ""
    listed = ", ".join(f"`{name}` ({type(part).__name__})" for name, part in found[:5])
    return f"Found {listed} in it: pass {_path(model, found[0][0])}. "


def single_modules(function: Any) -> str:
    """Return a sentence on the modules that a function calls in float32, empty if there is none.

    Examples
    --------
    >>> cell = nn.GRUCell(2, 3)
    >>> single_modules(lambda x, u: cell(u, x))
    ' It calls `cell` (GRUCell), which is in float32: call copy.deepcopy(cell).double() instead.'
    """
    used = {"model": getattr(function, "__self__", None)}
    try:
        held = inspect.getclosurevars(getattr(function, "__func__", function))
        used |= {**held.globals, **held.nonlocals}
    except TypeError:  # no function of Python's
        pass
    for name, value in used.items():
        if isinstance(value, nn.Module) and any(
            p.dtype == torch.float32 for p in value.parameters()
        ):
            return (
                f" It calls `{name}` ({type(value).__name__}), which is in float32: call "
                f"copy.deepcopy({name}).double() instead."
            )
    return ""


def _may_be_a_step(part: nn.Module) -> bool:
    return isinstance(part, _RECURRENT) or hasattr(part, "hidden_size")


def _path(model: nn.Module, name: str) -> str:
    """Return the expression that gives a part of a model."""
    told = "model"
    for step in name.split("."):
        if isinstance(model, nn.ModuleDict):
            told += f"[{step!r}]"
        else:
            told += f"[{step}]" if step.isdigit() else f".{step}"
        model = getattr(model, step)
    return told
