"""Delayed match to sample: is the second stimulus the one that came before the delay?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._core.validation import check_whole
from ..portraits import Automaton
from .periods import DelayedDecision
from .trials import Trials, check_draw


@dataclass(frozen=True)
class DelayedMatch(DelayedDecision):
    """Hold one of several stimuli over a delay, and say whether a test stimulus matches it.

    The task of Miller, Erickson and Desimone (1996) with a single test. Input 0 is 1 until the
    decision; input 1 + s is 1 while stimulus s is on. Noise of standard deviation
    sigma / sqrt(dt) is on all channels at all steps. Half of the trials match. The target is
    class 0 until the decision, then class 1 for a match and class 2 for none.

    Parameters
    ----------
    stimuli
        How many stimuli there are, at least 2.
    dt
        Duration of a step in ms.
    fixation, presentation, delay, test, decision
        Duration of the periods in ms, `presentation` that of the sample; fixation and delay may
        be 0.
    sigma
        Strength of the noise, in sqrt(ms).

    Raises
    ------
    ArgumentError
        If there are fewer than two stimuli, a period is no whole number of steps, or the noise is
        negative.

    Examples
    --------
    >>> task = DelayedMatch(delay=100.0, presentation=100.0, test=100.0, sigma=0.0)
    >>> trials = task.sample(1, np.random.default_rng(0))
    >>> trials.inputs[0]
    array([[1., 0., 0.],
           [1., 0., 1.],
           [1., 0., 0.],
           [1., 0., 1.],
           [0., 0., 0.]])
    >>> trials.targets
    array([[0, 0, 0, 0, 1]])
    """

    stimuli: int = 2
    order: ClassVar[tuple[str, ...]] = ("fixation", "presentation", "delay", "test", "decision")

    dt: float = 100.0
    fixation: float = 100.0
    presentation: float = 300.0
    delay: float = 1000.0
    test: float = 300.0
    decision: float = 100.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        check_whole("stimuli", self.stimuli, least=2)
        super().__post_init__()

    @property
    def input_size(self) -> int:
        """Fixation and a channel for each stimulus."""
        return 1 + self.stimuli

    def automaton(self) -> Automaton:
        """Return the machine that the task asks for: from the first memory to one of the sample.

        Pulses are the stimuli, with fixation; between them fixation is on: `rest` of
        `read_automaton`. What a test leads to is left open, as the trial ends with it.

        Examples
        --------
        >>> DelayedMatch(stimuli=2).automaton().table
        array([[ 1,  2],
               [-1, -1],
               [-1, -1]])
        """
        held = np.full((self.stimuli, self.stimuli), -1)
        table = np.vstack([1 + np.arange(self.stimuli), held])
        pulses = np.hstack([np.ones((self.stimuli, 1)), np.eye(self.stimuli)])
        return Automaton._asked(table, pulses, np.zeros((len(table), 0)))

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials.

        Conditions are "sample" and "test", stimuli counted from 0, and "match", 1 where they are
        the same and 0 elsewhere.
        """
        n = check_draw(n, rng)
        sample = rng.integers(self.stimuli, size=n)
        other = (sample + rng.integers(1, self.stimuli, size=n)) % self.stimuli
        match = rng.integers(2, size=n)
        test = np.where(match == 1, sample, other)
        channels = np.eye(self.stimuli)
        shown = {"presentation": channels[sample], "test": channels[test]}
        conditions = {"sample": sample, "test": test, "match": match}
        return self._trials(rng, 1 - match, shown, conditions)
