"""Newton from piece to piece, for motions that are linear between kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import half_square, host
from ..dynamics import Dynamics, PiecewiseLinear, StateProblem
from ..errors import ArgumentError
from .base import Solver
from .piecewise_steps import PieceRows, Vectors, follow, newton_steps
from .status import Status

# A row is at the minimum of its piece where a Newton step changes the residual by less than this,
# relative to its size ...
_SMALLEST_CHANGE = 1e-11
# ... or by less than this, and not downwards.
_SMALL_CHANGE = 1e-8

# A kink holds a row where the share of its positive side is within this of the range 0 to 1.
_MARGIN = 1e-9

# A change of the residual that is nothing but rounding, relative to the size of the state.
_ROUNDING = 16 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class PiecewiseMotion(StateProblem):
    """The motion of a form that is linear between kinks; its unknowns are states on the host."""

    form: PiecewiseLinear

    def coordinates(self, x: Any, u: Any) -> Vectors:  # noqa: ARG002
        return host(x)

    def residual(self, y: Vectors, u: Any) -> Vectors:
        return self.form.residual(y, u)

    def jacobian(self, y: Vectors, u: Any) -> Float[np.ndarray, "n d d"]:
        return self.form.jacobian(y, u)


@final
@dataclass(frozen=True)
class PiecewiseNewton(Solver[PiecewiseMotion, PieceRows]):
    """Descend q exactly where the motion is linear between kinks: every row ends at a minimum.

    On one piece ``q = 1/2 |r|^2`` is a convex quadratic function. A row takes the Newton step of
    its piece and follows q along it through all kinks to the first minimum. Where that lies on a
    kink, the row is held there and moves on along the kink, until no slope leads down any more: a
    primal active-set method (Nocedal and Wright 2006, section 16.5), which ends after finitely
    many steps, at a fixed point or at a local minimum of the speed.
    """

    matrices: ClassVar[int] = 6

    def problem(self, dynamics: Dynamics) -> PiecewiseMotion:
        form = dynamics.piecewise_linear()
        if form is None:
            raise ArgumentError(
                f"solver: PiecewiseNewton needs a motion that is known to be linear between "
                f"kinks, as of cells with phi='relu'; that of {type(dynamics).__name__} is not. "
                f"Use LevenbergMarquardt()."
            )
        return PiecewiseMotion(form)

    def start(self, problem: PiecewiseMotion, y: Vectors, u: Any) -> PieceRows:
        inputs = host(u)
        drive = problem.form.drive(y, inputs)
        residual = problem.residual(y, inputs)
        none = np.zeros(drive.shape, dtype=bool)
        rest = np.zeros(len(y), dtype=bool)
        return PieceRows(y, inputs, drive, drive > 0, none, residual, half_square(residual), rest)

    def update(self, problem: PiecewiseMotion, rows: PieceRows) -> PieceRows:
        form = problem.form
        step, pressure = newton_steps(form, rows)
        change = np.where(rows.positive, step @ form.K.T, 0.0) @ form.L.T
        change += step @ form.M.T
        rounding = _ROUNDING * np.maximum(1.0, np.abs(rows.y).max(axis=1))
        size, speed = np.linalg.norm(change, axis=1), np.sqrt(2 * rows.q)
        small = size <= _SMALLEST_CHANGE * speed + rounding
        leads_nowhere = np.sum(rows.residual * change, axis=1) >= 0
        small |= leads_nowhere & (size <= _SMALL_CHANGE * speed)
        rows = _let_go(form, rows, pressure, np.flatnonzero(small))
        return follow(form, rows, step, change, np.flatnonzero(~small))

    def status(self, rows: PieceRows) -> Int[np.ndarray, " n"]:
        return np.where(rows.at_rest, Status.SLOW_POINT, Status.RUNNING)


def _let_go(
    form: PiecewiseLinear, rows: PieceRows, pressure: Vectors, places: Int[np.ndarray, " k"]
) -> PieceRows:
    """At the minimum on its kinks a row leaves the one that holds it least, or is at rest.

    A kink holds where q is convex across it and the slope there, a mixture of those on its two
    sides, is zero: the share of the positive side lies between 0 and 1. A kink on which the row
    lies without being held leads down to its other side where q is concave across it.
    """
    across, holding = rows.residual[places] @ form.L, rows.held[places]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(holding, pressure[places] / across, 0.5)
    excess = np.where(holding & (across <= 0), np.inf, np.maximum(-share, share - 1.0))
    touched = ~holding & form.on_kinks(rows.y[places], rows.u[places])
    concave = touched & (across < -_MARGIN * np.sqrt(2 * rows.q[places])[:, None])
    excess = np.where(concave, np.inf, excess)
    at_rest, held, positive = rows.at_rest.copy(), rows.held.copy(), rows.positive.copy()
    if excess.shape[1] == 0:
        at_rest[places] = True
        return replace(rows, at_rest=at_rest)
    worst = np.argmax(excess, axis=1)
    lifted = excess[np.arange(len(places)), worst] > _MARGIN
    at_rest[places[~lifted]] = True
    leaving, kink = places[lifted], worst[lifted]
    held[leaving, kink] = False
    upwards = np.where(across > 0, share > 1, share < 0.5)
    upwards = np.where(concave, ~positive[places], upwards)
    positive[leaving, kink] = upwards[lifted, kink]
    return replace(rows, at_rest=at_rest, held=held, positive=positive)
