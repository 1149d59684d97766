"""Checkpoints of torch, read without running anything that they name.

A checkpoint is a pickle, and a pickle is a program. Torch's own reader of weights refuses one
that names anything but tensors and containers; public checkpoints often hold the author's own
classes beside the weights, so these are then read with a stand-in for everything else.
"""

from __future__ import annotations

import pickle
import warnings
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .._core.validation import first_line
from ..errors import FileFormatError, MissingExtraError


def read_checkpoint(path: Path) -> Any:
    """Return what `torch.save` wrote: tensors on the CPU in a nest of dictionaries and lists.

    Raises
    ------
    FileFormatError
        If the file is damaged.
    MissingExtraError
        If torch is not installed.
    """
    try:
        import torch
    except ModuleNotFoundError:
        raise MissingExtraError(
            f"weights: {path} is a checkpoint of torch, which is not installed; install it with: "
            f"pip install 'stillpoint[torch]'"
        ) from None
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old formats
            try:
                return torch.load(file, map_location="cpu", weights_only=True)
            except pickle.UnpicklingError:
                file.seek(0)
                return torch.load(
                    file, map_location="cpu", weights_only=False, pickle_module=_TENSORS_ONLY
                )
    except Exception as error:  # whatever the bytes made torch and the unpickler do
        raise FileFormatError(
            f"weights: {path} cannot be read as a checkpoint of torch "
            f"({type(error).__name__}: {first_line(error)}); save it again with "
            f"torch.save(model.state_dict(), path)."
        ) from error


class StandIn(dict[Any, Any]):
    """Stands for whatever else a pickle names: takes all, keeps what lies in it, does nothing.

    As a dictionary, it shows the weights that a pickled module keeps in its attributes.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.update(state)

    def __call__(self, *_: Any, **__: Any) -> StandIn:
        return StandIn()

    def _ignore(self, *_: Any) -> None: ...

    append = extend = add = _ignore
    dump_patches = False  # else torch writes a file where the source of a module has changed


class _TensorsOnly(pickle._Unpickler):
    """An unpickler to which only the names of tensors and containers mean something.

    It is the one in Python: that in C takes as much memory as a damaged file tells it to.
    """

    def find_class(self, module: str, name: str) -> Any:
        return _known().get((module, name), StandIn)


def _known() -> dict[tuple[str, str], Any]:
    """Return what names mean, anew each time: a pickle may write to functions that it is given.

    Of what makes a tensor only its numbers and its shape are used.
    """
    import torch

    def tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Any:
        return torch._utils._rebuild_tensor(storage, offset, size, stride)

    def parameter(data: Any, *_: Any) -> Any:
        return data

    return {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "Size"): torch.Size,
        ("torch._utils", "_rebuild_tensor"): tensor,
        ("torch._utils", "_rebuild_tensor_v2"): tensor,
        ("torch._utils", "_rebuild_parameter"): parameter,
        ("torch._utils", "_rebuild_parameter_with_state"): parameter,
    }


# What torch asks of a module that unpickles.
_TENSORS_ONLY = SimpleNamespace(
    __name__="tensors_only",
    Unpickler=_TensorsOnly,
    load=lambda file, **options: _TensorsOnly(file, **options).load(),
)
