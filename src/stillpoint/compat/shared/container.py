"""FixedPointArrays: fixed points as NumPy arrays that scripts may change, one row for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Any, Self

import numpy as np
from jaxtyping import Float, Int

from ..._core.grouping import group, representatives
from ..._core.indexing import rows_of
from ...errors import ArgumentError
from ...local import is_stable, n_unstable, sorted_eig
from ...points.table import count_unstable, heading


@dataclass(eq=False, repr=False)
class FixedPointArrays:
    """Fixed points and how they were found; a field that is not known is None.

    Indexing with an int, a slice, a mask or a list gives the same kind of container, which has
    arrays of its own.

    Parameters
    ----------
    xstar, x_init, F_xstar
        Points, where each search began, and the state one step later, shape (n, d).
    inputs
        Shape (n, m).
    qstar, dq, n_iters
        1/2 |F(x) - x|^2, its last change, and the steps taken, shape (n,).
    J_xstar, dFdu
        Jacobians in the state, (n, d, d), and in the input, (n, d, m); rows = to.
    eigval_J_xstar, eigvec_J_xstar
        Eigenvalues, the largest modulus first, (n, d), and eigenvectors, one per column, (n, d, d).
    is_stable, cond_id
        Whether all modes decay, and the caller's number of the condition, shape (n,).
    tol_unique
        Distance, in state and inputs together, up to which two points are one.
    dtype
        What the finder returned its arrays as.

    Raises
    ------
    ArgumentError
        If fields have different numbers of rows.

    Examples
    --------
    >>> pair = FixedPointArrays(np.array([[0.0], [1.0]]))
    >>> pair.n, pair[1] in pair, FixedPointArrays(np.array([[0.5]])) in pair
    (2, True, False)
    """

    xstar: Any = None
    _: KW_ONLY
    x_init: Any = None
    inputs: Any = None
    F_xstar: Any = None
    qstar: Any = None
    dq: Any = None
    n_iters: Any = None
    J_xstar: Any = None
    dFdu: Any = None  # noqa: N815
    eigval_J_xstar: Any = None  # noqa: N815
    eigvec_J_xstar: Any = None  # noqa: N815
    is_stable: Any = None
    cond_id: Any = None
    tol_unique: float = 1e-3
    dtype: Any = np.float32

    def __post_init__(self) -> None:
        for name, value in self.filled().items():
            setattr(self, name, np.array(value))
        rows = {name: len(value) for name, value in self.filled().items()}
        if len(set(rows.values())) > 1:
            told = ", ".join(f"{name} {count}" for name, count in rows.items())
            raise ArgumentError(f"fields: got different numbers of rows ({told}); pass the same.")

    def filled(self) -> dict[str, np.ndarray]:
        """Return the row-wise fields that are known, by name."""
        return {name: value for name in ROW_FIELDS if (value := getattr(self, name)) is not None}

    # -- sizes --------------------------------------------------------------------------------

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
    def has_decomposed_jacobians(self) -> bool:
        """Whether eigenvalues are known."""
        return self.eigval_J_xstar is not None

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        if self.eigval_J_xstar is None or not self.n:
            return f"{type(self).__name__}({self.n} points)"
        stable, unstable = (f(self.eigval_J_xstar, "map") for f in (is_stable, n_unstable))
        return heading(count_unstable(unstable, stable), self.n)

    # -- rows ---------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Self:
        rows = rows_of(index, self.n)
        return self.with_fields({name: value[rows] for name, value in self.filled().items()})

    def __setitem__(self, index: Any, fps: FixedPointArrays) -> None:
        _check_container("fps", fps)
        rows = rows_of(index, self.n)
        missing = [name for name in self.filled() if getattr(fps, name) is None]
        if missing:
            raise ArgumentError(
                f"fps: it lacks {', '.join(missing)}, which is known here; set it to None here, or "
                f"fill it in there."
            )
        if fps.n not in (1, len(rows)):
            raise ArgumentError(
                f"fps: got {fps.n} points for {len(rows)} places; pass as many, or one for all."
            )
        _check_sizes("fps", self, fps)
        for name, value in self.filled().items():
            value[rows] = getattr(fps, name)

    def __iter__(self) -> Iterator[Self]:
        return (self[k] for k in range(self.n))

    def __contains__(self, fp: FixedPointArrays) -> bool:
        return self.find(fp).size > 0

    def find(self, fp: FixedPointArrays) -> Int[np.ndarray, " k"]:
        """Return the places of the points within `tol_unique` of one point, inputs included.

        A point of another number of states or inputs is nowhere.

        Raises
        ------
        ArgumentError
            If `fp` is not a container of one point, or inputs are known on one side only: whether
            it is the same point can then not be told.
        """
        if not isinstance(fp, FixedPointArrays) or fp.n != 1:
            got = f"{fp.n} points" if isinstance(fp, FixedPointArrays) else type(fp).__name__
            raise ArgumentError(
                f"fp: got {got}, but a container of one point is wanted, such as "
                f"{type(self).__name__}(x[None, :], inputs=u[None, :])."
            )
        if not self.n:
            return np.zeros(0, dtype=np.int64)
        ours, theirs = self._places(), fp._places()
        sizes = [(fps.n_states, fps.n_inputs or 0) for fps in (self, fp)]
        if sizes[0] != sizes[1]:
            self._check_inputs(fp)
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(np.linalg.norm(ours - theirs, axis=1) <= self.tol_unique)

    def get_unique(self) -> Self:
        """Return one point of each group closer than `tol_unique`, that with the smallest q."""
        q = np.zeros(self.n) if self.qstar is None else self.qstar.astype(np.float64)
        labels = group(self._places(), self.tol_unique)
        return self[np.sort(representatives(labels, q))]

    @classmethod
    def concatenate(cls, fps_seq: Sequence[Self]) -> Self:
        """Return all points of several containers, which know the same; empty ones add nothing.

        Tolerance and dtype are those of the first one.

        Raises
        ------
        ArgumentError
            If there is no container, a field is known in some of them only, or sizes differ.
        """
        if not fps_seq:
            raise ArgumentError("fps_seq: got no container; at least one is wanted.")
        joined = _joined("fps_seq", fps_seq)
        return fps_seq[0].with_fields(joined)

    def update(self, new_fps: Self) -> None:
        """Append the points of another container to this one, which may be empty.

        Raises
        ------
        ArgumentError
            As `concatenate`; this container is left as it was.
        """
        joined = _joined("new_fps", [self, new_fps])
        for name in ROW_FIELDS:
            setattr(self, name, joined.get(name))

    # -- what follows from them ---------------------------------------------------------------

    def transform(self, U: Float[np.ndarray, "d k"], offset: Any = 0.0) -> Self:
        """Return the points with states mapped to x U + offset.

        Eigenvectors and input Jacobians are mapped without the offset, as they are directions;
        the state Jacobian is left out, as it does not act on projected states.
        """
        new: dict[str, Any] = {**self.filled(), "J_xstar": None}
        new |= {name: new[name] @ U + offset for name in _STATES if name in new}
        new |= {name: U.T @ new[name] for name in ("dFdu", "eigvec_J_xstar") if name in new}
        return self.with_fields(new)

    def decompose_jacobians(self, *_: Any, **__: Any) -> None:
        """Fill in eigenvalues, eigenvectors and stability, where they are not known yet.

        A point whose Jacobian holds NaN gets NaN, and counts as not stable. The arguments of old
        scripts, which say how to print, are accepted.

        Raises
        ------
        ArgumentError
            If there are no Jacobians.
        """
        if self.has_decomposed_jacobians and self.is_stable is not None:
            return
        if self.J_xstar is None:
            raise ArgumentError(
                "J_xstar: there is none to decompose; search with do_compute_jacobians=True."
            )
        known = np.isfinite(self.J_xstar).all(axis=(1, 2))
        values, vectors = sorted_eig(self.J_xstar[known].astype(np.float64), "map")
        stable = is_stable(values, "map")
        kind = np.result_type(self.J_xstar.dtype, np.complex64)
        self.eigval_J_xstar = _spread(values.astype(kind), known, np.nan)
        self.eigvec_J_xstar = _spread(vectors.astype(kind), known, np.nan)
        self.is_stable = _spread(stable, known, False)

    def print_summary(self) -> None:
        """Print how many points there are and of which kind, their q, and the steps taken."""
        lines = [repr(self)]
        for name, label in (("qstar", "q"), ("n_iters", "steps")):
            value = getattr(self, name)
            if value is not None and self.n:
                low, middle, high = np.min(value), np.median(value), np.max(value)
                lines.append(f"{label}: from {low:.3g} to {high:.3g}, median {middle:.3g}")
        print("\n".join(lines))  # noqa: T201

    # -- inside -------------------------------------------------------------------------------

    def with_fields(self, new: Mapping[str, Any]) -> Self:
        """Return a container of the same kind with these row-wise fields and no others."""
        return replace(self, **(dict.fromkeys(ROW_FIELDS) | new))

    def _check_inputs(self, fp: FixedPointArrays) -> None:
        if bool(self.n_inputs) != bool(fp.n_inputs):
            which = ("no inputs", "some") if self.n_inputs else ("inputs", "none")
            raise ArgumentError(
                f"fp: it has {which[0]}, but the points here have {which[1]}; give both of them "
                f"inputs, or set inputs to None in both to compare states only."
            )

    def _places(self) -> Float[np.ndarray, "n k"]:
        if self.xstar is None:
            raise ArgumentError("xstar: there are no points to compare; fill it in first.")
        parts = [self.xstar] if self.inputs is None else [self.xstar, self.inputs]
        return np.hstack(parts).astype(np.float64)


#: The fields that have one row per point.
ROW_FIELDS = tuple(
    f.name for f in fields(FixedPointArrays) if f.name not in ("tol_unique", "dtype")
)

_STATES = ("xstar", "x_init", "F_xstar")


def _joined(name: str, several: Sequence[FixedPointArrays]) -> dict[str, np.ndarray]:
    """Return the fields of several containers, one behind the other."""
    for fps in several:
        _check_container(name, fps)
    known = [fps for fps in several if fps.filled()]
    for fps in known[1:]:
        if differing := known[0].filled().keys() ^ fps.filled().keys():
            told = ", ".join(field for field in ROW_FIELDS if field in differing)
            raise ArgumentError(
                f"{name}: {told} known in some containers, but not in all; fill it in where it is "
                f"None, or set it to None in all of them."
            )
        _check_sizes(name, known[0], fps)
    fields_known = known[0].filled() if known else {}
    return {n: np.concatenate([getattr(fps, n) for fps in known]) for n in fields_known}


def _check_container(name: str, fps: Any) -> None:
    if not isinstance(fps, FixedPointArrays):
        raise ArgumentError(f"{name}: got {type(fps).__name__}, but a container is wanted.")


def _check_sizes(name: str, ours: FixedPointArrays, theirs: FixedPointArrays) -> None:
    """Raise unless the rows of one container have the shape of those of another one."""
    for field, values in ours.filled().items():
        got, wanted = getattr(theirs, field).shape[1:], values.shape[1:]
        if got != wanted:
            raise ArgumentError(
                f"{name}: {field} has rows of shape {got}, but {wanted} is wanted, as in the other "
                f"container; only points of one network go together."
            )


def _spread(values: np.ndarray, rows: np.ndarray, fill: Any) -> np.ndarray:
    """Return values at the rows of a mask, and `fill` elsewhere."""
    result = np.full((len(rows), *values.shape[1:]), fill, dtype=values.dtype)
    result[rows] = values
    return result
