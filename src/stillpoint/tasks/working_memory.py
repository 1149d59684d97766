"""Parametric working memory: was the first of two frequencies the higher one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._core.validation import check_real
from ..errors import ArgumentError, came
from .periods import DelayedDecision
from .trials import Trials, check_draw, check_several


@dataclass(frozen=True)
class ParametricWorkingMemory(DelayedDecision):
    """Hold a frequency over a delay, and say whether it was higher than a second one.

    The vibrotactile task of Romo, Brody, Hernández and Lemus (1999), as modelled by Machens, Romo
    and Brody (2005). Input 0 is 1 until the decision. While a frequency is on, input 1 is the
    frequency rescaled to [0, 1], and input 2, tuned the other way, is 1 minus that. Noise of
    standard deviation sigma / sqrt(dt) is on all channels at all steps. The target is class 0
    until the decision, then class 1 where f1 > f2 and class 2 where f1 < f2.

    Parameters
    ----------
    dt
        Duration of a step in ms.
    fixation, first, delay, second, decision
        Duration of the periods in ms; fixation and delay may be 0.
    pairs
        Pairs of different frequencies in Hz; each comes in both orders equally often.
    sigma
        Strength of the noise, in sqrt(ms).

    Raises
    ------
    ArgumentError
        If a period is no whole number of steps, there is no pair or one that is none, or the
        noise is negative.

    Examples
    --------
    >>> task = ParametricWorkingMemory(delay=100.0, first=100.0, second=100.0, sigma=0.0)
    >>> trials = task.sample(1, np.random.default_rng(0))
    >>> trials.conditions["f1"], trials.conditions["f2"], trials.targets[0]
    (array([34.]), array([26.]), array([0, 0, 0, 0, 1]))
    >>> trials.inputs[0, 1:4].round(2)
    array([[1.  , 1.  , 0.  ],
           [1.  , 0.  , 0.  ],
           [1.  , 0.67, 0.33]])
    """

    order: ClassVar[tuple[str, ...]] = ("fixation", "first", "delay", "second", "decision")

    dt: float = 100.0
    fixation: float = 100.0
    first: float = 500.0
    delay: float = 1000.0
    second: float = 500.0
    decision: float = 100.0
    pairs: Sequence[Sequence[float]] = ((18, 10), (22, 14), (26, 18), (30, 22), (34, 26))
    sigma: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for pair in check_several("pairs", self.pairs):
            check_several("pairs", pair)
        pairs = tuple(tuple(check_real("pairs", f, above=0) for f in pair) for pair in self.pairs)
        if not pairs or any(len(pair) != 2 or pair[0] == pair[1] for pair in pairs):
            raise ArgumentError(
                f"pairs: got {came(self.pairs)}, but at least one pair of two different "
                f"frequencies is wanted, and nothing else."
            )
        object.__setattr__(self, "pairs", pairs)

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials.

        Conditions are "f1" and "f2" in Hz, and "choice", 0 where f1 > f2 and 1 where f1 < f2.
        """
        n = check_draw(n, rng)
        pairs = np.array(self.pairs)[rng.integers(len(self.pairs), size=n)]
        pairs = np.where(rng.integers(2, size=(n, 1)) == 1, pairs, pairs[:, ::-1])
        choice = (pairs[:, 0] < pairs[:, 1]).astype(np.int64)
        lowest, highest = np.min(self.pairs), np.max(self.pairs)
        rates = (pairs - lowest) / (highest - lowest)
        first, second = (np.stack([rate, 1 - rate], axis=1) for rate in rates.T)
        conditions = {"f1": pairs[:, 0], "f2": pairs[:, 1], "choice": choice}
        return self._trials(rng, choice, {"first": first, "second": second}, conditions)
