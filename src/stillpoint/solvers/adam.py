"""Adam on the mean of q: the field's method, kept as the baseline and for comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import half_square, namespace, to_numpy
from .._core.validation import check_kind, check_real, check_sequence, check_whole
from ..dynamics import Dynamics, RootProblem
from .base import Solver
from .status import Status

# The averages of Adam are divided by 1 - beta^n.
_LARGEST_BETA = 1 - 2**-52


@dataclass(frozen=True)
class Plateau:
    """A learning rate that falls when the loss stops falling (torch's ReduceLROnPlateau).

    Parameters
    ----------
    factor
        What the rate is multiplied by.
    patience
        How many steps without progress are borne before that.
    threshold
        The relative improvement that counts as progress.
    cooldown
        How many steps after a cut are not counted.
    """

    factor: float = 0.95
    patience: int = 2
    threshold: float = 1e-4
    cooldown: int = 0

    def __post_init__(self) -> None:
        check_real("factor", self.factor, above=0, most=1)
        check_whole("patience", self.patience, least=0)
        check_real("threshold", self.threshold, least=0, finite=False)
        check_whole("cooldown", self.cooldown, least=0)


@dataclass(frozen=True)
class AdamRows:
    """Where the rows are, the moments of the gradient, and the state of the schedule."""

    y: Float[Any, "n k"]
    u: Float[Any, "n m"]
    q: Float[Any, " n"]
    gradient: Float[Any, "n k"]
    first: Float[Any, "n k"]
    second: Float[Any, "n k"]
    still: Any  # rows whose q has stopped changing
    count: int
    rate: float
    best: float
    waited: int
    resting: int


@final
@dataclass(frozen=True)
class Adam(Solver[RootProblem, AdamRows]):
    """Joint Adam (Kingma and Ba 2015) on the mean of q over all rows, as existing tools do it.

    The rows share one learning rate and stop together, so it needs thousands of steps: pass
    `max_steps` accordingly. FixedPointFinder's defaults are `Adam(rate=1.0)`; RNNToolkit's
    notebooks use `Adam(rate=1e-4, schedule=Plateau(0.25, 10, 1e-10))`.

    Parameters
    ----------
    rate
        The first learning rate.
    schedule
        When and how far it falls.
    stillness
        A row stops changing when ``|dq|`` falls below this times the learning rate; 0 for never.
    betas, epsilon
        Adam's own constants.
    """

    joint: ClassVar[bool] = True
    matrices: ClassVar[int] = 0

    rate: float = 1.0
    schedule: Plateau = field(default_factory=Plateau)
    stillness: float = 1e-20
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_real("rate", self.rate, above=0)
        check_kind("schedule", self.schedule, Plateau, "a Plateau")
        check_real("stillness", self.stillness, least=0)
        for beta in check_sequence("betas", self.betas, object, "a pair of numbers", length=2):
            check_real("betas", beta, least=0, most=_LARGEST_BETA)
        check_real("epsilon", self.epsilon, above=0)

    def problem(self, dynamics: Dynamics) -> RootProblem:
        return dynamics.residual_problem()

    def start(self, problem: RootProblem, y: Any, u: Any) -> AdamRows:
        residual = problem.residual(y, u)
        zeros = namespace(y).zeros_like(y)
        return AdamRows(
            y=y,
            u=u,
            q=half_square(residual),
            gradient=problem.gradient(y, u, residual),
            first=zeros,
            second=zeros,
            still=zeros[:, 0] > 0,
            count=0,
            rate=self.rate,
            best=math.inf,
            waited=0,
            resting=0,
        )

    def update(self, problem: RootProblem, rows: AdamRows) -> AdamRows:
        xp = namespace(rows.y)
        beta1, beta2 = self.betas
        count = rows.count + 1
        gradient = rows.gradient / rows.y.shape[0]  # of the mean over rows
        first = beta1 * rows.first + (1 - beta1) * gradient
        second = beta2 * rows.second + (1 - beta2) * gradient * gradient
        spread = xp.sqrt(second / (1 - beta2**count)) + self.epsilon
        y = rows.y - rows.rate / (1 - beta1**count) * first / spread
        residual = problem.residual(y, rows.u)
        q = half_square(residual)
        rate, best, waited, resting = self._schedule(rows, float(xp.mean(q)))
        return AdamRows(
            y=y,
            u=rows.u,
            q=q,
            gradient=problem.gradient(y, rows.u, residual),
            first=first,
            second=second,
            still=xp.abs(q - rows.q) < self.stillness * rate,
            count=count,
            rate=rate,
            best=best,
            waited=waited,
            resting=resting,
        )

    def status(self, rows: AdamRows) -> Int[np.ndarray, " n"]:
        return np.where(to_numpy(rows.still), Status.STALLED, Status.RUNNING)

    def _schedule(self, rows: AdamRows, loss: float) -> tuple[float, float, int, int]:
        """Return the learning rate and the schedule's memory after a step with this loss."""
        plan = self.schedule
        better = loss < rows.best * (1 - plan.threshold) if math.isfinite(rows.best) else True
        best = loss if better else rows.best
        waited = 0 if better else rows.waited + 1
        resting = rows.resting
        if resting > 0:
            resting, waited = resting - 1, 0
        if waited > plan.patience:
            return rows.rate * plan.factor, best, 0, plan.cooldown
        return rows.rate, best, waited, resting
