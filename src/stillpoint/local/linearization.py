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
from .._core.record import about, column, plain
from .._core.validation import check_option, read_rows, shape_of
from .._core.values import Domain
from ..dynamics import Kind, Regions
from ..errors import ArgumentError
from ..system import System
from ..system_info import SystemInfo
from .blocks import Blocks
from .spectra import (
    condition,
    decided_unstable,
    eigenvalue_errors,
    growth,
    index,
    margin,
    sorted_eig,
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
    jacobian, input_jacobian
        A in the state, (n, d, d), and B in the inputs, (n, d, m); rows = to. `A` and `B` are other
        names for them.
    jacobian_error
        The estimated error of A relative to its Frobenius norm, shape (n,): rounding, differences
        where derivatives are numerical, and at fixed points what their position leaves open.
    system
        Which system it is of.
    shape
        The shape in which trajectories came, without their last axis; empty for rows of states.
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
    jacobian: Float[np.ndarray, "n d d"] = column(
        "point",
        "state",
        "from_state",
        long_name="Jacobian in the state, rows = to",
        domain=Domain(finite=True),
    )
    input_jacobian: Float[np.ndarray, "n d m"] = column(
        "point", "state", "input", long_name="Jacobian in the inputs, rows = to"
    )
    jacobian_error: Float[np.ndarray, " n"] = column(
        "point", long_name="estimated relative error of the Jacobian", domain=Domain(least=0)
    )
    system: SystemInfo = plain(SystemInfo)
    shape: tuple[int, ...] = plain(domain=Domain(least=0), default=())

    def __len__(self) -> int:
        return len(self.states)

    def _display(self) -> Display:
        n, d = self.states.shape
        return Display(f"Linearization({self.kind}, {plural(n, 'state')} of size {d})")

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[-1], self.inputs.shape[-1])
        if self.shape and math.prod(self.shape) != len(self):
            yield f"shape: {self.shape} is not that of {len(self)} states"

    def take(self, rows: Int[np.ndarray, " k"]) -> Linearization:
        """Return the linearisation at some of the states, as rows.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        rows = read_rows("rows", rows, len(self))
        taken = Linearization(
            states=self.states[rows],
            inputs=self.inputs[rows],
            value=self.value[rows],
            jacobian=self.jacobian[rows],
            input_jacobian=self.input_jacobian[rows],
            jacobian_error=self.jacobian_error[rows],
            system=self.system,
        )
        for name in _COMPUTED & vars(self).keys():  # once, also for a selection
            vars(taken)[name] = vars(self)[name][rows]
        return taken

    @classmethod
    def joined(cls, several: Sequence[Linearization]) -> Linearization:
        """Return the rows of several linearisations in one."""
        whole = replace(super().joined(several), shape=())
        for name in _COMPUTED.intersection(*map(vars, several)):
            vars(whole)[name] = np.concatenate([vars(lin)[name] for lin in several])
        return whole

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
        """Eigenvalues of A, the most unstable first."""
        return self._eig[0]

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
        if self.kind == "map":
            return -(self.dt or 1.0) / np.log(np.abs(self.eigenvalues))
        return -1.0 / self.eigenvalues.real

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
        """The time constant of the mode that changes most slowly, negative if it grows."""
        times = self.time_constants
        slowest = np.argmax(np.abs(times), axis=1) if times.shape[1] else np.zeros(0, dtype=int)
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
    size = np.linalg.norm(jacobian, axis=(1, 2))
    rounded = size
    if dynamics.kind == "flow":  # entries are differences of numbers as large as f one unit away
        far = host(dynamics.step(dynamics.arrays.asarray(x + 1.0), native_u)) - value
        rounded = size + np.nan_to_num(np.linalg.norm(far, axis=1), posinf=0.0)
    error = dynamics.arrays.resolution * (_ROUNDINGS + np.sqrt(x.shape[1])) * rounded
    if other is not None:
        change = host(other.jacobian(native_x, native_u)) - jacobian
        error = error + np.linalg.norm(change, axis=(1, 2))
    relative = error / np.maximum(size, np.finfo(np.float64).tiny)
    relative = np.where(np.isfinite(relative), relative, np.inf)
    return Linearization(x, u, value, jacobian, input_jacobian, relative, system.info, shape)


def less_certain(lin: Linearization, error: Float[np.ndarray, " n"]) -> Linearization:
    """Return the same with Jacobians that are less certain by a relative error."""
    less = replace(lin, jacobian_error=lin.jacobian_error + error)
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
    own = replace(
        lin,
        states=lin.states * scale,
        value=lin.value * scale,
        jacobian=lin.jacobian * unit / scale,
        input_jacobian=lin.input_jacobian * unit,
        system=system.info,
    )
    vars(own).update({name: getattr(lin, name) for name in _COMPUTED})
    return own


# What is computed from the columns once.
_COMPUTED = frozenset({"eigenvalues", "eigenvalue_errors", "n_unstable"})
