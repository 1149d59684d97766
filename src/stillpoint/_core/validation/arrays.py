"""Arrays of any library and of any type: numbers, masks, places, rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ...errors import ArgumentError, came
from ..arrays import n_masked, to_numpy
from ..indexing import rows_of
from .values import whole_number

# So much is quoted of what an error of another library says.
_LINE = 200


def read_floats(name: str, values: Any, *, finite: bool = True) -> np.ndarray:
    """Return a caller's argument as a float64 NumPy array, or raise an error that names it.

    Masked values are not read, as nothing says what they are.

    Examples
    --------
    >>> read_floats("states", [[1, 2]])
    array([[1., 2.]])
    """
    with np.errstate(over="ignore"):  # what float64 cannot hold is infinite, and refused below
        array = read_numbers(name, values).astype(np.float64)
    if finite and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ArgumentError(
            f"{name}: {bad} of {array.size} values are NaN or infinite; remove those rows or "
            f"repair the network that produced them."
        )
    return array


def read_numbers(name: str, values: Any, *, real: bool = True) -> np.ndarray:
    """Return a caller's array of numbers as NumPy, NaN and infinity among them, in its own type.

    Examples
    --------
    >>> read_numbers("eigenvalues", [1j, 2], real=False)
    array([0.+1.j, 2.+0.j])
    """
    try:
        array = to_numpy(values)
        if array.dtype.kind not in ("fiub" if real else "fiubc"):
            raise TypeError(f"dtype {array.dtype}")
        return array
    except Exception as error:  # the conversion is the caller's own code, which may raise anything
        hint = ""
        if type(values).__name__ == "PackedSequence":
            hint = " Unpack it first with torch.nn.utils.rnn.pad_packed_sequence."
        wanted = "real numbers" if real else "numbers"
        raise ArgumentError(
            f"{name}: got {type(values).__name__} ({first_line(error)}), but an array of {wanted} "
            f"is wanted.{hint}"
        ) from None


def read_unmasked(
    name: str, values: Any
) -> tuple[Float[np.ndarray, "..."], Bool[np.ndarray, "..."]]:
    """Return a caller's array as float64 NumPy, and which of its values are known: not masked.

    Examples
    --------
    >>> read_unmasked("states", np.ma.masked_less([1.0, 2.0], 1.5))
    (array([0., 2.]), array([False,  True]))
    """
    if n_masked(values):
        values = np.ma.array(values)
        known = ~np.ma.getmaskarray(values)
        return read_floats(name, values.filled(0)), known
    array = read_floats(name, values)
    return array, np.ones(array.shape, dtype=bool)


def read_mask(name: str, mask: Any, shape: tuple[int, ...]) -> Bool[np.ndarray, "..."]:
    """Return a caller's boolean mask of a shape.

    Examples
    --------
    >>> read_mask("where", [True, False], (2,))
    array([ True, False])
    """
    try:
        array = to_numpy(mask)
    except Exception as error:  # as for arrays: the caller's code
        array = None
        came_in = f"{type(mask).__name__} ({first_line(error)})"
    if array is None or array.dtype != np.bool_ or array.shape != shape:
        came_in = f"{array.dtype} of shape {array.shape}" if array is not None else came_in
        raise ArgumentError(
            f"{name}: got {came_in}, but a boolean mask of shape {shape} is wanted."
        )
    return array


def read_indices(name: str, indices: Any, size: int, *, once: bool = True) -> Int[np.ndarray, " k"]:
    """Return a caller's list of places, whole numbers from 0 to `size` - 1, each at most `once`.

    Examples
    --------
    >>> read_indices("units", range(2), size=3)
    array([0, 1])
    """
    try:
        is_list = isinstance(indices, Sequence) and not isinstance(indices, str | bytes)
        listed = [whole_number(i) for i in (indices if is_list else to_numpy(indices))]
    except Exception:  # as for arrays: the caller's code
        listed = [None]
    found = [index for index in listed if index is not None]
    if len(found) < len(listed):
        raise ArgumentError(f"{name}: got {came(indices)}, but a list of whole numbers is wanted.")
    if any(not 0 <= index < size for index in found):
        raise ArgumentError(
            f"{name}: got {came(indices)}, which has indices outside 0..{size - 1}."
        )
    if once and len(set(found)) < len(found):
        raise ArgumentError(f"{name}: got {came(indices)}, which names a unit twice.")
    return np.array(found, dtype=np.int64)


def read_rows(name: str, which: Any, n: int) -> Int[np.ndarray, " k"]:
    """Return the rows that a caller's index means, see `rows_of`.

    Examples
    --------
    >>> read_rows("rows", [-1], 3)
    array([2])
    """
    try:
        return rows_of(which, n)
    except IndexError as error:
        raise ArgumentError(f"{name}: {error}") from None


def shape_of(values: Any) -> tuple[int, ...]:
    """Return the shape of a caller's array; () for what has none.

    Examples
    --------
    >>> shape_of([[1, 2]]), shape_of([[1, 2], [3]])
    ((1, 2), ())
    """
    try:
        return tuple(np.shape(values))
    except Exception:  # as for arrays: the caller's code
        return ()


def first_line(error: BaseException) -> str:
    """Return the first line of what an error of another library says, cut where it is long."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:_LINE]
