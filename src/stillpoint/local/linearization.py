"""The linearised dynamics x' = F(x0, u0) + A (x - x0) + B (u - u0), its stability and index.

Moduli count, not real parts: a map is stable where all |lambda| < 1, a flow where all
Re lambda < 0. An eigenvalue within `MARGIN` of the border is on neither side; a point that has
one is neither stable nor, for that eigenvalue, unstable.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from .._core.arrays import finite_or_zero, host
from .._core.display import Display, plural
from .._core.record import about, column, plain
from .._core.validation import check_option, read_rows, shape_of
from .._core.values import Domain
from ..dynamics import Kind, Regions
from ..errors import ArgumentError
from ..system import System
from ..system_info import SystemInfo
from .blocks import Blocks

#: Eigenvalues this near the stability border are taken to lie on it.
MARGIN = 1e-9

#: A point with a larger condition number counts as degenerate: at a fold, where the distance to the
#: next point and the slope vanish together, rounding leaves 1e8.
DEGENERATE = 1e7


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
            system=self.system,
        )
        if "eigenvalues" in vars(self):  # they are computed once, also for a selection
            vars(taken)["eigenvalues"] = self.eigenvalues[rows]
        return taken

    @classmethod
    def joined(cls, several: Sequence[Linearization]) -> Linearization:
        """Return the rows of several linearisations in one."""
        whole = replace(super().joined(several), shape=())
        if all("eigenvalues" in vars(lin) for lin in several):
            vars(whole)["eigenvalues"] = np.concatenate([lin.eigenvalues for lin in several])
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
        return sorted_eig(self.jacobian, self.kind)[0]

    @cached_property
    def right(self) -> Complex[np.ndarray, "n d d"]:
        """Right eigenvectors, one per column, of unit length."""
        return sorted_eig(self.jacobian, self.kind)[1]

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

        -dt / ln |lambda| for a map, in steps where dt is not known; -1 / Re lambda for a flow.
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

    @property
    def n_unstable(self) -> Int[np.ndarray, " n"]:
        """The number of unstable directions."""
        return n_unstable(self.eigenvalues, self.kind)

    @property
    def is_stable(self) -> Bool[np.ndarray, " n"]:
        """Whether all modes decay."""
        return is_stable(self.eigenvalues, self.kind)

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
        """Henrici's departure from normality, relative to |A|: 0 if normal, at most 1."""
        total = np.sum(self.A**2, axis=(1, 2))
        departure = np.maximum(total - np.sum(np.abs(self.eigenvalues) ** 2, axis=1), 0)
        return np.sqrt(departure / np.where(total > 0, total, 1))

    @np.errstate(all="ignore")
    def participation(self, region: str) -> Float[np.ndarray, "n d"]:
        """Return how much of each mode lies in a region: |left_i right_i| summed, in [0, 1].

        The participation of unit i in mode k is |conj(left_ik) right_ik|, normalised over units
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
    dynamics = system.dynamics
    native_x, native_u = map(dynamics.arrays.asarray, (x, u))
    value, jacobian, input_jacobian = (
        host(function(native_x, native_u))
        for function in (dynamics.step, dynamics.jacobian, dynamics.input_jacobian)
    )
    return Linearization(x, u, value, jacobian, input_jacobian, system.info, shape)


# -- stability and index, from Jacobians --------------------------------------------------------


@np.errstate(all="ignore")
def growth(eigenvalues: Complex[np.ndarray, "... d"], kind: Kind) -> Float[np.ndarray, "... d"]:
    """Return how far each eigenvalue lies outside the stability border.

    Examples
    --------
    >>> growth(np.array([-1.5 + 0j]), "map"), growth(np.array([-1.5 + 0j]), "flow")
    (array([0.5]), array([-1.5]))
    """
    return np.abs(eigenvalues) - 1 if kind == "map" else eigenvalues.real


def n_unstable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Int[np.ndarray, " n"]:
    """Return the number of unstable directions: complex and negative real ones count too.

    Examples
    --------
    >>> n_unstable(np.array([[1.2 + 0j, -1.1 + 0j, 0.3 + 0j]]), "map")
    array([2])
    """
    return np.sum(growth(eigenvalues, kind) > MARGIN, axis=-1)


def is_stable(eigenvalues: Complex[np.ndarray, "n d"], kind: Kind) -> Bool[np.ndarray, " n"]:
    """Return whether every eigenvalue lies inside the stability border."""
    return np.all(growth(eigenvalues, kind) < -MARGIN, axis=-1)


@np.errstate(all="ignore")
def index(motion_jacobian: Float[np.ndarray, "n d d"]) -> Int[np.ndarray, " n"]:
    """Return sign det(-G), G the Jacobian of the motion: sign det(I - J) for a map.

    It is 1 at a stable point, -1 at a saddle with one real unstable mode beyond +1, and 0 where
    the determinant vanishes or is not known. Over all fixed points it sums to the Lefschetz number
    of the map.

    Examples
    --------
    >>> index(np.array([[[0.5 - 1]], [[2.0 - 1]]]))
    array([ 1, -1])
    """
    sign, _ = np.linalg.slogdet(-motion_jacobian)
    known = np.isfinite(motion_jacobian).all(axis=(1, 2)) & np.isfinite(sign)
    return np.rint(np.where(known, sign, 0.0)).astype(np.int64)


@np.errstate(all="ignore")
def condition(
    motion_jacobian: Float[np.ndarray, "n r d"], scale: float = 0.0
) -> Float[np.ndarray, " n"]:
    """Return the condition number of every matrix; infinite where singular or not finite.

    Parameters
    ----------
    motion_jacobian
        Shape (n, r, d).
    scale
        The largest singular value counts as at least this, so that a matrix that is small as a
        whole, such as I - J of one unit near a fold, does not count as well conditioned.

    Examples
    --------
    >>> condition(np.array([[[1e-3]], [[0.0]]]), scale=1.0)
    array([1000.,   inf])
    """
    values = np.linalg.svd(finite_or_zero(motion_jacobian), compute_uv=False)
    ratio = np.maximum(values[:, 0], scale) / values[:, -1]
    return np.where(values[:, -1] > 0, ratio, np.inf)


@np.errstate(all="ignore")
def sorted_eig(
    jacobian: Float[np.ndarray, "n d d"], kind: Kind
) -> tuple[Complex[np.ndarray, "n d"], Complex[np.ndarray, "n d d"]]:
    """Return eigenvalues, the most unstable first, and right eigenvectors, one per column.

    They are NaN where a Jacobian is not finite: there the network leaves what float64 holds.
    """
    known = np.isfinite(jacobian).all(axis=(1, 2))
    values, vectors = np.linalg.eig(finite_or_zero(jacobian))
    values, vectors = values.astype(np.complex128), vectors.astype(np.complex128)
    values[~known], vectors[~known] = np.nan, np.nan
    outwards = growth(values, kind).round(12)  # conjugates tie, whatever their last digit
    order = np.lexsort((-values.imag, -values.real, -outwards), axis=-1)
    return (
        np.take_along_axis(values, order, axis=1),
        np.take_along_axis(vectors, order[:, None, :], axis=2),
    )
