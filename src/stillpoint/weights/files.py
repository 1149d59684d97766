"""Which format a file of weights has: its bytes tell, whatever its name ends in."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np

from .._core.validation import first_line
from ..errors import FileFormatError, MissingExtraError, UnsupportedModelError
from . import keras_files
from .safetensors import read_safetensors
from .stored import Stored, flatten, plain_name
from .torch_checkpoint import read_checkpoint

_HDF5 = b"\x89HDF\r\n\x1a\n"
_OLD_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickle of torch's magic number
_PICKLE = b"\x80"

#: Programs, not weights: what is said of them, and how a state dict is made of each.
_PROGRAMS = {
    "a pickle": "model = pickle.load(open('{path}', 'rb'))",
    "a TorchScript archive": "model = torch.jit.load('{path}')",
    "an exported program": "model = torch.export.load('{path}').module()",
}


def read_file(path: Path) -> Stored:
    """Return the arrays in a file of weights, and what it tells of them.

    Raises
    ------
    UnsupportedModelError
        If the file is a program: a pickle, a TorchScript archive or an exported program.
    FileFormatError
        If it is damaged, or of no format that is read.
    FileNotFoundError
        If there is no such file.
    """
    with path.open("rb") as file:
        start = file.read(len(_OLD_TORCH))
    try:
        if zipfile.is_zipfile(path):
            return _read_zip(path)
        if start.startswith(_HDF5):
            return keras_files.read_hdf5(path)
        if start == _OLD_TORCH:
            return Stored(flatten(read_checkpoint(path)))
        if start[8:9] == b"{":
            return Stored(_plain(read_safetensors(path)))
    except (FileFormatError, MissingExtraError, UnsupportedModelError):
        raise
    except Exception as error:  # whatever the bytes make h5py, zipfile and json do
        raise FileFormatError(
            f"weights: {path} cannot be read ({type(error).__name__}: {first_line(error)}); copy "
            f"or save it again."
        ) from error
    if start.startswith(_PICKLE) or path.suffix in (".pkl", ".pickle"):
        _refuse_program(path, "a pickle")
    raise FileFormatError(
        f"weights: {path} is damaged, or of a format that is not read; wanted is a state dict of "
        f"torch (.pt), .npz, .safetensors, or a file of Keras (.keras, .h5). Of any other, pass "
        f"the arrays in a dictionary by their names."
    )


def _read_zip(path: Path) -> Stored:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    inner = {name.rpartition("/")[2] for name in names}
    if "model.weights.h5" in inner:
        return keras_files.read_archive(path)
    if "constants.pkl" in inner:
        _refuse_program(path, "a TorchScript archive")
    if "archive_format" in inner or path.suffix == ".pt2":
        _refuse_program(path, "an exported program")
    if "data.pkl" in inner:
        return Stored(flatten(read_checkpoint(path)))
    return Stored(_plain(_read_npz(path)))


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of numbers in an `.npz` file; pickled objects are left alone."""
    arrays = {}
    with np.load(path, allow_pickle=False) as stored:
        for name in stored.files:
            try:
                arrays[name] = stored[name]
            except ValueError as error:
                if "allow_pickle" not in str(error):
                    raise
    return {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}


def _plain(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {plain_name(name): array for name, array in arrays.items()}


def _refuse_program(path: Path, kind: str) -> NoReturn:
    raise UnsupportedModelError(
        f"weights: {path} is {kind}: to load it is to run it, so it is not loaded. If you trust "
        f"it, save its weights alone, and read those:\n"
        f"    {_PROGRAMS[kind].format(path=path)}\n"
        f"    torch.save(model.state_dict(), '{path.stem}_weights.pt')"
    )
