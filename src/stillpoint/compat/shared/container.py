"""FixedPointArrays: fixed points as NumPy arrays that scripts may change, one row for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float, Int

from ..._core.grouping import group, representatives
from ..._core.validation import check_real, read_floats
from ...census import count_kinds, heading, kinds_of
from ...errors import ArgumentError, came
from ...local import is_stable, n_unstable, sorted_eig
from .rows import RowArrays


@dataclass(eq=False, repr=False)
class FixedPointArrays(RowArrays):
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

    of_the_whole: ClassVar[tuple[str, ...]] = ("tol_unique", "dtype")

    axes: ClassVar[Mapping[str, int]] = {
        **dict.fromkeys(("xstar", "x_init", "F_xstar", "inputs", "eigval_J_xstar"), 2),
        **dict.fromkeys(("J_xstar", "dFdu", "eigvec_J_xstar"), 3),
    }

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
        super().__post_init__()
        for name in ("xstar", "x_init", "F_xstar", "inputs", "qstar", "J_xstar", "dFdu"):
            if np.iscomplexobj(getattr(self, name)):
                raise ArgumentError(f"{name}: got complex numbers, but real ones are wanted.")
        if self.J_xstar is not None and self.J_xstar.shape[1] != self.J_xstar.shape[2]:
            raise ArgumentError(
                f"J_xstar: got shape {self.J_xstar.shape}, but (n, d, d) is wanted."
            )
        check_real("tol_unique", self.tol_unique, above=0)
        try:
            fits = np.dtype(self.dtype).kind == "f"
        except Exception:  # NumPy raises many kinds
            fits = False
        if not fits:
            raise ArgumentError(
                f"dtype: got {came(self.dtype)}, but np.float32 or np.float64 is wanted."
            )

    # -- sizes --------------------------------------------------------------------------------

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

    def __repr__(self) -> str:
        if self.eigval_J_xstar is None or not self.n:
            return f"{type(self).__name__}({self.n} points)"
        stable, unstable = (f(self.eigval_J_xstar, "map") for f in (is_stable, n_unstable))
        return heading(count_kinds(kinds_of(unstable, stable)), self.n)

    # -- which is which ------------------------------------------------------------------------

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
            if bool(self.n_inputs) != bool(fp.n_inputs):
                which = ("no inputs", "some") if self.n_inputs else ("inputs", "none")
                raise ArgumentError(
                    f"fp: it has {which[0]}, but the points here have {which[1]}; give both of "
                    f"them inputs, or set inputs to None in both to compare states only."
                )
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero(np.linalg.norm(ours - theirs, axis=1) <= self.tol_unique)

    def get_unique(self) -> Self:
        """Return one point of each group closer than `tol_unique`, that with the smallest q."""
        q = np.zeros(self.n) if self.qstar is None else self.qstar.astype(np.float64)
        if not np.isfinite(self._places()).all():
            raise ArgumentError(
                "xstar: rows of it, or of inputs, hold NaN or infinity, so which points are one "
                "cannot be told; leave them out first, fps[np.isfinite(fps.xstar).all(axis=1)]."
            )
        labels = group(self._places(), self.tol_unique)
        return self[np.sort(representatives(labels, q))]

    # -- what follows from them ---------------------------------------------------------------

    def transform(self, U: Float[np.ndarray, "d k"], offset: Any = 0.0) -> Self:
        """Return the points with states mapped to x U + offset.

        Eigenvectors and input Jacobians are mapped without the offset, as they are directions;
        the state Jacobian is left out, as it does not act on projected states.
        """
        U, shift = read_floats("U", U), read_floats("offset", offset)
        d = U.shape[0] if self.n_states is None and U.ndim == 2 else self.n_states
        if U.ndim != 2 or U.shape[0] != d:
            raise ArgumentError(f"U: got shape {U.shape}, but ({d}, k) is wanted.")
        if shift.shape not in ((), (1,), U.shape[1:]):
            raise ArgumentError(
                f"offset: got shape {shift.shape}, but one number or ({U.shape[1]},) is wanted."
            )
        new: dict[str, Any] = {**self.filled(), "J_xstar": None}
        new |= {name: new[name] @ U + shift for name in _STATES if name in new}
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

    def _places(self) -> Float[np.ndarray, "n k"]:
        if self.xstar is None:
            raise ArgumentError("xstar: there are no points to compare; fill it in first.")
        parts = [self.xstar] if self.inputs is None else [self.xstar, self.inputs]
        return np.hstack(parts).astype(np.float64)


_STATES = ("xstar", "x_init", "F_xstar")


def _spread(values: np.ndarray, rows: np.ndarray, fill: Any) -> np.ndarray:
    """Return values at the rows of a mask, and `fill` elsewhere."""
    result = np.full((len(rows), *values.shape[1:]), fill, dtype=values.dtype)
    result[rows] = values
    return result
