"""FixedPointArrays: fixed points as NumPy arrays that scripts may change, one row for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..._core.validation import check_real
from ...census import count_kinds, heading, kinds_of
from ...errors import ArgumentError, came
from ...local import is_stable, n_unstable, sorted_eig
from .errors import raises_as_before
from .rows import RowArrays


@raises_as_before
@dataclass(eq=False, repr=False)
class FixedPointArrays(RowArrays):
    """Fixed points and how they were found; a field that is not known is None.

    Parameters
    ----------
    xstar, x_init, inputs, F_xstar, qstar, dq, n_iters
        As of `RowArrays`.
    J_xstar, dFdu
        Jacobians in the state, (n, d, d), and in the input, (n, d, m); rows = to.
    eigval_J_xstar, eigvec_J_xstar
        Eigenvalues, the largest modulus first, (n, d), and eigenvectors, one per column, (n, d, d).
    is_stable, cond_id
        Whether all modes decay, and the caller's number of the condition, shape (n,).
    tol_unique
        Distance, in state and inputs together, up to which two points are one.
    dtype, dtype_complex
        What the finder returned its arrays as; eigenvalues have the latter at least.

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

    of_the_whole: ClassVar[tuple[str, ...]] = ("tol_unique", "dtype", "dtype_complex")

    dims: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **RowArrays.dims,
        "J_xstar": ("state", "from_state"),
        "dFdu": ("state", "input"),
        "eigval_J_xstar": ("mode",),
        "eigvec_J_xstar": ("state", "mode"),
    }

    J_xstar: Any = None
    dFdu: Any = None  # noqa: N815
    eigval_J_xstar: Any = None  # noqa: N815
    eigvec_J_xstar: Any = None  # noqa: N815
    is_stable: Any = None
    cond_id: Any = None
    tol_unique: float = 1e-3
    dtype: Any = np.float32
    dtype_complex: Any = np.complex64

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
        for name, kind, wanted in _TYPES:
            if _kind_of(getattr(self, name)) != kind:
                raise ArgumentError(
                    f"{name}: got {came(getattr(self, name))}, but {wanted} is wanted."
                )

    @property
    def has_decomposed_jacobians(self) -> bool:
        """Whether eigenvalues are known, of any point."""
        values = self.eigval_J_xstar
        return values is not None and not (len(values) and np.isnan(values).all())

    def __repr__(self) -> str:
        if self.eigval_J_xstar is None or not self.n or np.isnan(self.eigval_J_xstar).any():
            return f"{type(self).__name__}({self.n} points)"
        stable, unstable = (f(self.eigval_J_xstar, "map") for f in (is_stable, n_unstable))
        return heading(count_kinds(kinds_of(unstable, stable)), self.n)

    def decompose_jacobians(self, *_: Any, **__: Any) -> None:
        """Fill in eigenvalues, eigenvectors and stability, where they are not known yet.

        A point whose Jacobian holds NaN gets NaN, and counts as not stable. The arguments of old
        scripts, which say how to print, are accepted.

        Raises
        ------
        ArgumentError
            If there are no Jacobians.
        """
        if self.J_xstar is None:
            if self.has_decomposed_jacobians and self.is_stable is not None:
                return
            raise ArgumentError(
                "J_xstar: there is none to decompose; search with do_compute_jacobians=True."
            )
        rows = np.isfinite(self.J_xstar).all(axis=(1, 2))
        kind = np.result_type(self.J_xstar.dtype, self.dtype_complex)
        n, d = self.J_xstar.shape[:2]
        known = self.eigval_J_xstar, self.eigvec_J_xstar, self.is_stable
        if all(part is not None for part in known):
            rows &= np.isnan(self.eigval_J_xstar).any(axis=1) | np.isnan(self.is_stable * 1.0)
        else:
            self.eigval_J_xstar = np.full((n, d), np.nan, kind)
            self.eigvec_J_xstar = np.full((n, d, d), np.nan, kind)
            self.is_stable = np.zeros(n, dtype=bool)
        values, vectors = sorted_eig(self.J_xstar[rows].astype(np.float64), "map")
        self.eigval_J_xstar[rows], self.eigvec_J_xstar[rows] = values, vectors
        self.is_stable[rows] = is_stable(values, "map")

    def print_summary(self) -> None:
        """Print how many points there are and of which kind, their q, and the steps taken."""
        lines = [repr(self)]
        for name, label in (("qstar", "q"), ("n_iters", "steps")):
            value = getattr(self, name)
            if value is not None and self.n:
                low, middle, high = np.min(value), np.median(value), np.max(value)
                lines.append(f"{label}: from {low:.3g} to {high:.3g}, median {middle:.3g}")
        print("\n".join(lines))  # noqa: T201


_TYPES = (
    ("dtype", "f", "np.float32 or np.float64"),
    ("dtype_complex", "c", "np.complex64 or np.complex128"),
)


def _kind_of(dtype: Any) -> str | None:
    """Return the kind of a type of numbers, None for what is no type."""
    try:
        return np.dtype(dtype).kind
    except Exception:  # NumPy raises many kinds
        return None
