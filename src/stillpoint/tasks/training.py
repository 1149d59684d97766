"""A small trainer: Adam on the loss of a task, for a cell with a linear readout, in torch."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from .._core.validation import check_option, check_real, check_whole, read_seed
from ..errors import ArgumentError, came
from .modules import new_module
from .networks import CELLS
from .optimisation import LOSSES, Optimisation, TrainedNetwork, TrainingError, rates_of
from .trials import Task

__all__ = ["TrainedNetwork", "TrainingError", "train"]

#: By what the rate is divided in the end.
_SCHEDULES = {"cosine": 100, "constant": 1}


def train(
    task: Task,
    cell: str | nn.Module = "tanh",
    units: int = 16,
    *,
    max_steps: int = 5000,
    batch: int = 128,
    rate: float = 5e-3,
    schedule: str = "cosine",
    clip: float | None = 1.0,
    stop_at: float | None = 1e-3,
    stop_at_accuracy: float | None = None,
    seed: int | np.random.Generator = 0,
    progress: bool | None = None,
) -> TrainedNetwork:
    """Train a recurrent cell with a linear readout on a task, with Adam.

    The initial weights and the trials depend on `seed` alone, and no global seed is touched.

    Parameters
    ----------
    task
        A `stillpoint.tasks.Task`: trials by `sample(n, rng)`, a `loss`, an `accuracy`.
    cell
        "tanh", "gru" or "lstm", or a recurrent module with `batch_first`: a copy of it is
        trained. A module with a method `rates(inputs)` is read out from what that returns, any
        other from the first thing that it returns.
    units
        The number of units of a cell given by name.
    max_steps, batch
        Steps, and trials per step.
    rate
        The first learning rate.
    schedule
        "cosine": the rate falls along a cosine to a hundredth at `max_steps`. "constant".
    clip
        Gradients are scaled down to this norm; None leaves them as they are.
    stop_at, stop_at_accuracy
        Training stops early when the loss is below, or the accuracy above, this; both are
        averaged over about 20 steps. None never stops.
    seed
        Of everything random: a number or a NumPy generator.
    progress
        Whether to draw a progress bar; None draws it on a terminal.

    Raises
    ------
    ArgumentError
        If there is no such cell, schedule or loss, or a number is out of range.
    TrainingError
        If the loss or a gradient is not finite; its `network` holds the last good weights.

    Examples
    --------
    >>> from stillpoint.tasks import PerceptualDecision
    >>> trained = train(PerceptualDecision(), "gru", 8, max_steps=3, batch=16, progress=False)
    >>> trained.losses.shape, trained.as_network().system
    ((3,), System(map, 8 states, 3 inputs; closed form))
    """
    if not isinstance(task, Task) or isinstance(task, type):
        raise ArgumentError(
            f"task: got {came(task)}, but an object with input_size, output_size, loss, "
            f"sample(n, rng) and accuracy(outputs, trials) is wanted: see stillpoint.tasks.Task."
        )
    for name, value, least in (
        ("units", units, 1),
        ("max_steps", max_steps, 0),
        ("batch", batch, 1),
    ):
        check_whole(name, value, least)
    check_real("rate", rate, above=0)
    if clip is not None:
        check_real("clip", clip, above=0)
    for name, bound in (("stop_at", stop_at), ("stop_at_accuracy", stop_at_accuracy)):
        if bound is not None:
            check_real(name, bound, least=0)
    check_option("schedule", schedule, _SCHEDULES)
    check_option("loss of the task", task.loss, LOSSES)
    number = read_seed("seed", seed)
    rng = np.random.default_rng(number)
    module, readout = _initial(task, cell, units, number)
    optimisation = Optimisation(task, module, readout, rate, float("inf") if clip is None else clip)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimisation.optimizer, max_steps, rate / _SCHEDULES[schedule]
    )
    average = np.array([np.inf, -np.inf])  # of loss and accuracy
    bar = tqdm(
        range(max_steps),
        desc=f"training {cell if isinstance(cell, str) else type(cell).__name__}",
        disable=None if progress is None else not progress,
    )
    for step in bar:
        found = np.array(optimisation.step(task.sample(batch, rng)))
        scheduler.step()
        average = found if step == 0 else 0.95 * average + 0.05 * found
        bar.set_postfix(loss=f"{average[0]:.2e}", accuracy=f"{average[1]:.3f}")
        low = stop_at is not None and average[0] < stop_at
        if low or (stop_at_accuracy is not None and average[1] > stop_at_accuracy):
            break
    return optimisation.network()


def _initial(
    task: Task, cell: str | nn.Module, units: int, seed: int
) -> tuple[nn.Module, nn.Linear]:
    """Return a module, new or a copy, and a new readout, drawn by `seed` alone."""
    if isinstance(cell, str):
        check_option("cell", cell, CELLS)
    elif not isinstance(cell, nn.Module):
        raise ArgumentError(
            f"cell: got {came(cell)}, but the name of a cell or a torch module is wanted (a module "
            f"itself, not its class)."
        )
    elif not getattr(cell, "batch_first", True):
        raise ArgumentError(
            f"cell: this {type(cell).__name__} takes (time, trials, m), but trials come first "
            f"here; make it with batch_first=True."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        m = task.input_size
        module = new_module(cell, m, units) if isinstance(cell, str) else copy.deepcopy(cell)
        dtype = next((p.dtype for p in module.parameters()), torch.get_default_dtype())
        try:
            with torch.no_grad():
                rates = rates_of(module, torch.zeros(2, 3, m, dtype=dtype))
            width = rates.shape[2]
        except (RuntimeError, TypeError, IndexError, AttributeError) as error:
            raise ArgumentError(
                f"cell: {type(module).__name__} does not take inputs of shape (trials, time, "
                f"{m}), as the task gives them, or return rates of shape (trials, "
                f"time, units) ({str(error).splitlines()[0]})."
            ) from error
        return module, nn.Linear(width, task.output_size, dtype=dtype)
