"""The equations of a branch: a network at rest along a path, bordered by a row that picks a place.

Unknowns are those of the equilibrium form and the parameter, in a unit in which the whole path is
about as long as states are large. The last row asks for a place on a plane. With the tangent of a
branch as its normal the matrix [[G, g_s], [t^T, 0]] stays regular where G is singular, at folds
(Keller 1977; Govaerts 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core.arrays import host, solve_rows
from ..dynamics import Dynamics, Kind, PiecewiseLinear, Rooted, RootProblem, StateProblem
from ..solvers import Newton, Status, solve
from ..system import System
from .path import InputPath, Path, Pieces
from .solution import Points, Solution

Unknowns = Float[np.ndarray, "n k"]
Place = Float[np.ndarray, " z"]
Places = Float[np.ndarray, "n z"]
Signs = Float[np.ndarray, " n"]

# Differences in the parameter are taken over this share of the path, both ways.
_SPACING = 1e-5

# A residual is zero where it is so many roundings of the size of states, and Newton's steps.
_ROUNDINGS, _NEWTON_STEPS = 64, 8

_POINTS = Points()

# A step that makes the residual no smaller is not shortened often: branches are near.
_NEWTON = Newton(max_trials=3)


@final
@dataclass(frozen=True, eq=False)
class Along:
    """Something of a network, such as its points or cycles, along a path.

    Attributes
    ----------
    system
        The network; of a family, one of its systems.
    path
        The path.
    size
        The size of states.
    solution
        What is followed: its points, or its cycles.
    """

    system: System
    path: Path
    size: float
    solution: Solution = _POINTS

    @property
    def weight(self) -> float:
        """How long one of the parameter is, in units of states.

        It is a power of two, so that parameters come back from places as they went in.
        """
        return float(2.0 ** np.round(np.log2(self.size / (self.path.high - self.path.low))))

    @property
    def kind(self) -> Kind:
        """Whether eigenvalues are those of a map or of a flow."""
        return self.solution.view(self.system.dynamics).kind

    @cached_property
    def straight(self) -> PiecewiseLinear | None:
        """The motion of a network whose branches are straight between kinks."""
        if not isinstance(self.solution, Points) or not isinstance(self.path, InputPath):
            return None
        return self.system.dynamics.piecewise_linear()

    def problem(self, dynamics: Dynamics) -> RootProblem:
        """Return the equations that are followed: of states themselves where they are straight."""
        viewed = self.solution.view(dynamics)
        return viewed.residual_problem() if self.straight else viewed.equilibrium_problem()

    @property
    def resolution(self) -> float:
        """The spacing of the network's numbers next to one."""
        return self.system.dynamics.arrays.resolution

    def join(self, y: Unknowns, s: Float[np.ndarray, " n"]) -> Places:
        """Return unknowns and parameters in one."""
        return np.concatenate([y, (s * self.weight)[:, None]], axis=1)

    def parameters(self, z: Places) -> Float[np.ndarray, " n"]:
        """Return the parameter of each row."""
        return z[:, -1] / self.weight

    def from_states(self, x: Float[np.ndarray, "n d"], s: Float[np.ndarray, " n"]) -> Places:
        """Return the rows that belong to states at parameters."""
        return self.join(self._each(lambda p: p.coordinates, x, s, self.path.piece(s)), s)

    def states(self, z: Places, piece: Pieces) -> Float[np.ndarray, "n d"]:
        """Return the states of the network."""
        return self._each(lambda p: p.state, z[:, :-1], self.parameters(z), piece)

    def residual(self, z: Places, piece: Pieces) -> Unknowns:
        """Return the equations."""
        return self._each(lambda p: p.residual, z[:, :-1], self.parameters(z), piece)

    def slopes(self, z: Places, piece: Pieces) -> Float[np.ndarray, "n k z"]:
        """Return the derivatives of the equations, in the unknowns and in the parameter."""
        s, y = self.parameters(z), z[:, :-1]
        G = self._each(lambda p: p.jacobian, y, s, piece)
        low, high = self.path.corners[piece], self.path.corners[piece + 1]
        h = np.minimum(_SPACING * (self.path.high - self.path.low), (high - low) / 4)
        centre = np.clip(s, low + h, high - h)

        def at(place: Float[np.ndarray, " n"]) -> Unknowns:
            return self._each(lambda p: p.residual, y, place, piece)

        ahead, behind = at(centre + h), at(centre - h)
        in_s = (ahead - behind) / (2 * h)[:, None]
        if (s != centre).any():  # at the ends, the slope of a parabola
            bend = (ahead - 2 * at(centre) + behind) / (h**2)[:, None]
            in_s = in_s + (s - centre)[:, None] * bend
        return np.concatenate([G, in_s[:, :, None] / self.weight], axis=2)

    def eigenvalues(self, z: Places, piece: Pieces) -> Complex[np.ndarray, "n e"]:
        """Return the eigenvalues that decide on stability."""
        s, parts = self.parameters(z), []
        for rows, system, u in self.path.groups(self.system, s, piece):
            dynamics = self.solution.view(system.dynamics)
            inputs = dynamics.arrays.asarray(u)
            y = dynamics.arrays.asarray(z[rows, :-1])
            x = self.problem(system.dynamics).state(y, inputs)
            parts.append((rows, self.solution.spectrum(dynamics, x, inputs)))
        return _gathered(parts, len(s))

    def told(
        self, z: Places, piece: Pieces
    ) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return a state of the network, the period and the amplitude at places."""
        x, parts = self.states(z, piece), []
        for rows, system, u in self.path.groups(self.system, self.parameters(z), piece):
            parts.append((rows, self.solution.told(system.dynamics, x[rows], u)))
        first, second, third = (
            _gathered([(rows, values[k]) for rows, values in parts], len(z)) for k in range(3)
        )
        return first, second, third

    def phases(self, z: Places, piece: Pieces) -> Float[np.ndarray, "n p"] | None:
        """Return what vanishes where a cycle shrinks to something simpler, see `Solution`."""
        x, parts = self.states(z, piece), []
        for rows, system, u in self.path.groups(self.system, self.parameters(z), piece):
            phase = self.solution.phase(system.dynamics, x[rows], u)
            if phase is None:
                return None
            parts.append((rows, phase))
        return _gathered(parts, len(z))

    def _each(
        self,
        function: Callable[[RootProblem], Callable[[Any, Any], Any]],
        values: Float[np.ndarray, "n v"],
        s: Float[np.ndarray, " n"],
        piece: Pieces,
    ) -> Float[np.ndarray, "n ..."]:
        """Return a function of the problem at rows of values, each at its own parameter."""
        parts = []
        for rows, system, u in self.path.groups(self.system, s, piece):
            asarray = self.solution.view(system.dynamics).arrays.asarray
            own = function(self.problem(system.dynamics))
            parts.append((rows, host(own(asarray(values[rows]), asarray(u)))))
        return _gathered(parts, len(s))


def _gathered(parts: list[tuple[Int[np.ndarray, " k"], Any]], n: int) -> Any:
    """Return rows that were computed in parts."""
    if len(parts) == 1:
        return parts[0][1]
    whole = np.empty((n, *parts[0][1].shape[1:]), dtype=parts[0][1].dtype)
    for rows, values in parts:
        whole[rows] = values
    return whole


@final
@dataclass(frozen=True, eq=False)
class Bordered(Rooted):
    """The places of branches on planes: the equations, and border . (z - anchor) = 0.

    Its inputs are border, anchor and piece of each row, side by side.
    """

    along: Along
    n_unknowns: int

    @property
    def state_size(self) -> int:
        return self.n_unknowns + 1

    @property
    def input_size(self) -> int:
        return 2 * self.state_size + 1

    def residual_problem(self) -> RootProblem:
        return _OnPlane(self)

    def told(self, u: Any) -> tuple[Places, Places, Pieces]:
        """Return border, anchor and piece of each row."""
        border, anchor, piece = np.split(u, [self.state_size, 2 * self.state_size], axis=1)
        return border, anchor, piece[:, 0].astype(np.int64)


@dataclass(frozen=True)
class _OnPlane(StateProblem):
    bordered: Bordered

    def residual(self, y: Places, u: Any) -> Places:
        border, anchor, piece = self.bordered.told(u)
        place = np.einsum("nz,nz->n", border, y - anchor)
        return np.concatenate([self.bordered.along.residual(y, piece), place[:, None]], axis=1)

    def jacobian(self, y: Places, u: Any) -> Float[np.ndarray, "n z z"]:
        border, _, piece = self.bordered.told(u)
        return np.concatenate([self.bordered.along.slopes(y, piece), border[:, None]], axis=1)


@dataclass(frozen=True, eq=False)
class Corrected:
    """Places on branches, and which of them were reached."""

    z: Places
    reached: Bool[np.ndarray, " n"]


def correct(
    along: Along, guess: Places, border: Places, anchor: Places, piece: Pieces
) -> Corrected:
    """Return the places of branches on planes, by Newton's method from guesses."""
    bordered = Bordered(along, guess.shape[1] - 1)
    told = np.concatenate([border, anchor, piece[:, None]], axis=1)
    rounding = _ROUNDINGS * along.resolution * along.size
    size = along.solution.tolerance or rounding
    ends = solve(
        bordered, guess, told, [_NEWTON], tol=size**2 / 2, max_steps=_NEWTON_STEPS, progress=False
    )
    z = np.where(np.isfinite(ends.x).all(axis=1)[:, None], ends.x, guess)
    return Corrected(z, ends.status == Status.FIXED_POINT)


def at_parameter(
    along: Along, guess: Places, s: Float[np.ndarray, " n"], piece: Pieces
) -> Corrected:
    """Return the places of branches at parameters."""
    border, anchor = np.zeros_like(guess), guess.copy()
    border[:, -1], anchor[:, -1] = 1.0, s * along.weight
    return correct(along, anchor, border, anchor, piece)


def tangents(along: Along, z: Places, border: Places, piece: Pieces) -> tuple[Places, Signs]:
    """Return unit tangents on the side of `border`, and signs of the bordered determinants.

    The sign changes where branches cross, and nowhere else as long as borders are tangents.
    """
    matrices = np.concatenate([along.slopes(z, piece), border[:, None]], axis=1)
    unit = np.zeros_like(z)
    unit[:, -1] = 1.0
    way = solve_rows(matrices, unit)
    way /= np.linalg.norm(way, axis=1)[:, None]
    matrices[:, -1] = way
    return way, np.linalg.slogdet(matrices)[0]
