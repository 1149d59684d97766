"""Context-dependent integration: add up one of two streams of evidence, as the context says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._core.validation import check_real, check_whole
from .periods import TaskOfPeriods
from .trials import Trials, check_draw, read_outputs


@dataclass(frozen=True)
class ContextIntegration(TaskOfPeriods):
    """Integrate motion or colour, as the context says, and ignore the other.

    The task of Mante, Sussillo, Shenoy and Newsome (2013). Inputs 0 and 1 carry noisy evidence
    on motion and colour during the stimulus; input 2 or 3 is 1 throughout and says which of them
    counts. In the paper the network reports the sign at the end of the trial. Here the target at
    every step is the integral of the evidence that counts, so that every step teaches the network
    to integrate, and to hold the integral when the stimulus is over; it then has a line
    attractor in each context. The largest mean evidence, without noise, integrates to 1.

    Parameters
    ----------
    dt
        Duration of a step in ms.
    fixation, stimulus, hold
        Duration of the periods in ms; fixation and hold may be 0.
    largest
        Mean evidence of a trial is uniform between -largest and largest, for motion and colour
        independently.
    sigma
        Strength of the noise, in sqrt(ms): at each step of the stimulus its standard deviation
        is sigma / sqrt(dt).

    Raises
    ------
    ArgumentError
        If a period is no whole number of steps, `largest` is not positive, or the noise is
        negative.

    Examples
    --------
    >>> task = ContextIntegration(dt=250.0, fixation=0.0, hold=250.0, sigma=0.0)
    >>> trials = task.sample(1, np.random.default_rng(0))
    >>> trials.conditions["context"], trials.conditions["colour"].round(3)
    (array([1]), array([-0.172]))
    >>> trials.targets[0, :, 0].round(3)
    array([-0.306, -0.612, -0.918, -0.918])
    """

    input_size: ClassVar[int] = 4  # motion, colour, and the two contexts
    output_size: ClassVar[int] = 1
    loss: ClassVar[str] = "mse"
    order: ClassVar[tuple[str, ...]] = ("fixation", "stimulus", "hold")
    may_be_left_out: ClassVar[tuple[str, ...]] = ("fixation", "hold")

    dt: float = 25.0
    fixation: float = 50.0
    stimulus: float = 750.0
    hold: float = 200.0
    largest: float = 0.1875
    sigma: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_real("largest", self.largest, above=0)

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials.

        Conditions are "context", 0 where motion counts and 1 where colour does; "motion" and
        "colour", the mean evidence; and "choice", 1 where the final integral is positive, else 0.
        """
        n = check_draw(n, rng)
        context = rng.integers(2, size=n)
        means = rng.uniform(-self.largest, self.largest, size=(n, 2))
        during = self.periods
        steps = during["hold"].stop
        inputs = np.zeros((n, steps, self.input_size))
        shape = (n, during["stimulus"].stop - during["stimulus"].start, 2)
        inputs[:, during["stimulus"], :2] = means[:, None, :] + self._noise(rng, shape)
        inputs[np.arange(n), :, 2 + context] = 1.0
        evidence = inputs[np.arange(n), :, context]
        integral = np.cumsum(evidence, axis=1) / (shape[1] * self.largest)
        conditions = {
            "context": context,
            "motion": means[:, 0],
            "colour": means[:, 1],
            "choice": (integral[:, -1] > 0).astype(np.int64),
        }
        return Trials(inputs, integral[:, :, None], np.ones((n, steps)), conditions)

    def accuracy(self, outputs: Float[np.ndarray, "trials time 1"], trials: Trials) -> float:
        """Return the fraction of trials that end with the sign of their integral."""
        outputs = read_outputs(outputs, trials)
        return float(np.mean(np.sign(outputs[:, -1]) == np.sign(trials.targets[:, -1])))

    def constant_input(self, context: int) -> Float[np.ndarray, " 4"]:
        """Return the input of a context without evidence: what to hold while searching.

        Parameters
        ----------
        context
            0 where motion counts, 1 where colour does.

        Raises
        ------
        ArgumentError
            If there is no such context.

        Examples
        --------
        >>> ContextIntegration().constant_input(1)
        array([0., 0., 0., 1.])
        """
        return np.eye(4)[2 + check_whole("context", context, least=0, most=1)]
