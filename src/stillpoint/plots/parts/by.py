"""What a caller passes as `by=` and `trials_by=`, as groups."""

from __future__ import annotations

from dataclasses import fields, replace
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from ..._core.arrays import n_masked, to_numpy
from ..._core.validation import check_option, read_floats
from ...errors import ArgumentError, came
from .groups import FEW, Groups
from .style import COUNTS

_LABELS = ("fixed point", "ghost", "slow region")


def groups_of_points(by: Any, points: Any, own: str) -> Groups:
    """Return the groups of points by one of their columns, their input, or a caller's array.

    Parameters
    ----------
    by
        "input", the name of a column with one value per point, or an array of n labels or numbers.
    points
        A record of n points.
    own
        The column that the marks tell anyway, so that a legend need not.

    Raises
    ------
    ArgumentError
        If there is no such column, or the array does not fit; it names `by`.
    """
    if not isinstance(by, str):
        return groups_of_array("by", by, len(points), "points")
    present = {f.name: getattr(points, f.name) for f in fields(points) if points._is_by_row(f)}
    columns = {name: v for name, v in present.items() if getattr(v, "ndim", 0) == 1}
    counted = points if hasattr(points, "n_unstable") else points.linearization
    columns["n_unstable"] = counted.n_unstable
    if check_option("by", by, ("input", *columns)) == "input":
        return Groups.of(*_inputs(points.inputs))
    groups = Groups.of(by, _finite(columns[by]), is_told=by != own)
    # Counts and labels have their colours whatever else there is in this figure.
    if by == "label":
        return replace(groups, names=_LABELS, palette=COUNTS)
    if by == "n_unstable" and groups.names is not None:
        names = tuple(range(max(groups.names, default=0) + 1))
        return replace(groups, names=names, palette=COUNTS)
    return groups


def groups_of_array(argument: str, given: Any, n: int, noun: str, **look: Any) -> Groups:
    """Return the groups that a caller's array makes of n rows.

    Raises
    ------
    ArgumentError
        If it has not one text or one finite number for each row; it names the argument.

    Examples
    --------
    >>> groups_of_array("trials_by", ["left", "right"], 2, "trials").names
    ('left', 'right')
    >>> groups_of_array("trials_by", ["left", "right"], 3, "trials")
    Traceback (most recent call last):
    stillpoint.errors.ArgumentError: trials_by: got shape (2,), but shape (3,) is wanted: a label \
or a number for each of the 3 trials.
    """
    if masked := n_masked(given):
        raise ArgumentError(
            f"{argument}: {masked} values are masked; give these {noun} a label of their own, or "
            f"leave them out."
        )
    try:
        array = to_numpy(given)
        if array.dtype == object:
            array = _read_objects(array)
    except Exception:  # labels are the caller's own objects, which may raise anything
        array = np.zeros(())
    if array.shape != (n,):
        what = f"shape {array.shape}" if array.ndim else came(given)
        raise ArgumentError(
            f"{argument}: got {what}, but shape ({n},) is wanted: a label or a number for each of "
            f"the {n} {noun}."
        )
    if array.dtype.kind not in "Ub":
        real = read_floats(argument, array)
        array = array if array.dtype.kind in "iu" else real
    name = getattr(given, "name", None)  # of a pandas Series
    return Groups.of(name if isinstance(name, str) else "", array, **look)


def _read_objects(array: Any) -> Shaped[np.ndarray, "..."]:
    """Return objects as numbers, where all are, or else as texts; None alone says nothing.

    Examples
    --------
    >>> _read_objects(np.array(["a", None, 1], dtype=object)).tolist()
    ['a', 'None', '1']
    """
    if all(isinstance(value, Real) for value in array.flat):
        return np.array(array.tolist())
    if all(value is None for value in array.flat):
        return array
    return np.array([str(value) for value in array.flat]).reshape(array.shape)


def _finite(column: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, " n"]:
    """Return a column with what is infinite at its largest finite value, where it has a colour."""
    if column.dtype.kind != "f" or np.isfinite(column).all():
        return column
    largest = column[np.isfinite(column)].max(initial=0.0)
    return np.nan_to_num(column, nan=largest, posinf=largest)


def _inputs(inputs: Float[np.ndarray, "n m"]) -> tuple[str, Shaped[np.ndarray, " n"]]:
    """Return what inputs differ in: some of their coordinates, or else the number of the input."""
    varying = np.flatnonzero((inputs != inputs[:1]).any(axis=0))
    if len(varying) == 1:
        return f"u{varying[0]}", inputs[:, varying[0]]
    different, first, number = np.unique(inputs, axis=0, return_index=True, return_inverse=True)
    if 1 < len(different) <= FEW and len(varying) <= 3:
        told = [", ".join(f"u{j} = {row[j]:g}" for j in varying) for row in inputs]
        return "", np.array(told)
    turn = np.argsort(np.argsort(first))  # they are numbered as they come
    return "input", turn[number.reshape(-1)]
