"""The linearised dynamics x' = F(x0, u0) + A (x - x0) + B (u - u0), its stability and index."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from .._core.arrays import host
from .._core.display import Display, plural
from .._core.record import about, column, part, plain
from .._core.validation import check_option, read_rows, shape_of
from .._core.values import Domain
from ..dynamics import Dynamics, Kind, Regions
from ..errors import ArgumentError
from ..intervals.spectrum import UNDECIDED
from ..system import System
from ..system_info import SystemInfo
from .blocks import Blocks
from .jacobians import Jacobians
from .leading import outermost_modes
from .leading_modes import LeadingModes
from .spectra import (
    condition,
    decided_unstable,
    eigenvalue_errors,
    growth,
    index,
    margin,
    sorted_eig,
    sorted_eigvals,
)

# Roundings in a Jacobian and in its eigenvalues, beside the square root of their number.
_ROUNDINGS = 8


@final
@dataclass(frozen=True, eq=False, repr=False)
class Linearization(Blocks):
    """Jacobians of a system at some states, and what follows from them.

    Works at any state, not only at fixed points. Eigenvalues are sorted, the most unstable first.
    Everything is float64 on the host.

    Attributes
    ----------
    states, inputs
        Where, shapes (n, d) and (n, m).
    value
        F(x, u) there (f(x, u) for a flow), shape (n, d).
    input_jacobian
        B, the Jacobian in the inputs, (n, d, m); rows = to.
    jacobian_error
        The estimated error of A relative to its Frobenius norm, shape (n,): rounding, differences
        where derivatives are numerical, and at fixed points what their position leaves open.
    system
        Which system it is of.
    shape
        The shape in which trajectories came, without their last axis; empty for rows of states.
    matrices
        The Jacobians in the state. None where they are too large to be kept, as at fixed points of
        networks of more than 200 units: `jacobian` computes them anew then.
    leading
        The leading eigenvalues and a bound on all others, where not all are known.
    """

    derived: ClassVar[Mapping[str, Any]] = {
        "eigenvalues": about(
            "point", "mode", long_name="eigenvalues of the Jacobian", domain=Domain(finite=True)
        )
    }

    states: Float[np.ndarray, "n d"] = column(
        "point", "state", long_name="state", domain=Domain(finite=True)
    )
    inputs: Float[np.ndarray, "n m"] = column(
        "point", "input", long_name="input", domain=Domain(finite=True)
    )
    value: Float[np.ndarray, "n d"] = column("point", "state", long_name="F(x, u), or f(x, u)")
    input_jacobian: Float[np.ndarray, "n d m"] = column(
        "point", "state", "input", long_name="Jacobian in the inputs, rows = to"
    )
    jacobian_error: Float[np.ndarray, " n"] = column(
        "point", long_name="estimated relative error of the Jacobian", domain=Domain(least=0)
    )
    system: SystemInfo = plain(SystemInfo)
    shape: tuple[int, ...] = plain(domain=Domain(least=0), default=())
    matrices: Jacobians | None = part(
        Jacobians, "full_", names={"full_jacobian": "jacobian"}, default=None
    )
    leading: LeadingModes | None = part(LeadingModes, "leading_", default=None)

    def __len__(self) -> int:
        return len(self.states)

    def _display(self) -> Display:
        n, d = self.states.shape
        return Display(f"Linearization({self.kind}, {plural(n, 'state')} of size {d})")

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[-1], self.inputs.shape[-1])
        if self.shape and math.prod(self.shape) != len(self):
            yield f"shape: {self.shape} is not that of {len(self)} states"
        if self.matrices is None and self.leading is None:
            yield "jacobian: it is missing"
        if self.matrices is not None and self.leading is not None:
            yield "leading_eigenvalues: they are there beside jacobian, which says all"

    def take(self, rows: Int[np.ndarray, " k"]) -> Linearization:
        """Return the linearisation at some of the states, as rows.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        rows = read_rows("rows", rows, len(self))
        kept, leading = self.matrices, self.leading
        taken = Linearization(
            states=self.states[rows],
            inputs=self.inputs[rows],
            value=self.value[rows],
            input_jacobian=self.input_jacobian[rows],
            jacobian_error=self.jacobian_error[rows],
            system=self.system,
            matrices=None if kept is None else Jacobians(kept.jacobian[rows]),
            leading=None if leading is None else leading.take(rows),
        )
        vars(taken)["_source"] = self._source
        for name in _COMPUTED & vars(self).keys():  # once, also for a selection
            vars(taken)[name] = vars(self)[name][rows]
        if "_eig" in vars(self):
            vars(taken)["_eig"] = tuple(part[rows] for part in self._eig)
        return taken

    @classmethod
    def joined(cls, several: Sequence[Linearization]) -> Linearization:
        """Return the rows of several linearisations in one."""
        if any(lin.leading is not None for lin in several):
            several = [lin._by_leading_modes() for lin in several]
        whole = replace(super().joined(several), shape=())
        vars(whole)["_source"] = next((lin._source for lin in several if lin._source), None)
        for name in _COMPUTED.intersection(*map(vars, several)):
            vars(whole)[name] = np.concatenate([vars(lin)[name] for lin in several])
        return whole

    def _by_leading_modes(self) -> Linearization:
        """Return the same without the Jacobians, and with the outermost eigenvalues alone."""
        if self.leading is not None:
            return self
        leading = outermost_modes(
            self.jacobian, self.eigenvalues, self.right, self.n_unstable, self.jacobian_error
        )
        less = replace(self, matrices=None, leading=leading)
        vars(less)["_source"] = self._source
        return less

    def unflatten(self, values: Shaped[np.ndarray, "n ..."]) -> Shaped[np.ndarray, "..."]:
        """Return values with one row per state in the shape of the trajectories.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> halving = sp.as_system(lambda x: x / 2, state_size=1)
        >>> lin = sp.linearize(halving, np.zeros((3, 5, 1)))
        >>> lin.unflatten(lin.eigenvalues).shape
        (3, 5, 1)
        """
        if (shape := shape_of(values))[:1] != (len(self),):
            raise ArgumentError(
                f"values: got shape {shape}, but one row for each of the {len(self)} states is "
                f"wanted."
            )
        return np.reshape(values, (*(self.shape or (len(self),)), *shape[1:]))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: what a file holds, and what was computed from it."""
        return {name: value for name, value in vars(self).items() if name != "_source"}

    @cached_property
    def _source(self) -> Dynamics | None:
        """What computes Jacobians that are not kept; None for what was loaded."""
        return None

    @property
    def jacobian(self) -> Float[np.ndarray, "n d d"]:
        """The Jacobian in the state, rows = to; computed anew where it is not kept.

        Raises
        ------
        ArgumentError
            If it is not kept, and the record was loaded.
        """
        if self.matrices is not None:
            return self.matrices.jacobian
        d = self.states.shape[1]
        jacobian = np.empty((len(self), d, d))
        for k in range(len(self)):
            jacobian[k] = self._jacobian_at(k)
        return jacobian

    def _jacobian_at(self, row: int) -> Float[np.ndarray, "d d"]:
        if self.matrices is not None:
            return self.matrices.jacobian[row]
        if self._source is None:
            raise ArgumentError(
                f"jacobian: Jacobians of {self.states.shape[1]} variables are not kept in files; "
                f"linearize(system, points) computes them from the network."
            )
        asarray, here = self._source.arrays.asarray, slice(row, row + 1)
        x, u = asarray(self.states[here]), asarray(self.inputs[here])
        return host(self._source.jacobian(x, u))[0]

    def _derives(self) -> Mapping[str, Any]:
        return self.derived if self.leading is None else {}

    @property
    def A(self) -> Float[np.ndarray, "n d d"]:  # noqa: N802
        """The Jacobian in the state."""
        return self.jacobian

    @property
    def B(self) -> Float[np.ndarray, "n d m"]:  # noqa: N802
        """The Jacobian in the inputs."""
        return self.input_jacobian

    @property
    def kind(self) -> Kind:
        """ "map" or "flow"."""
        return self.system.kind

    @property
    def dt(self) -> float | None:
        """As of the system."""
        return self.system.dt

    @property
    def state_regions(self) -> Regions:
        """As of the system."""
        return self.system.state_regions

    @property
    def input_regions(self) -> Regions:
        """As of the system."""
        return self.system.input_regions

    # -- spectra ------------------------------------------------------------------------------

    @cached_property
    def eigenvalues(self) -> Complex[np.ndarray, "n d"]:
        """All eigenvalues of A, the most unstable first, which take long if d is large."""
        if self.matrices is not None or "_eig" in vars(self):
            return self._eig[0]
        rows = [sorted_eigvals(self._jacobian_at(k), self.kind) for k in range(len(self))]
        return np.array(rows, dtype=np.complex128).reshape(self.states.shape)

    @property
    def leading_eigenvalues(self) -> Complex[np.ndarray, "n k"]:
        """The most unstable eigenvalues as far as they are known without long computations.

        All of them, but where there are `leading` ones; NaN where a state has fewer.
        """
        return self.eigenvalues if self.leading is None else self.leading.eigenvalues

    def leading_vectors(self, row: int) -> Complex[np.ndarray, "k d"]:
        """Return the right eigenvectors of `leading_eigenvalues` at one state, one per row.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        (row,) = read_rows("row", [row], len(self))
        return self.right[row].T if self.leading is None else self.leading.vectors[row]

    @cached_property
    def right(self) -> Complex[np.ndarray, "n d d"]:
        """Right eigenvectors, one per column, of unit length."""
        return self._eig[1]

    @cached_property
    def _eig(self) -> tuple[Complex[np.ndarray, "n d"], Complex[np.ndarray, "n d d"]]:
        return sorted_eig(self.jacobian, self.kind)

    @cached_property
    @np.errstate(all="ignore")
    def left(self) -> Complex[np.ndarray, "n d d"]:
        """Left eigenvectors, one per column, bi-orthonormal: left^H right = I.

        NaN where A has no basis of eigenvectors.
        """
        rows = np.full_like(self.right, np.nan)
        for k, basis in enumerate(self.right):
            if np.linalg.cond(basis) < 1 / np.finfo(np.float64).eps:
                rows[k] = np.linalg.inv(basis)
        return np.conj(np.swapaxes(rows, 1, 2))

    @property
    @np.errstate(all="ignore")
    def time_constants(self) -> Float[np.ndarray, "n d"]:
        """Time in which each mode shrinks (or, if negative, grows) by e.

        ``-dt / ln |lambda|`` for a map, in steps where dt is not known; ``-1 / Re lambda`` for a
        flow.
        """
        return self._times(self.eigenvalues)

    def _times(self, eigenvalues: Complex[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        if self.kind == "map":
            return -(self.dt or 1.0) / np.log(np.abs(eigenvalues))
        return -1.0 / eigenvalues.real

    @property
    @np.errstate(all="ignore")
    def frequencies(self) -> Float[np.ndarray, "n d"]:
        """Cycles of each mode per unit time: angle / (2 pi dt), or Im lambda / (2 pi)."""
        if self.kind == "map":
            return np.angle(self.eigenvalues) / (2 * np.pi * (self.dt or 1.0))
        return self.eigenvalues.imag / (2 * np.pi)

    @cached_property
    def eigenvalue_errors(self) -> Float[np.ndarray, "n d"]:
        """How far each eigenvalue may be off: ``d |w| |v|`` times the error of A.

        w and v are its left and right eigenvector with w^H v = 1, so that ``|w| |v|`` is its
        condition number; infinite where A has no basis of eigenvectors. Estimated as
        `jacobian_error` is.
        """
        return eigenvalue_errors(self.jacobian, self.jacobian_error, self.right)

    @cached_property
    def n_unstable(self) -> Int[np.ndarray, " n"]:
        """The number of unstable directions; -1 where the errors of eigenvalues leave it open."""
        if self.leading is not None:
            known = self.jacobian_error <= self.leading.tolerates
            return np.where(known, self.leading.counted, UNDECIDED)
        return decided_unstable(
            self.jacobian,
            self.jacobian_error,
            self.eigenvalues,
            self.eigenvalue_errors,
            self.kind,
        )

    @property
    def is_stable(self) -> Bool[np.ndarray, " n"]:
        """Whether all modes decay, whatever their errors.

        Modes within `MARGIN` of the border do not: such a state is marginal.
        """
        if self.leading is not None:
            return self.n_unstable == 0
        on_border = np.abs(growth(self.eigenvalues, self.kind)) <= margin(
            self.eigenvalues, self.kind
        )
        return (self.n_unstable == 0) & ~on_border.any(axis=1)

    @property
    @np.errstate(all="ignore")
    def motion_jacobian(self) -> Float[np.ndarray, "n d d"]:
        """Jacobian of the motion: A - I for a map, A for a flow."""
        return self.A - np.eye(self.A.shape[1]) if self.kind == "map" else self.A

    @property
    def index(self) -> Int[np.ndarray, " n"]:
        """sign det(I - A) for a map, sign det(-A) for a flow."""
        return index(self.motion_jacobian)

    @property
    def motion_condition(self) -> Float[np.ndarray, " n"]:
        """Condition number of I - A (of A for a flow); infinite on a continuum of fixed points."""
        return condition(self.motion_jacobian)

    @property
    @np.errstate(all="ignore")
    def slowest_time_constant(self) -> Float[np.ndarray, " n"]:
        """The time constant of the mode that changes most slowly, negative if it grows.

        Among the leading ones where not all are known.
        """
        times = self._times(self.leading_eigenvalues)
        size = np.nan_to_num(np.abs(times), nan=-1.0, posinf=np.inf)
        slowest = np.argmax(size, axis=1) if times.shape[1] else np.zeros(0, dtype=int)
        return np.take_along_axis(times, slowest[:, None], axis=1)[:, 0]

    @property
    @np.errstate(all="ignore")
    def non_normality(self) -> Float[np.ndarray, " n"]:
        """Henrici's departure from normality, relative to ``|A|``: 0 if normal, at most 1."""
        total = np.sum(self.A**2, axis=(1, 2))
        departure = np.maximum(total - np.sum(np.abs(self.eigenvalues) ** 2, axis=1), 0)
        return np.sqrt(departure / np.where(total > 0, total, 1))

    @np.errstate(all="ignore")
    def participation(self, region: str) -> Float[np.ndarray, "n d"]:
        """Return how much of each mode lies in a region: ``|left_i right_i|`` summed, in [0, 1].

        The participation of unit i in mode k is ``|conj(left_ik) right_ik|``, normalised over units
        (Perez-Arriaga et al. 1982, with moduli).
        """
        share = np.abs(np.conj(self.left) * self.right)
        share /= share.sum(axis=1, keepdims=True)
        return share[:, self.system.state_regions.indices(region)].sum(axis=1)

    def block_eigen(
        self, *regions: str
    ) -> tuple[Complex[np.ndarray, "n k"], Complex[np.ndarray, "n k k"]]:
        """Return eigenvalues and right eigenvectors of the block of some regions on themselves.

        The block is the linearised dynamics of these regions with all others held.
        """
        for name in regions:
            check_option("regions", name, self.system.state_regions.names)
        return sorted_eig(self.block(regions, regions), self.kind)


def linearize_rows(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    shape: tuple[int, ...] = (),
) -> Linearization:
    """Return the linearisation at rows of states and inputs, which are not checked again."""
    dynamics, other = system.dynamics.differentiated_sharply()
    native_x, native_u = map(dynamics.arrays.asarray, (x, u))
    value, jacobian, input_jacobian = (
        host(function(native_x, native_u))
        for function in (dynamics.step, dynamics.jacobian, dynamics.input_jacobian)
    )
    change = None if other is None else host(other.jacobian(native_x, native_u)) - jacobian
    relative = relative_error(dynamics, x, u, jacobian, change)
    kept = Jacobians(jacobian)
    return Linearization(x, u, value, input_jacobian, relative, system.info, shape, kept)


def relative_error(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    jacobian: Float[np.ndarray, "n d d"],
    change: Float[np.ndarray, "n d d"] | None,
) -> Float[np.ndarray, " n"]:
    """Return the estimated relative error of Jacobians, given how a sharper one differs, if any."""
    size = np.linalg.norm(jacobian, axis=(1, 2))
    rounded, asarray = size, dynamics.arrays.asarray
    if dynamics.kind == "flow":  # entries are differences of numbers as large as f one unit away
        here, far = (host(dynamics.step(asarray(x + move), asarray(u))) for move in (0.0, 1.0))
        rounded = size + np.nan_to_num(np.linalg.norm(far - here, axis=1), posinf=0.0)
    error = dynamics.arrays.resolution * (_ROUNDINGS + np.sqrt(x.shape[1])) * rounded
    if change is not None:
        error = error + np.linalg.norm(change, axis=(1, 2))
    relative = error / np.maximum(size, np.finfo(np.float64).tiny)
    return np.where(np.isfinite(relative), relative, np.inf)


def less_certain(lin: Linearization, error: Float[np.ndarray, " n"]) -> Linearization:
    """Return the same with Jacobians that are less certain by a relative error."""
    less = replace(lin, jacobian_error=lin.jacobian_error + error)
    vars(less)["_source"] = lin._source
    if lin.leading is not None:
        return less
    with np.errstate(all="ignore"):
        ratio = less.jacobian_error / lin.jacobian_error
    vars(less).update(_eig=lin._eig, eigenvalue_errors=lin.eigenvalue_errors * ratio[:, None])
    if not error.any():
        vars(less)["n_unstable"] = lin.n_unstable
    return less


def in_coordinates(
    lin: Linearization, scale: Float[np.ndarray, " d"], system: System
) -> Linearization:
    """Return the linearisation of x = scale z, given that of z; its eigenvalues are the same."""
    unit = scale[:, None]
    kept, leading = lin.matrices, lin.leading
    own = replace(
        lin,
        states=lin.states * scale,
        value=lin.value * scale,
        input_jacobian=lin.input_jacobian * unit,
        system=system.info,
        matrices=None if kept is None else Jacobians(kept.jacobian * unit / scale),
        leading=None if leading is None else leading.in_coordinates(scale),
    )
    computed = _COMPUTED if leading is None else {"n_unstable"}
    vars(own).update({name: getattr(lin, name) for name in computed}, _source=system.dynamics)
    return own


# What is computed from the columns once.
_COMPUTED = frozenset({"eigenvalues", "eigenvalue_errors", "n_unstable"})
