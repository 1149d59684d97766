"""The linearised dynamics: x' = F(x0, u0) + A (x - x0) + B (u - u0)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from .._core.arrays import host, to_numpy
from .._core.validation import read_deviation, read_inputs, read_states
from ..dynamics import Kind, Regions
from ..errors import ArgumentError
from ..system import System
from . import stability


@dataclass(frozen=True, eq=False)
class Linearization:
    """Jacobians of a system at some states, and what follows from them.

    Works at any state, not only at fixed points. Eigenvalues are sorted, the most unstable first.
    Everything is float64 on the host.

    Attributes
    ----------
    states, inputs
        Where, shapes (n, d) and (n, m).
    value
        F(x, u) there (f(x, u) for a flow), shape (n, d).
    A, B
        Jacobians in the state, (n, d, d), and in the inputs, (n, d, m); rows = to.
    kind, dt
        As of the system.
    state_regions, input_regions
        As of the system.
    shape
        The shape that the states came in, without their last axis.
    """

    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    value: Float[np.ndarray, "n d"]
    A: Float[np.ndarray, "n d d"]
    B: Float[np.ndarray, "n d m"]
    kind: Kind
    dt: float | None
    state_regions: Regions
    input_regions: Regions
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.states)

    def __repr__(self) -> str:
        n, d = self.states.shape
        return f"Linearization({self.kind}, {n} state{'s' if n != 1 else ''} of size {d})"

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
        return values.reshape(*self.shape, *values.shape[1:])

    # -- spectra ------------------------------------------------------------------------------

    @property
    def eigenvalues(self) -> Complex[np.ndarray, "n d"]:
        """Eigenvalues of A, the most unstable first."""
        return self._eigen[0]

    @property
    def right(self) -> Complex[np.ndarray, "n d d"]:
        """Right eigenvectors, one per column, of unit length."""
        return self._eigen[1]

    @cached_property
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
    def time_constants(self) -> Float[np.ndarray, "n d"]:
        """Time in which each mode shrinks (or, if negative, grows) by e.

        -dt / ln |lambda| for a map, in steps where dt is not known; -1 / Re lambda for a flow.
        """
        with np.errstate(divide="ignore"):
            if self.kind == "map":
                return -(self.dt or 1.0) / np.log(np.abs(self.eigenvalues))
            return -1.0 / self.eigenvalues.real

    @property
    def frequencies(self) -> Float[np.ndarray, "n d"]:
        """Cycles of each mode per unit time: angle / (2 pi dt), or Im lambda / (2 pi)."""
        if self.kind == "map":
            return np.angle(self.eigenvalues) / (2 * np.pi * (self.dt or 1.0))
        return self.eigenvalues.imag / (2 * np.pi)

    @property
    def n_unstable(self) -> Int[np.ndarray, " n"]:
        """The number of unstable directions."""
        return stability.n_unstable(self.eigenvalues, self.kind)

    @property
    def is_stable(self) -> Bool[np.ndarray, " n"]:
        """Whether all modes decay."""
        return stability.is_stable(self.eigenvalues, self.kind)

    @property
    def motion_jacobian(self) -> Float[np.ndarray, "n d d"]:
        """Jacobian of the motion: A - I for a map, A for a flow."""
        return self.A - np.eye(self.A.shape[1]) if self.kind == "map" else self.A

    @property
    def index(self) -> Int[np.ndarray, " n"]:
        """sign det(I - A) for a map, sign det(-A) for a flow."""
        return stability.index(self.motion_jacobian)

    @property
    def condition(self) -> Float[np.ndarray, " n"]:
        """Condition number of I - A (of A for a flow); infinite on a continuum of fixed points."""
        return stability.condition(self.motion_jacobian)

    @property
    def non_normality(self) -> Float[np.ndarray, " n"]:
        """Henrici's departure from normality, relative to |A|: 0 if normal, at most 1."""
        total = np.sum(self.A**2, axis=(1, 2))
        departure = np.maximum(total - np.sum(np.abs(self.eigenvalues) ** 2, axis=1), 0)
        return np.sqrt(departure / np.where(total > 0, total, 1))

    # -- parts --------------------------------------------------------------------------------

    def block(
        self, to: str | Sequence[str], source: str | Sequence[str]
    ) -> Float[np.ndarray, "n k j"]:
        """Return the part of A, or of B for an input region, from one region to another.

        Parameters
        ----------
        to
            State regions; the order given is the order of the rows.
        source
            State regions or input regions; the order given is the order of the columns. Of a
            restricted system, the held regions are input regions, all together `held`.

        Raises
        ------
        ArgumentError
            If a name is unknown.
        """
        rows = self.state_regions.indices(*_names(to))
        names = _names(source)
        if set(names) <= set(self.input_regions.names):
            return self.B[:, rows][:, :, self.input_regions.indices(*names)]
        return self.A[:, rows][:, :, self.state_regions.indices(*names)]

    def block_eigen(
        self, *regions: str
    ) -> tuple[Complex[np.ndarray, "n k"], Complex[np.ndarray, "n k k"]]:
        """Return eigenvalues and right eigenvectors of the block of some regions on themselves.

        The block is the linearised dynamics of these regions with all others held.
        """
        return stability.sorted_eig(self.block(regions, regions), self.kind)

    def participation(self, region: str) -> Float[np.ndarray, "n d"]:
        """Return how much of each mode lies in a region: |left_i right_i| summed, in [0, 1].

        The participation of unit i in mode k is |conj(left_ik) right_ik|, normalised over units
        (Perez-Arriaga et al. 1982, with moduli).
        """
        share = np.abs(np.conj(self.left) * self.right)
        share /= share.sum(axis=1, keepdims=True)
        return share[:, self.state_regions.indices(region)].sum(axis=1)

    def predict(self, dx: Any, du: Any = None, dheld: Any = None) -> Float[np.ndarray, "... n d"]:
        """Return the first-order Taylor prediction F(x0, u0) + A dx + B du.

        Parameters
        ----------
        dx
            Deviations of the state, any shape that broadcasts to (..., n, d).
        du
            Deviations of the inputs, broadcasting to (..., n, m); none if left out.
        dheld
            Of a restricted system: deviations of the held units, broadcasting to (..., n, r);
            `du` is then that of the other inputs.

        Raises
        ------
        ArgumentError
            If a width does not fit, or nothing is held.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> lin = sp.linearize(sp.as_system(lambda x: x**2, state_size=1), np.ones((1, 1)))
        >>> lin.predict([[0.1]]).round(6)
        array([[1.2]])
        """
        deviations = [("dx", dx, self.A), ("du", du, self.B)]
        if dheld is not None:
            held = self.input_regions.indices("held")
            free = self.input_regions.others(held)
            deviations[1:] = [("du", du, self.B[..., free]), ("dheld", dheld, self.B[..., held])]
        prediction = self.value
        for name, deviation, matrix in deviations:
            if deviation is not None:
                deviation = read_deviation(name, deviation, len(self), matrix.shape[2])
                prediction = prediction + np.einsum("nij,...nj->...ni", matrix, deviation)
        return prediction

    @cached_property
    def _eigen(self) -> tuple[np.ndarray, np.ndarray]:
        return stability.sorted_eig(self.A, self.kind)


def linearize(system: System, states: Any, inputs: Any = None) -> Linearization:
    """Linearise a system around states.

    Parameters
    ----------
    system
        A map or a flow.
    states
        Shape (n, d), or trajectories (trials, time, d), whose states are taken trial after trial
        (`unflatten` gives results that shape again), or the `FixedPoints` of a search, which
        bring their inputs.
    inputs
        Laid out like the states, or (m,) for all of them.

    Raises
    ------
    ArgumentError
        If shapes do not fit the system.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
    >>> sp.linearize(system, np.zeros((1, 1))).eigenvalues.real.round(6)
    array([[2.]])
    """
    if not isinstance(system, System):
        raise ArgumentError(
            f"system: got {type(system).__name__}, but a System is wanted; make one with "
            f"stillpoint.as_system(model)."
        )
    if hasattr(states, "xstar"):
        states, inputs = states.xstar, states.inputs if inputs is None else inputs
    shape = np.shape(states)[:-1]
    if len(shape) == 2:
        states = np.reshape(to_numpy(states), (-1, np.shape(states)[-1]))
        if np.ndim(inputs) == 3:
            inputs = np.reshape(to_numpy(inputs), (-1, np.shape(inputs)[-1]))
    x = read_states("states", states, system.state_size)
    u = read_inputs("inputs", inputs, len(x), system.input_size)
    asarray, dynamics = system.dynamics.arrays.asarray, system.dynamics
    native_x, native_u = asarray(x), asarray(u)
    return Linearization(
        states=x,
        inputs=u,
        value=host(dynamics.step(native_x, native_u)),
        A=host(dynamics.jacobian(native_x, native_u)),
        B=host(dynamics.input_jacobian(native_x, native_u)),
        kind=system.kind,
        dt=system.dt,
        state_regions=system.state_regions,
        input_regions=system.input_regions,
        shape=shape,
    )


def _names(regions: str | Sequence[str]) -> Sequence[str]:
    return [regions] if isinstance(regions, str) else regions
