"""What tasks share whose trials consist of periods: durations, noise, and a choice at the end."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, Int

from .._core.validation import check_real
from .trials import Trials, last_class_accuracy, steps_in


class TaskOfPeriods(ABC):
    """A trial is one period after the other, and inputs carry white noise."""

    #: The periods, in order. Their durations, in the unit of `dt`, are fields of these names.
    order: ClassVar[tuple[str, ...]]
    #: Periods that may last 0; every other lasts at least one step.
    may_be_left_out: ClassVar[tuple[str, ...]] = ("fixation",)

    dt: float
    sigma: float

    def __post_init__(self) -> None:
        _ = self.periods  # checks the durations
        check_real("sigma", self.sigma, least=0)

    @property
    def periods(self) -> dict[str, slice]:
        """The steps of the periods."""
        found: dict[str, slice] = {}
        start = 0
        for name in self.order:
            least = int(name not in self.may_be_left_out)
            stop = start + steps_in(name, getattr(self, name), self.dt, least)
            found[name] = slice(start, stop)
            start = stop
        return found

    def _noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
        """Return noise whose average over a time T deviates by sigma / sqrt(T), whatever `dt`."""
        return rng.normal(0.0, self.sigma / np.sqrt(self.dt), size=shape)


class DecisionTask(TaskOfPeriods):
    """A trial under fixation whose last period asks for class 1 or 2; before it, class 0.

    Input 0 is 1 until that period, "decision", and white noise is on all inputs at all steps.
    """

    output_size: ClassVar[int] = 3  # wait, first choice, second choice
    loss: ClassVar[str] = "cross-entropy"

    @property
    def input_size(self) -> int:
        """Three: fixation and two channels."""
        return 3

    def accuracy(self, outputs: Float[np.ndarray, "trials time 3"], trials: Trials) -> float:
        """Return the fraction of trials decided rightly at the last step."""
        return last_class_accuracy(outputs, trials)

    def _trials(
        self,
        rng: np.random.Generator,
        choice: Int[np.ndarray, " n"],
        shown: Mapping[str, Float[np.ndarray, "n k"]],
        conditions: Mapping[str, Any],
    ) -> Trials:
        """Return trials that end with choices 0 or 1, given what channels show in which period."""
        during = self.periods
        decision = during["decision"]
        inputs = self._noise(rng, (len(choice), decision.stop, self.input_size))
        inputs[:, : decision.start, 0] += 1.0
        for period, channels in shown.items():
            inputs[:, during[period], 1:] += channels[:, None, :]
        targets = np.zeros(inputs.shape[:2], dtype=np.int64)
        targets[:, decision] = 1 + choice[:, None]
        return Trials(inputs, targets, np.ones(targets.shape), conditions)


class DelayedDecision(DecisionTask):
    """A decision on two stimuli with a delay between them."""

    may_be_left_out: ClassVar[tuple[str, ...]] = ("fixation", "delay")

    def constant_input(self) -> Float[np.ndarray, " m"]:
        """Return the input during the delay without noise: what to hold while searching.

        Examples
        --------
        >>> from stillpoint.tasks import DelayedMatch
        >>> DelayedMatch().constant_input()
        array([1., 0., 0.])
        """
        return np.eye(self.input_size)[0]
