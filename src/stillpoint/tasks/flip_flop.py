"""The N-bit flip-flop: every channel remembers the sign of its last pulse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._core.validation import check_real, check_whole
from ..portraits import Automaton
from .trials import Trials, check_draw, read_outputs


@dataclass(frozen=True)
class FlipFlop:
    """Memory of `bits` signs, each set by pulses of +1 and -1 on its own input channel.

    The task of Sussillo and Barak (2013), in discrete time. A well trained network has 3^bits
    fixed points, of which 2^bits are stable and hold the memories.

    Parameters
    ----------
    bits
        The number of channels.
    steps
        Length of a trial.
    pulse_probability
        Chance of a pulse per channel and step. Every channel pulses at the first step, so targets
        are defined throughout.

    Raises
    ------
    ArgumentError
        If there is no bit or no step, or the probability is not one.

    Examples
    --------
    >>> trials = FlipFlop(bits=2, steps=5).sample(4, np.random.default_rng(0))
    >>> trials.inputs.shape, trials.targets.shape
    ((4, 5, 2), (4, 5, 2))
    """

    loss: ClassVar[str] = "mse"

    bits: int = 3
    steps: int = 64
    pulse_probability: float = 0.2

    def __post_init__(self) -> None:
        check_whole("bits", self.bits, least=1)
        check_whole("steps", self.steps, least=1)
        check_real("pulse_probability", self.pulse_probability, above=0, most=1)

    @property
    def input_size(self) -> int:
        """The number of input channels."""
        return self.bits

    @property
    def output_size(self) -> int:
        """The number of output channels."""
        return self.bits

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials."""
        shape = (check_draw(n, rng), self.steps, self.bits)
        pulses = rng.choice([-1.0, 1.0], size=shape)
        pulses *= rng.random(shape) < self.pulse_probability
        pulses[:, 0, :] = rng.choice([-1.0, 1.0], size=(n, self.bits))
        return Trials(pulses, _held(pulses), np.ones(shape[:2]), {})

    def corners(self) -> Float[np.ndarray, "k bits"]:
        """Return all 2^bits memories.

        Examples
        --------
        >>> FlipFlop(bits=2).corners()
        array([[-1., -1.],
               [-1.,  1.],
               [ 1., -1.],
               [ 1.,  1.]])
        """
        return np.array(list(product([-1.0, 1.0], repeat=self.bits)))

    def automaton(self) -> Automaton:
        """Return the machine that the task asks for: a pulse sets the sign of its channel.

        Memories have the signs of `corners`; pulses are +1 on each channel, then -1.

        Examples
        --------
        >>> FlipFlop(bits=1).automaton().table
        array([[1, 0],
               [1, 0]])
        """
        outputs, unit = self.corners(), np.eye(self.bits)
        pulses = np.concatenate([unit, 0 - unit])
        after = np.where(pulses != 0, pulses, outputs[:, None])
        table = (after > 0) @ (1 << np.arange(self.bits)[::-1])
        return Automaton._asked(table, pulses, outputs)

    def accuracy(self, outputs: Float[np.ndarray, "trials time bits"], trials: Trials) -> float:
        """Return the fraction of outputs with the sign of their target."""
        return float(np.mean(np.sign(read_outputs(outputs, trials)) == trials.targets))


def _held(pulses: Float[np.ndarray, "n t k"]) -> Float[np.ndarray, "n t k"]:
    """Return the last pulse so far at every step."""
    steps = np.arange(pulses.shape[1])[None, :, None]
    last = np.maximum.accumulate(np.where(pulses != 0, steps, 0), axis=1)
    return np.take_along_axis(pulses, last, axis=1)
