"""Environments of NeuroGym as tasks; NeuroGym itself is not imported."""

from __future__ import annotations

import copy
import inspect
import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import ArgumentError, came
from .trials import Trials, check_draw, explained_power, last_class_accuracy

_WANTED = (
    "an environment of NeuroGym is wanted: new_trial(), ob and gt after it, observation_space and "
    "action_space, such as neurogym.make('PerceptualDecisionMaking-v0')"
)


@dataclass(frozen=True)
class NeuroGymTask:
    """A NeuroGym environment whose trials have a ground truth (Molano-Mazón et al. 2022).

    Discrete actions are classes, and the loss is the cross-entropy; continuous ones are targets
    of the mean squared error. Trials of different lengths are padded at the end: observations
    with zeros, the mask with 0. Observations of several axes are flattened. Trials are drawn from
    a copy, and the environment stays as it is.

    Parameters
    ----------
    env
        The environment, wrapped or not. Needs: pip install 'stillpoint[neurogym]'.

    Raises
    ------
    ArgumentError
        If it is no such environment, or its trials have no ground truth.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class Even:  # whatever has these names will do
    ...     observation_space = SimpleNamespace(shape=(1,))
    ...     action_space = SimpleNamespace(n=2)
    ...     def new_trial(self):
    ...         self.ob, self.gt = np.ones((3, 1)), np.array([0, 0, 1])
    ...         return {"ground_truth": 1}
    >>> NeuroGymTask(Even()).sample(2, np.random.default_rng(0)).targets
    array([[0, 0, 1],
           [0, 0, 1]])
    """

    env: Any

    def __post_init__(self) -> None:
        missing = [n for n in ("observation_space", "action_space") if not hasattr(self.env, n)]
        if _with_trials(self.env) is None:
            missing.insert(0, "new_trial")
        if missing:
            raise ArgumentError(
                f"env: got {came(self.env)}, which lacks {', '.join(missing)}, but {_WANTED}."
            )
        for name in ("observation_space", "action_space"):
            space = getattr(self.env, name)
            counted = name == "action_space" and _is_discrete(space)
            if not counted and not isinstance(getattr(space, "shape", None), tuple):
                raise ArgumentError(
                    f"env: its {name} is {came(space)}, but one with a shape, or discrete actions, "
                    f"is wanted."
                )
        self.sample(1, np.random.default_rng(0))  # fails now rather than while training

    @property
    def input_size(self) -> int:
        """The number of values in an observation."""
        return int(np.prod(self.env.observation_space.shape))

    @property
    def output_size(self) -> int:
        """The number of discrete actions, or of values in a continuous one."""
        space = self.env.action_space
        return int(space.n) if _is_discrete(space) else int(np.prod(space.shape))

    @property
    def loss(self) -> str:
        """Cross-entropy for discrete actions, the mean squared error for others."""
        return "cross-entropy" if _is_discrete(self.env.action_space) else "mse"

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` trials of the environment.

        `rng` seeds it by its `seed` or, where it has none, by its attribute `rng`; the same `rng`
        then gives the same trials. Conditions are the numbers that `new_trial` returns for every
        trial, such as "ground_truth" and "coh".

        Raises
        ------
        ArgumentError
            If a trial has no ground truth, or one of another length than its observations.
        """
        n = check_draw(n, rng)
        env = copy.deepcopy(_with_trials(self.env))
        _seed(env, int(rng.integers(2**31)))
        with _same_rng(self.env, env):
            drawn = [self._draw(env) for _ in range(n)]
        longest = max(len(observed) for observed, _, _ in drawn)
        discrete = self.loss == "cross-entropy"
        inputs = np.zeros((n, longest, self.input_size))
        shape = (n, longest) if discrete else (n, longest, self.output_size)
        targets = np.zeros(shape, dtype=np.int64 if discrete else np.float64)
        mask = np.zeros((n, longest))
        for k, (observed, wanted, _) in enumerate(drawn):
            steps = len(observed)
            inputs[k, :steps], targets[k, :steps], mask[k, :steps] = observed, wanted, 1.0
        return Trials(inputs, targets, mask, _conditions([about for _, _, about in drawn]))

    def accuracy(self, outputs: Float[np.ndarray, "trials time k"], trials: Trials) -> float:
        """Return how many trials are decided rightly at their last step, as a fraction.

        For continuous actions: the fraction of the targets' power that outputs explain, 0 if it
        is negative.
        """
        measure = last_class_accuracy if self.loss == "cross-entropy" else explained_power
        return measure(outputs, trials)

    def _draw(self, env: Any) -> tuple[np.ndarray, np.ndarray, Any]:
        """Return observations, shape (t, m), ground truth and description of a new trial."""
        about = env.new_trial()
        inner = getattr(env, "unwrapped", env)
        observed, wanted = getattr(inner, "ob", None), getattr(inner, "gt", None)
        if observed is None or wanted is None or not 0 < len(observed) == len(wanted):
            found = ["nothing" if v is None else str(np.shape(v)) for v in (observed, wanted)]
            raise ArgumentError(
                f"env: a trial of {came(self.env)} has observations ob of shape {found[0]} and "
                f"ground truth gt of shape {found[1]}, but both, as long as each other, are wanted."
            )
        first = getattr(self.env.action_space, "start", 0)
        shape = (len(wanted),) if self.loss == "cross-entropy" else (len(wanted), -1)
        wanted = np.array(wanted).reshape(shape) - (first if len(shape) == 1 else 0)
        return np.array(observed).reshape(len(observed), -1), wanted, about


def _with_trials(env: Any) -> Any:
    """Return `env` or the outermost environment inside it that has `new_trial` itself."""
    while env is not None and inspect.getattr_static(env, "new_trial", None) is None:
        env = getattr(env, "__dict__", {}).get("env")
    return env


def _is_discrete(space: Any) -> bool:
    return isinstance(getattr(space, "n", None), numbers.Integral)


def _seed(env: Any, seed: int) -> None:
    inner = getattr(env, "unwrapped", env)
    if callable(getattr(inner, "seed", None)):
        inner.seed(seed)
    elif hasattr(inner, "rng"):
        legacy = isinstance(inner.rng, np.random.RandomState)
        inner.rng = np.random.RandomState(seed) if legacy else np.random.default_rng(seed)


@contextmanager
def _same_rng(env: Any, copied: Any) -> Iterator[None]:
    """Lend an environment its copy's `rng`: durations given as closures still draw from the first.

    NeuroGym's ReadySetGo has such closures, and they are not copied with it.
    """
    inner, other = (getattr(e, "unwrapped", e) for e in (env, copied))
    if "rng" not in getattr(inner, "__dict__", {}):
        yield
        return
    kept, inner.rng = inner.rng, other.rng
    try:
        yield
    finally:
        inner.rng = kept


def _conditions(abouts: list[Any]) -> dict[str, np.ndarray]:
    """Return what is a single number in the description of every trial."""
    if not all(isinstance(about, dict) for about in abouts):
        return {}
    return {
        name: np.array([about[name] for about in abouts])
        for name in abouts[0]
        if all(np.isscalar(about.get(name)) for about in abouts)
    }
