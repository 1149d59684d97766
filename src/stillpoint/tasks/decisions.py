"""What tasks share that end with a choice between two."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int

from .trials import Trials, last_class_accuracy, periods, white_noise


class DecisionTask(ABC):
    """A trial under fixation whose last period asks for class 1 or 2; before it, class 0.

    Input 0 is 1 until the decision, and white noise is on all inputs at all steps.
    """

    #: The periods, in order; the last is "decision". Their durations are fields of these names.
    order: ClassVar[tuple[str, ...]]
    #: Periods that may last 0.
    may_be_left_out: ClassVar[tuple[str, ...]] = ("fixation",)

    dt: float
    sigma: float

    @property
    def input_size(self) -> int:
        """Three: fixation and two channels."""
        return 3

    @property
    def output_size(self) -> int:
        """Three: wait, first choice, second choice."""
        return 3

    @property
    def loss(self) -> str:
        """Cross-entropy."""
        return "cross-entropy"

    @property
    def periods(self) -> dict[str, slice]:
        """The steps of the periods."""
        durations = {name: getattr(self, name) for name in self.order}
        return periods(self.dt, durations, self.may_be_left_out)

    def accuracy(self, outputs: Float[np.ndarray, "trials time 3"], trials: Trials) -> float:
        """Return the fraction of trials decided rightly at the last step."""
        return last_class_accuracy(outputs, trials)

    def _blank(
        self, choice: Int[np.ndarray, " n"], rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "n t m"], Int[np.ndarray, "n t"], Float[np.ndarray, "n t"]]:
        """Return inputs with fixation and noise alone, targets for choices 0 or 1, and the mask."""
        decision = self.periods["decision"]
        shape = (len(choice), decision.stop, self.input_size)
        inputs = white_noise(rng, shape, self.sigma, self.dt)
        inputs[:, : decision.start, 0] += 1.0
        targets = np.zeros(shape[:2], dtype=np.int64)
        targets[:, decision] = 1 + choice[:, None]
        return inputs, targets, np.ones(shape[:2])
