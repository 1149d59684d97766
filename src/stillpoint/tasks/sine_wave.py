"""Sine waves: a static input sets the frequency that the network generates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._core.validation import check_real, check_whole
from ..errors import ArgumentError
from .trials import Trials, check_draw, explained_power


@dataclass(frozen=True)
class SineWave:
    """Generate sin(omega t) with the frequency that a static input sets.

    The task of Sussillo and Barak (2013), in discrete time: the input j / n + 0.25 stands for the
    j-th of n frequencies, j = 1, ..., n, which are equally spaced. A trained network has one fixed
    point for each input, with a pair of unstable complex eigenvalues that turn by about omega.

    Parameters
    ----------
    n_frequencies
        How many frequencies there are.
    lowest, highest
        The first and the last frequency, in radians per step, above 0 and below pi.
    steps
        Length of a trial.

    Raises
    ------
    ArgumentError
        If there is no frequency or no step, or frequencies are not between 0 and pi in order.

    Examples
    --------
    >>> task = SineWave(n_frequencies=2, lowest=np.pi / 6, highest=np.pi / 2, steps=4)
    >>> trials = task.sample(1, np.random.default_rng(0))
    >>> trials.inputs[0, :, 0]
    array([1.25, 1.25, 1.25, 1.25])
    >>> trials.targets[0, :, 0].round(6) + 0.0
    array([ 0.,  1.,  0., -1.])
    """

    input_size: ClassVar[int] = 1  # what sets the frequency
    output_size: ClassVar[int] = 1
    loss: ClassVar[str] = "mse"

    n_frequencies: int = 51
    lowest: float = 0.1
    highest: float = 0.6
    steps: int = 100

    def __post_init__(self) -> None:
        check_whole("n_frequencies", self.n_frequencies, least=1)
        check_whole("steps", self.steps, least=1)
        lowest = check_real("lowest", self.lowest, above=0)
        highest = check_real("highest", self.highest, above=0)
        if not lowest <= highest < np.pi:
            raise ArgumentError(
                f"lowest, highest: got {lowest} and {highest}, but lowest <= highest < pi is "
                f"wanted: faster waves cannot be told from slower ones in steps."
            )

    @property
    def frequencies(self) -> Float[np.ndarray, " n"]:
        """All frequencies, in radians per step."""
        return np.linspace(self.lowest, self.highest, self.n_frequencies)

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials; the condition "frequency" is omega, in radians per step."""
        n = check_draw(n, rng)
        which = rng.integers(self.n_frequencies, size=n)
        omega = self.frequencies[which]
        static = (which + 1) / self.n_frequencies + 0.25
        inputs = np.repeat(static[:, None, None], self.steps, axis=1)
        targets = np.sin(omega[:, None] * np.arange(self.steps))[:, :, None]
        return Trials(inputs, targets, np.ones((n, self.steps)), {"frequency": omega})

    def accuracy(self, outputs: Float[np.ndarray, "trials time 1"], trials: Trials) -> float:
        """Return the fraction of the targets' power that outputs explain, 0 if it is negative."""
        return explained_power(outputs, trials)

    def constant_input(self, which: int) -> Float[np.ndarray, " 1"]:
        """Return the input of the frequency `which`, counted from 0.

        Raises
        ------
        ArgumentError
            If there is no such frequency.

        Examples
        --------
        >>> SineWave().constant_input(50)
        array([1.25])
        """
        if check_whole("which", which, least=0) >= self.n_frequencies:
            raise ArgumentError(
                f"which: got {which}, but there are {self.n_frequencies} frequencies, from 0."
            )
        return np.array([(which + 1) / self.n_frequencies + 0.25])
