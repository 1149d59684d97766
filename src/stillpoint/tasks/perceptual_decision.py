"""Perceptual decision making: which of two noisy channels is the stronger?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._core.validation import check_real, check_whole
from ..errors import ArgumentError
from .periods import DecisionTask
from .trials import Trials, check_draw, check_several


@dataclass(frozen=True)
class PerceptualDecision(DecisionTask):
    """Integrate two noisy channels, and choose the stronger one when fixation ends.

    The random-dot task of Britten et al. (1992), in the form in which NeuroGym and Yang and Wang
    (2020) train networks on it. Input 0 is 1 until the decision. During the stimulus, inputs 1
    and 2 are 0.5 + cos(theta_k - theta) coherence / 200, with theta_k and the direction theta in
    {0, pi}. Noise of standard deviation sigma / sqrt(dt) is on all channels at all steps. The
    target is class 0 until the decision, then class 1 or 2.

    Parameters
    ----------
    dt
        Duration of a step in ms.
    fixation, stimulus, decision
        Duration of the periods in ms; fixation may be 0.
    coherences
        From 0 to 100 (percent); every trial has one of them.
    sigma
        Strength of the noise, in sqrt(ms).

    Raises
    ------
    ArgumentError
        If a period is no whole number of steps, a coherence is no percentage or there is none,
        or the noise is negative.

    Examples
    --------
    >>> task = PerceptualDecision(sigma=0.0)
    >>> trials = task.sample(2, np.random.default_rng(1))
    >>> trials.conditions["signed_coherence"]
    array([ 25.6, -51.2])
    >>> trials.inputs[:, 1]
    array([[1.   , 0.628, 0.372],
           [1.   , 0.244, 0.756]])
    >>> trials.targets[:, -2:]
    array([[0, 1],
           [0, 2]])
    """

    order: ClassVar[tuple[str, ...]] = ("fixation", "stimulus", "decision")

    dt: float = 100.0
    fixation: float = 100.0
    stimulus: float = 2000.0
    decision: float = 100.0
    coherences: Sequence[float] = (0.0, 6.4, 12.8, 25.6, 51.2)
    sigma: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        listed = check_several("coherences", self.coherences)
        coherences = tuple(_percentage("coherences", coherence) for coherence in listed)
        object.__setattr__(self, "coherences", coherences)
        if not self.coherences:
            raise ArgumentError("coherences: got none, but at least one is wanted.")

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials.

        Conditions are "choice", 0 where channel 1 is the stronger and 1 where channel 2 is;
        "coherence"; and "signed_coherence", positive for channel 1.
        """
        n = check_draw(n, rng)
        choice = rng.integers(2, size=n)
        coherence = rng.choice(np.array(self.coherences), size=n)
        conditions = {
            "choice": choice,
            "coherence": coherence,
            "signed_coherence": coherence * (1 - 2 * choice) + 0.0,  # no negative zero
        }
        return self._trials(rng, choice, {"stimulus": _channels(coherence, choice)}, conditions)

    def constant_input(self, coherence: float = 0.0, choice: int = 0) -> Float[np.ndarray, " 3"]:
        """Return the input during the stimulus without noise: what to hold while searching.

        Parameters
        ----------
        coherence
            From 0 to 100.
        choice
            0 where channel 1 is the stronger, 1 where channel 2 is.

        Raises
        ------
        ArgumentError
            If the coherence is no percentage, or there is no such choice.

        Examples
        --------
        >>> PerceptualDecision().constant_input()
        array([1. , 0.5, 0.5])
        """
        check_whole("choice", choice, least=0, most=1)
        strength = np.array([_percentage("coherence", coherence)])
        return np.concatenate([[1.0], _channels(strength, np.array([choice]))[0]])


def _channels(coherence: Float[np.ndarray, " n"], choice: np.ndarray) -> Float[np.ndarray, "n 2"]:
    """Return what the two channels carry without noise."""
    theta = np.pi * np.arange(2)
    return 0.5 + np.cos(theta - theta[choice][:, None]) * coherence[:, None] / 200


def _percentage(name: str, coherence: float) -> float:
    return check_real(name, coherence, least=0, most=100)
