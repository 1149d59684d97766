"""What to pass instead of a torch module that holds the network."""

from __future__ import annotations

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
