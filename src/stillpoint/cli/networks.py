"""Networks and inputs as the command line names them."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .._core.netcdf import load
from .._core.record import Record
from ..as_system import as_system
from ..errors import ArgumentError, FileFormatError
from ..system import System
from ..weights import read_weights


def what_files_lack(options: argparse.Namespace) -> dict[str, Any]:
    """Return what a command line says of networks that weights alone do not tell."""
    told = {key: getattr(options, key) for key in ("cell", "phi", "alpha", "prefix", "dt")}
    return {key: value for key, value in told.items() if value is not None}


def read_network(options: argparse.Namespace) -> System:
    """Return the network that a command line names."""
    file, colon, name = options.network.rpartition(":")
    told = what_files_lack(options)
    if colon and file.endswith(".py"):
        sizes = {key: getattr(options, key) for key in ("state_size", "input_size", "kind")}
        return _from_module(Path(file), name, told, {k: v for k, v in sizes.items() if v})
    if options.network.endswith(".py"):
        raise ArgumentError(
            f"NETWORK: {options.network} is a program; say which of its names is the network: "
            f"{options.network}:name."
        )
    if is_record(options.network):
        raise ArgumentError(
            f"NETWORK: {options.network} is a saved result, which holds no weights; `stillpoint "
            f"show` and `stillpoint report` read it."
        )
    return read_weights(options.network, **told)


def is_record(path: str) -> bool:
    """Whether a file is one of stillpoint's results, by its name."""
    return Path(path).suffix.lower() == ".nc"


def read_record(path: str, kind: type[Record] = Record) -> Any:
    """Return a saved result of some kind."""
    record = load(path)
    if not isinstance(record, kind):
        raise FileFormatError(
            f"{path}: holds a {type(record).__name__}, but {kind.__name__} are wanted."
        )
    return record


def read_inputs_of(text: str | None, system: System) -> np.ndarray | None:
    """Return inputs, numbers by commas or a file of rows; zero where none are told.

    Examples
    --------
    >>> system = as_system(lambda x, u: x + u, state_size=2, input_size=2)
    >>> read_inputs_of("1,0.5", system).tolist()
    [[1.0, 0.5]]
    """
    if text is None:
        return np.zeros((1, system.input_size)) if system.input_size else None
    try:
        if text.endswith(".npy"):
            rows = np.load(text, allow_pickle=False)
        elif Path(text).suffix in (".csv", ".txt"):
            rows = np.loadtxt(text, delimiter="," if text.endswith("csv") else None, ndmin=2)
        else:
            rows = np.array([float(number) for number in text.split(",")])
    except (ValueError, EOFError) as error:
        raise ArgumentError(
            f"--inputs: got {text!r}, but numbers with commas between them, or a file .npy, .csv "
            f"or .txt with one input in each row, is wanted ({error})."
        ) from None
    return np.atleast_2d(rows)


def _from_module(file: Path, name: str, told: dict[str, Any], sizes: dict[str, Any]) -> System:
    """Run a program of the user's, and return the network that it calls by a name."""
    if not file.is_file():
        raise FileNotFoundError(f"NETWORK: there is no file {file}.")
    named = f"_stillpoint_{file.stem}"  # no other module is replaced
    spec: Any = importlib.util.spec_from_file_location(named, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[named], before = module, list(sys.path)  # its own imports are found beside it
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's program does
        raise ArgumentError(
            f"NETWORK: {file} failed with {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path[:] = before
    if not hasattr(module, name):
        known = ", ".join(key for key in vars(module) if not key.startswith("_"))
        raise ArgumentError(f"NETWORK: {file} has no {name!r}; it has {known:.200}.")
    found = getattr(module, name)
    if isinstance(found, System):
        return found
    if callable(found) and not sizes and _takes_nothing(found):
        found = found()
    return found if isinstance(found, System) else as_system(found, **told, **sizes)


def _takes_nothing(function: Any) -> bool:
    """Whether a function, not a module or a cell that can be called, has no arguments."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_argcount + code.co_kwonlyargcount == 0
