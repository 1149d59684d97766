"""RowArrays: fixed points as arrays of any kind, one row for each, which scripts may change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import rows_of, to_numpy
from ..._core.grouping import group, representatives
from ..._core.validation import (
    check_flag,
    check_kind,
    check_option,
    check_sequence,
    read_floats,
    read_numbers,
    shape_of,
)
from ...errors import ArgumentError, came
from .errors import raises_as_before


@raises_as_before
@dataclass(eq=False, repr=False)
class RowArrays:
    """Base of containers: fields are arrays with equally many rows, or None where not known.

    Indexing with an int, a slice, a mask or a list gives the same kind of container, which has
    arrays of its own. Kinds of arrays, and what is known beside these fields, are of subclasses.

    Parameters
    ----------
    xstar, x_init, F_xstar
        Points, where each search began, and the state one step later, shape (n, d).
    inputs
        Shape (n, m).
    qstar, dq, n_iters
        ``1/2 |F(x) - x|^2``, its last change, and the steps taken, shape (n,).
    """

    #: Fields that say something of the whole and have no rows.
    of_the_whole: ClassVar[tuple[str, ...]] = ()

    #: The dimensions of a field behind that of the points; none, unless it is told here.
    dims: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **dict.fromkeys(("xstar", "x_init", "F_xstar"), ("state",)),
        "inputs": ("input",),
    }

    #: How arrays are put one behind the other.
    joined: ClassVar[Callable[[Any], Any]] = staticmethod(np.concatenate)

    #: What makes places, ints of NumPy, an array of this kind.
    as_places: ClassVar[Callable[[Any], Any]] = staticmethod(np.asarray)

    xstar: Any = None
    x_init: Any = None
    inputs: Any = None
    F_xstar: Any = None
    qstar: Any = None
    dq: Any = None
    n_iters: Any = None

    def __post_init__(self) -> None:
        for name, value in self.filled().items():
            array = self._read(name, value)
            axes = 1 + len(self.dims.get(name, ()))
            if array.ndim != axes:
                raise ArgumentError(
                    f"{name}: got shape {tuple(array.shape)}, but {axes} axes are wanted, the "
                    f"first for the points."
                )
            setattr(self, name, array)
        rows = {name: len(value) for name, value in self.filled().items()}
        if len(set(rows.values())) > 1:
            usual = Counter(rows.values()).most_common(1)[0][0]
            others = {name: count for name, count in rows.items() if count != usual}
            told = " and ".join(map(str, others.values()))
            raise ArgumentError(
                f"{', '.join(others)}: got {told} rows, but {usual} are wanted, as all others have."
            )

    def _read(self, name: str, values: Any) -> Any:
        """Return values that were passed as an array of this container's own."""
        array = np.array(read_numbers(name, values, real=False))
        is_counted = name in self.dims and array.dtype.kind in "iub"
        return array.astype(np.float64) if is_counted else array

    # -- what it holds ------------------------------------------------------------------------

    @classmethod
    def row_fields(cls) -> list[str]:
        """Return the names of the fields that have rows."""
        return [field.name for field in fields(cls) if field.name not in cls.of_the_whole]

    def filled(self) -> dict[str, Any]:
        """Return the row-wise fields that are known, by name."""
        return {name: v for name in self.row_fields() if (v := getattr(self, name)) is not None}

    @property
    def kwargs(self) -> dict[str, Any]:
        """All fields by name; a container of the same kind that is made of them is a copy."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def with_fields(self, new: Mapping[str, Any]) -> Self:
        """Return a container of the same kind with these row-wise fields and no others.

        Raises
        ------
        ArgumentError
            If there is no such field.
        """
        for name in check_kind("new", new, Mapping, "a table of fields"):
            check_option("new", name, self.row_fields())
        return replace(self, **{**dict.fromkeys(self.row_fields()), **new})

    @property
    def n(self) -> int:
        """The number of points."""
        return next((len(value) for value in self.filled().values()), 0)

    @property
    def n_states(self) -> int | None:
        """The number of state variables; None where no states are known."""
        return next((self.filled()[k].shape[1] for k in _STATES if k in self.filled()), None)

    @property
    def n_inputs(self) -> int | None:
        """The number of inputs; None where no inputs are known."""
        return None if self.inputs is None else self.inputs.shape[1]

    @property
    def is_single_fixed_point(self) -> bool:
        """Whether there is one point."""
        return self.n == 1

    def assert_valid_shapes(self) -> None:
        """Check that all fields have as many rows, which assignments may have changed.

        Raises
        ------
        ArgumentError
            If they have not.
        """
        replace(self)

    def print_shapes(self) -> None:
        """Print the shape of every field that is known."""
        for name, value in self.filled().items():
            print(f"{name}: {tuple(value.shape)}")  # noqa: T201

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(self.n))

    def __getitem__(self, index: Any) -> Self:
        rows = self._rows(index)
        return self.with_fields({name: value[rows] for name, value in self.filled().items()})

    def __setitem__(self, index: Any, fps: RowArrays) -> None:
        _check_container("fps", fps)
        rows = self._rows(index)
        if fps.n not in (1, len(rows)):
            raise ArgumentError(
                f"fps: got {fps.n} points for {len(rows)} places; pass as many, or one for all."
            )
        _check_sizes("fps", self, fps)
        known = fps.filled()
        for name, value in self.filled().items():
            if name not in known and to_numpy(value).dtype.kind not in "fc":
                raise ArgumentError(
                    f"fps: it lacks {name}, which is known here; set it to None here, or fill it "
                    f"in there."
                )
        for name, value in self.filled().items():
            value[rows] = self._like(value, known[name]) if name in known else np.nan

    def _like(self, value: Any, given: Any) -> Any:  # noqa: ARG002
        """Return an array that is assigned to rows of another one, as a part of it."""
        return given

    def _rows(self, index: Any) -> Int[np.ndarray, " k"]:
        (one,) = index if isinstance(index, tuple) and len(index) == 1 else (index,)
        return np.ascontiguousarray(rows_of(one, self.n))  # torch takes no reversed view

    # -- which is which ------------------------------------------------------------------------

    def __contains__(self, fp: Any) -> bool:
        return len(self.find(fp)) > 0

    def find(self, fp: Any, use_F_xstar: bool = False) -> Any:
        """Return the places of the points within `tol_unique` of one point, inputs included.

        `use_F_xstar` compares the states one step later.

        What is no container is nowhere, nor is a point of another number of states or inputs.

        Raises
        ------
        ArgumentError
            If `fp` is a container of no or several points, or inputs are known on one side only:
            whether it is the same point can then not be told.
        """
        states, nowhere = _states(use_F_xstar), type(self).as_places(np.zeros(0, dtype=np.int64))
        if not isinstance(fp, RowArrays):
            return nowhere
        if fp.n != 1:
            raise ArgumentError(
                f"fp: got {fp.n} points, but a container of one point is wanted, such as "
                f"{type(self).__name__}(x[None, :], inputs=u[None, :])."
            )
        if not self.n or any(getattr(fps, states) is None for fps in (self, fp)):
            return nowhere
        sizes = [(fps.n_states, fps.n_inputs or 0) for fps in (self, fp)]
        if sizes[0] != sizes[1]:
            if bool(self.n_inputs) != bool(fp.n_inputs):
                which = ("no inputs", "some") if self.n_inputs else ("inputs", "none")
                raise ArgumentError(
                    f"fp: it has {which[0]}, but the points here have {which[1]}; give both of "
                    f"them inputs, or set inputs to None in both to compare states only."
                )
            return nowhere
        apart = np.linalg.norm(self._places(states) - fp._places(states), axis=1)
        return type(self).as_places(np.flatnonzero(apart <= self.kwargs["tol_unique"]))

    def get_unique(self, use_F_xstar: bool = False) -> Self:
        """Return one point of each group closer than `tol_unique`, that with the smallest q."""
        places = self._places(states := _states(use_F_xstar))
        if not np.isfinite(places).all():
            raise ArgumentError(
                f"{states}: rows of it, or of inputs, hold NaN or infinity, so which points are "
                f"one cannot be told; leave them out first, "
                f"fps[np.isfinite(fps.{states}).all(axis=1)]."
            )
        q = np.zeros(self.n) if self.qstar is None else to_numpy(self.qstar).astype(np.float64)
        return self[np.sort(representatives(group(places, self.kwargs["tol_unique"]), q))]

    def _places(self, states: str) -> Float[np.ndarray, "n k"]:
        """Return states and inputs side by side, in float64."""
        known = self.filled()
        if states not in known:
            raise ArgumentError(f"{states}: there are no points to compare; fill it in first.")
        parts = [known[name] for name in (states, "inputs") if name in known]
        return np.hstack([to_numpy(part).astype(np.float64) for part in parts])

    # -- what follows from them ---------------------------------------------------------------

    def transform(self, U: Any, offset: Any = 0.0) -> Self:
        """Return the points with states mapped to x U + offset.

        Eigenvectors and input Jacobians are mapped without the offset, as they are directions;
        the state Jacobian is left out, as it does not act on projected states.

        Parameters
        ----------
        U
            Shape (d, k).
        offset
            One number, or shape (k,).
        """
        matrix, shift = read_floats("U", U), read_floats("offset", offset)
        d = matrix.shape[0] if self.n_states is None and matrix.ndim == 2 else self.n_states
        if matrix.ndim != 2 or matrix.shape[0] != d:
            raise ArgumentError(f"U: got {came(U)}, but a matrix of shape ({d}, k) is wanted.")
        if shape_of(shift) not in ((), (1,), matrix.shape[1:]):
            raise ArgumentError(
                f"offset: got shape {shift.shape}, but one number or ({matrix.shape[1]},) is "
                f"wanted."
            )
        new = {name: value for name, value in self.filled().items() if name != "J_xstar"}
        matrix, shift = self._as_here(matrix), self._as_here(shift)
        for name in new.keys() & {*_STATES, "dFdu", "eigvec_J_xstar"}:
            new[name] = new[name] @ matrix + shift if name in _STATES else matrix.T @ new[name]
        return self.with_fields(new)

    def _as_here(self, values: np.ndarray) -> Any:
        """Return numbers as what can be multiplied with the states."""
        return values

    # -- together -----------------------------------------------------------------------------

    @classmethod
    def concatenate(cls, fps_seq: Sequence[Self]) -> Self:
        """Return all points of several containers; a field that one lacks is left out.

        Empty containers add nothing. Tolerance and dtype are those of the first one.

        Raises
        ------
        ArgumentError
            If there is no container, they know nothing in common, or sizes differ.
        """
        if not check_sequence("fps_seq", fps_seq, RowArrays, "a list of containers"):
            raise ArgumentError("fps_seq: got no container; at least one is wanted.")
        known = [fps for fps in fps_seq if fps.n]
        if not known:
            return fps_seq[0].with_fields({})
        shared = set.intersection(*(set(fps.filled()) for fps in known))
        if not shared:
            raise ArgumentError("fps_seq: there is no field that all of these containers know.")
        return fps_seq[0].with_fields(_joined("fps_seq", known, shared))

    def update(self, new_fps: Self) -> None:
        """Append the points of another container to this one, which may be empty.

        Raises
        ------
        ArgumentError
            If a field is known in one of them only, or sizes differ; this container is left as it
            was.
        """
        _check_container("new_fps", new_fps)
        mine, theirs = (set(fps.filled() if fps.n else ()) for fps in (self, new_fps))
        if mine and theirs and (differing := mine ^ theirs):
            told = ", ".join(field for field in self.row_fields() if field in differing)
            raise ArgumentError(
                f"new_fps: {told} known in one of the containers, but not in both; fill it in "
                f"where it is None, or set it to None in both."
            )
        known = [fps for fps in (self, new_fps) if fps.n]
        for name, value in _joined("new_fps", known, mine | theirs).items():
            setattr(self, name, value)


_STATES = ("xstar", "x_init", "F_xstar")


def _states(use_F_xstar: bool) -> str:
    return "F_xstar" if check_flag("use_F_xstar", use_F_xstar) else "xstar"


def _joined(name: str, known: Sequence[RowArrays], fields: set[str]) -> dict[str, Any]:
    """Return fields of several containers, one behind the other."""
    for fps in known[1:]:
        _check_sizes(name, known[0], fps)
    return {
        field: type(known[0]).joined([getattr(fps, field) for fps in known]) for field in fields
    }


def _check_container(name: str, fps: Any) -> None:
    if not isinstance(fps, RowArrays):
        raise ArgumentError(f"{name}: got {type(fps).__name__}, but a container is wanted.")


def _check_sizes(name: str, ours: RowArrays, theirs: RowArrays) -> None:
    """Raise unless the rows of one container have the shape of those of another one."""
    known = theirs.filled()
    for field, values in ours.filled().items():
        if field in known and known[field].shape[1:] != values.shape[1:]:
            raise ArgumentError(
                f"{name}: {field} has rows of shape {tuple(known[field].shape[1:])}, but "
                f"{tuple(values.shape[1:])} is wanted, as in the other container; only points of "
                f"one network go together."
            )
