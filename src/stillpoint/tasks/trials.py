"""What a task gives and what it must offer; how good its outputs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer, Real

from .._core.validation import check_kind, check_real, check_whole, read_floats
from ..errors import ArgumentError, came


class Trials(NamedTuple):
    """A batch of trials of a task.

    Attributes
    ----------
    inputs
        Shape (trials, time, m).
    targets
        What the network should say. For the loss "mse": shape (trials, time, k); for
        "cross-entropy": the classes 0, ..., k - 1 as whole numbers, shape (trials, time).
    mask
        How much each step counts in the loss, from 0 to 1, shape (trials, time).
    conditions
        What each trial was about: names and arrays of shape (trials,).

    Examples
    --------
    >>> from stillpoint.tasks import PerceptualDecision
    >>> task = PerceptualDecision()
    >>> inputs, targets, mask, conditions = task.sample(4, np.random.default_rng(0))
    >>> inputs.shape, targets.shape, sorted(conditions)
    ((4, 22, 3), (4, 22), ['choice', 'coherence', 'signed_coherence'])
    """

    inputs: Float[np.ndarray, "trials time m"]
    targets: Float[np.ndarray, "trials time k"] | Integer[np.ndarray, "trials time"]
    mask: Float[np.ndarray, "trials time"]
    conditions: Mapping[str, Any]


@runtime_checkable
class Task(Protocol):
    """What the trainer needs of a task; yours need not inherit anything.

    Attributes
    ----------
    input_size, output_size
        The number of input channels m, and of outputs k.
    loss
        "mse", the mean squared error of outputs and targets, or "cross-entropy", where outputs
        are the logits of k classes and targets are classes.
    """

    @property
    def input_size(self) -> int: ...

    @property
    def output_size(self) -> int: ...

    @property
    def loss(self) -> str: ...

    def sample(self, n: int, rng: np.random.Generator) -> Trials:
        """Return `n` random trials; the same `rng` gives the same ones."""
        ...

    def accuracy(self, outputs: Float[np.ndarray, "trials time k"], trials: Trials) -> float:
        """Return how well outputs solve `trials`; 1 is best."""
        ...


def check_trials(task: Task, trials: Any) -> None:
    """Check that what a task's `sample` returned is as its sizes and its loss say."""
    if not isinstance(trials, Trials):
        raise ArgumentError(
            f"task: sample(n, rng) returned {type(trials).__name__}, but "
            f"Trials(inputs, targets, mask, conditions) is wanted."
        )
    shape = np.shape(trials.inputs)
    if len(shape) != 3 or shape[2] != task.input_size:
        raise ArgumentError(
            f"inputs of the task: got shape {shape}, but (trials, time, {task.input_size}) is "
            f"wanted."
        )
    wanted = {"mask": shape[:2], "targets": (*shape[:2], task.output_size)}
    if task.loss == "cross-entropy":
        wanted["targets"] = shape[:2]
    for name, size in wanted.items():
        array = getattr(trials, name)
        if not isinstance(array, np.ndarray) or array.shape != size:
            found = getattr(array, "shape", type(array).__name__)
            raise ArgumentError(
                f"{name} of the task: got {found}, but a NumPy array of shape {size} is wanted "
                f"for the loss {task.loss!r}."
            )
    if task.loss == "cross-entropy":
        classes = trials.targets
        fits = np.issubdtype(classes.dtype, np.integer)
        if not fits or classes.min() < 0 or classes.max() >= task.output_size:
            raise ArgumentError(
                f"targets of the task: whole numbers from 0 to {task.output_size - 1} are wanted, "
                f"the classes of the loss 'cross-entropy'."
            )


def steps_in(name: str, duration: float, dt: float, least: int = 0) -> int:
    """Return the whole number of steps of `dt`, at least `least`, in a duration of the same unit.

    Examples
    --------
    >>> steps_in("stimulus", 2000.0, dt=100.0)
    20
    """
    dt = check_real("dt", dt, above=0)
    ratio = check_real(name, duration, least=0) / dt
    if round(ratio) < least or abs(ratio - round(ratio)) > 1e-6 * max(1.0, ratio):
        raise ArgumentError(
            f"{name}: got {duration} with dt={dt:g}, but a whole multiple of dt, at least "
            f"{least * dt:g}, is wanted."
        )
    return round(ratio)


def check_draw(n: Any, rng: Any) -> int:
    """Return how many trials to draw, once both arguments of `sample` are what they must be."""
    check_kind("rng", rng, np.random.Generator, "a NumPy generator, as np.random.default_rng(0),")
    return check_whole("n", n, least=1)


def read_outputs(outputs: Any, trials: Any) -> Float[np.ndarray, "trials time k"]:
    """Return a network's outputs as float64 NumPy, with a row for each trial and each step."""
    check_kind("trials", trials, Trials, "Trials, as `sample` returns them,")
    array = read_floats("outputs", outputs, finite=False)  # of a network that failed, too
    wanted = trials.targets.shape
    shape = array.shape if trials.targets.ndim == 3 else array.shape[:2]
    if array.ndim != 3 or shape != wanted or not array.size:
        raise ArgumentError(
            f"outputs: got shape {array.shape}, but {(*wanted, 'k')[:3]} is wanted, as the "
            f"targets of the trials have shape {wanted}."
        )
    return array


def check_several(name: str, values: Any) -> Sequence[Any] | np.ndarray:
    """Return `values` if they are a sequence, or raise an error that names the argument."""
    if (
        isinstance(values, str)
        or not isinstance(values, Sequence | np.ndarray)
        or not getattr(values, "ndim", 1)
    ):
        raise ArgumentError(f"{name}: got {came(values)}, but a sequence of values is wanted.")
    return values


def last_class_accuracy(outputs: Real[np.ndarray, "trials time k"], trials: Trials) -> float:
    """Return the fraction of trials whose class is right at the last step that counts."""
    outputs = read_outputs(outputs, trials)
    if trials.targets.ndim != 2 or trials.targets.max() >= outputs.shape[2]:
        raise ArgumentError("trials: classes for each step are wanted, one output for each.")
    counts = trials.mask > 0
    last = counts.shape[1] - 1 - counts[:, ::-1].argmax(axis=1)
    rows = np.arange(len(last))
    right = outputs[rows, last].argmax(axis=-1) == trials.targets[rows, last]
    return float(right.mean())


def explained_power(outputs: Real[np.ndarray, "trials time k"], trials: Trials) -> float:
    """Return the fraction of the targets' power that outputs explain, 0 if it is negative."""
    outputs = read_outputs(outputs, trials)
    counts = trials.mask[:, :, None]
    error = np.sum(counts * (outputs - trials.targets) ** 2)
    power = np.sum(counts * trials.targets**2)
    return float(max(0.0, 1.0 - error / power)) if power > 0 else float(error == 0)
