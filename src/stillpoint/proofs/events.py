"""Proofs that something happens on a branch, between two values of the parameter.

Let z = (y, s) be unknowns and parameter, t a direction and z0 a place. If Krawczyk's operator maps
a box Y into its interior for g(y, s) = 0, t . (z - z0) = tau and all tau in [-h, h] at once, then
for each of these tau there is exactly one zero in Y: a piece of a branch, which depends smoothly on
tau. All of it lies in the image of Y, whose part along s is the interval that is told. Then

- if ds/dtau is proved to have opposite signs at its ends, the parameter turns around on the piece:
  a fold;
- if as many eigenvalues are proved unstable at one end as are not at the other, one has crossed the
  border on the way. Where 1 (of a flow, 0) is no eigenvalue of any matrix in Y, it crossed
  elsewhere: a change by an odd number is a flip, and where -1 is none either, a change is a pair:
  Neimark and Sacker, or Hopf.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Float

from ..dynamics import Dynamics
from ..intervals import Interval
from ..intervals.functions import concat
from ..intervals.linalg import determinant_sign, solve_enclosed
from ..intervals.spectrum import UNDECIDED, count_unstable
from .krawczyk import Equations, Krawczyk

# Half lengths of pieces that are tried, in sizes of states: the shortest that works is told.
_HALF_LENGTHS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4)

# Boxes are so many times as wide as the piece that they are to hold.
_WIDER = 4.0

# They are no narrower than this, relative to 1 + the largest unknown.
_LEAST = 1e-14


@final
@dataclass(frozen=True, eq=False)
class PieceOfBranch(Equations):
    """The equations of a piece of a branch along straight inputs u0 + (s - s0) slope.

    Attributes
    ----------
    exact
        The dynamics over intervals.
    start, slope
        The inputs at `origin`, and how they change with s, shapes (m,).
    origin
        The parameter s0.
    weight
        The last unknown is the parameter times this.
    anchor, border
        z0 and t, shapes (k + 1,).
    tau
        How far along t, an interval.
    """

    exact: Dynamics
    start: Interval
    slope: Interval
    origin: float
    weight: float
    anchor: Float[np.ndarray, " z"]
    border: Float[np.ndarray, " z"]
    tau: Interval
    region = None

    @property
    def size(self) -> int:  # type: ignore[override]
        return len(self.anchor)

    @property
    def work(self) -> int:  # type: ignore[override]
        return 64 * self.size**2

    def inputs(self, z: Interval) -> Interval:
        """Return the inputs at boxes, shape (n, m)."""
        s = z[:, -1:] / Interval(np.array([[self.weight]]))
        return self.start[None, :] + (s - self.origin) * self.slope[None, :]

    def residual(self, z: Interval) -> Interval:
        own = self.exact.equilibrium_problem().residual(z[:, :-1], self.inputs(z))
        along = (z - self.anchor) @ Interval(self.border[:, None]) - self.tau[None, :]
        return concat([own, along], axis=1)

    def jacobian(self, z: Interval) -> Interval:
        u, problem = self.inputs(z), self.exact.equilibrium_problem()
        in_y = problem.jacobian(z[:, :-1], u)
        driven = problem.input_jacobian(z[:, :-1], u) @ self.slope[:, None]
        in_s = driven / Interval(np.array([[[self.weight]]]))
        border = Interval(np.broadcast_to(self.border, (len(z), 1, self.size)))
        return concat([concat([in_y, in_s], axis=2), border], axis=1)

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return self.enclosed_states(Interval(z)).mid

    def enclosed_states(self, z: Interval) -> Interval:
        """Return enclosures of the network's states, shape (n, d)."""
        return self.exact.equilibrium_problem().state(z[:, :-1], self.inputs(z))


@dataclass(frozen=True, eq=False)
class Claim:
    """What is to be proved: a place, the tangent there, and what changes.

    Attributes
    ----------
    anchor, tangent
        Unknowns and parameter times weight, and the direction of the branch, shapes (k + 1,).
    turns
        Whether the parameter turns around.
    is_pair
        Whether a pair of eigenvalues crosses the border, else one does at -1.
    """

    anchor: Float[np.ndarray, " z"]
    tangent: Float[np.ndarray, " z"]
    turns: bool
    is_pair: bool


def prove_event(
    exact: Dynamics,
    claim: Claim,
    corners: tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]],
    parameters: tuple[float, float],
    weight: float,
    size: float,
) -> tuple[float, float] | None:
    """Return parameters between which an event is proved to lie, or None.

    Inputs run straight from one corner to the other between the two parameters.
    """
    first, last = Interval(corners[0]), Interval(corners[1])
    length = Interval(np.array([parameters[1]])) - Interval(np.array([parameters[0]]))
    slope = (last - first) / length
    for half in _HALF_LENGTHS:
        tau = Interval(np.zeros(1), np.array([half * size]))
        piece = PieceOfBranch(
            exact, first, slope, parameters[0], weight, claim.anchor, claim.tangent, tau
        )
        if (found := _prove(piece, claim, half * size)) is not None:
            s = found / Interval(np.array([weight]))
            low, high = float(s.lower[0]), float(s.upper[0])
            return (low, high) if parameters[0] <= low and high <= parameters[1] else None
    return None


def _prove(piece: PieceOfBranch, claim: Claim, half: float) -> Interval | None:
    """Return the last unknown of the piece, shape (1,), if it holds the claim."""
    whole = _held(piece, piece.anchor, half)
    if whole is None:
        return None
    ends = []
    for way in (-half, half):
        at_end = replace(piece, tau=Interval(np.array([way])))
        end = _held(at_end, piece.anchor + way * piece.border, half * half)
        if end is None or not _lies_in(end, piece.anchor, _radius(piece.anchor, half)):
            return None
        ends.append(end)
    happens = _turns(piece, ends) if claim.turns else _crosses(piece, whole, ends, claim.is_pair)
    if not happens:
        return None
    return whole[0, -1:]


def _held(piece: PieceOfBranch, around: Float[np.ndarray, " z"], reach: float) -> Interval | None:
    """Return a box that holds the zero for each tau, exactly one each, or None."""
    radius = np.full((1, piece.size), _radius(around, reach))
    operator = Krawczyk.on(piece, Interval(around[None], radius))
    if not operator.holds_one[0]:
        return None
    return operator.images


def _radius(around: Float[np.ndarray, " z"], reach: float) -> float:
    return float(_WIDER * reach + _LEAST * (1 + np.abs(around).max()))


def _lies_in(box: Interval, centre: Float[np.ndarray, " z"], radius: float) -> bool:
    """Whether a box lies in the cube around a centre: there each tau has no other zero."""
    return bool(((box - centre).magnitude <= radius).all())


def _turns(piece: PieceOfBranch, ends: list[Interval]) -> bool:
    """Whether the parameter is proved to run opposite ways at the two ends."""
    signs = []
    for end in ends:
        unit = np.zeros((1, piece.size))
        unit[0, -1] = 1.0
        way, solved = solve_enclosed(piece.jacobian(end), Interval(unit))
        rate = way[0, -1] if solved[0] else Interval(np.array(0.0), np.array(1.0))
        signs.append(1 if rate.lower > 0 else -1 if rate.upper < 0 else 0)
    return signs[0] * signs[1] < 0


def _crosses(piece: PieceOfBranch, whole: Interval, ends: list[Interval], is_pair: bool) -> bool:
    """Whether eigenvalues are proved to cross the border, at -1 or as a pair."""
    exact, counts = piece.exact, []
    for end in ends:
        jacobian = exact.jacobian(piece.enclosed_states(end), piece.inputs(end))
        counts.append(int(count_unstable(jacobian, exact.kind)[0]))
    if UNDECIDED in counts or counts[0] == counts[1]:
        return False
    jacobian = exact.jacobian(piece.enclosed_states(whole), piece.inputs(whole))[0]
    identity = np.eye(jacobian.shape[0])
    if exact.kind == "flow":
        return is_pair and determinant_sign(jacobian) != 0
    if determinant_sign(Interval(identity) - jacobian) == 0:
        return False
    if not is_pair:
        return (counts[1] - counts[0]) % 2 == 1
    return determinant_sign(Interval(identity) + jacobian) != 0
