"""A small trainer: Adam on the mean squared error of a cell with a linear readout, in torch."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import nn
from tqdm.auto import tqdm

from ..status import StillpointError, check_option
from .flip_flop import Trials
from .modules import from_module, new_module
from .networks import CELLS, ReadoutNetwork


@runtime_checkable
class Task(Protocol):
    """What the trainer needs of a task."""

    @property
    def input_size(self) -> int: ...

    @property
    def output_size(self) -> int: ...

    def sample(self, n: int, rng: np.random.Generator) -> Trials: ...


class TrainingError(StillpointError):
    """Training cannot go on; the message says at which step and why."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What training gives.

    Attributes
    ----------
    module
        The recurrent torch module, `batch_first`.
    readout
        The linear readout, a torch module.
    losses
        The mean squared error at every step, shape (steps,).
    """

    module: nn.Module
    readout: nn.Linear
    losses: Float[np.ndarray, " steps"]

    def as_network(self) -> ReadoutNetwork:
        """Return the network as NumPy weights."""
        return from_module(self.module, self.readout)


def train(
    task: Task,
    cell: str | nn.Module = "tanh",
    units: int = 16,
    *,
    max_steps: int = 5000,
    batch: int = 128,
    rate: float = 5e-3,
    stop_at: float = 1e-3,
    seed: int = 0,
    progress: bool | None = None,
) -> TrainedNetwork:
    """Train a recurrent cell with a linear readout on a task.

    Adam with a learning rate that falls along a cosine to a hundredth, gradients clipped to norm
    1. The initial weights and the trials depend on `seed` alone, and no global seed is touched.

    Parameters
    ----------
    task
        Gives trials by `sample(n, rng)`.
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
    stop_at
        Training stops early when the loss, averaged over about 20 steps, is below this.
    seed
        Of everything random.
    progress
        Whether to draw a progress bar; None draws it on a terminal.

    Raises
    ------
    ArgumentError
        If there is no such cell.
    TrainingError
        If the loss becomes NaN.
    """
    if isinstance(cell, str):
        check_option("cell", cell, CELLS)
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        is_name = isinstance(cell, str)
        module = new_module(cell, task.input_size, units) if is_name else copy.deepcopy(cell)
        with torch.no_grad():
            width = _rates(module, torch.zeros(1, 1, task.input_size)).shape[2]
        readout = nn.Linear(width, task.output_size)
    parameters = [p for p in (*module.parameters(), *readout.parameters()) if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max_steps, rate / 100)
    losses: list[float] = []
    average = float("inf")
    bar = tqdm(
        range(max_steps),
        desc=f"training {cell if is_name else type(cell).__name__}",
        disable=None if progress is None else not progress,
    )
    for step in bar:
        trials = task.sample(batch, rng)
        outputs = readout(_rates(module, _tensor(trials.inputs)))
        loss = nn.functional.mse_loss(outputs, _tensor(trials.targets))
        if not torch.isfinite(loss):
            raise TrainingError(
                f"training: the loss is {loss.item()} at step {step}; use a smaller rate "
                f"than {rate}."
            )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        average = losses[-1] if step == 0 else 0.95 * average + 0.05 * losses[-1]
        bar.set_postfix(loss=f"{average:.2e}")
        if average < stop_at:
            break
    return TrainedNetwork(module, readout, np.array(losses))


def _rates(module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    return module.rates(inputs) if hasattr(module, "rates") else module(inputs)[0]


def _tensor(array: Float[np.ndarray, "..."]) -> torch.Tensor:
    return torch.as_tensor(array, dtype=torch.float32)
