"""What a caller hands over as a network: a system, a model, a file, a record, what makes one."""

from __future__ import annotations

import functools
import inspect
import os
import types
from pathlib import Path
from typing import Any

from ..._core.netcdf import load
from ..._core.record import Record
from ...as_system import as_system
from ...system import System

# What is called to make a network; modules and cells can be called too, and are none of these.
_MAKERS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, functools.partial)


def make(network: Any) -> System | Record:
    """Return the system or record that a caller's value means.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> make(lambda: sp.cells.VanillaCell(np.eye(2), np.zeros((2, 0)), np.zeros(2)))
    System(map, 2 states, no inputs; closed form)
    """
    if _is_saved(network):
        record: Record = load(network)
        return record
    if _makes_one(network):
        network = network()
    return network if isinstance(network, System | Record) else as_system(network)


def identity_of(network: Any) -> Any:
    """Return what tells a network from others, to be hashed; what makes one is not called.

    A model counts as the system that is made of it, as transforms and frameworks hold much that
    has no part in the weights.
    """
    if isinstance(network, str | os.PathLike):
        return Path(network)
    if isinstance(network, System | Record) or _makes_one(network):
        return network
    return as_system(network)


def _is_saved(network: Any) -> bool:
    return isinstance(network, str | os.PathLike) and Path(network).suffix.lower() == ".nc"


def _makes_one(network: Any) -> bool:
    """Whether a value is a function, or a class, that needs no arguments."""
    if not isinstance(network, (*_MAKERS, type)):
        return False
    try:
        inspect.signature(network).bind()
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True
