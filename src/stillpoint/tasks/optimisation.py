"""One optimisation step after the other, the weights that were good so far, and the losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import nn

from ..errors import ArgumentError, StillpointError
from .modules import from_module
from .networks import ReadoutNetwork
from .trials import Task, Trials, check_trials

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False, repr=False)
class TrainedNetwork:
    """What training gives.

    Attributes
    ----------
    module
        The recurrent torch module, `batch_first`.
    readout
        The linear readout, a torch module.
    losses
        The loss at every step, the mean over what the mask counts, shape (steps,).
    accuracies
        What the task's `accuracy` says at every step, shape (steps,).
    """

    module: nn.Module
    readout: nn.Linear
    losses: Float[np.ndarray, " steps"]
    accuracies: Float[np.ndarray, " steps"]

    def __repr__(self) -> str:
        told = "untrained"
        if len(self.losses):
            told = f"{len(self.losses)} steps, last loss {self.losses[-1]:.2e}"
        return f"TrainedNetwork({type(self.module).__name__}, {told})"

    def as_network(self) -> ReadoutNetwork:
        """Return the network as NumPy weights."""
        history = {"loss": self.losses, "accuracy": self.accuracies}
        return replace(from_module(self.module, self.readout), history=history)


class TrainingError(StillpointError):
    """Training cannot go on; the message says at which step and why.

    Attributes
    ----------
    network
        The weights of the last step at which loss and gradients were finite, and the losses and
        accuracies up to it. Where there was no such step, the weights that training began with.
    """

    def __init__(self, message: str, network: TrainedNetwork) -> None:
        super().__init__(message)
        self.network = network


class Optimisation:
    """The weights on their way down: one optimisation step at a time, and the last good weights."""

    def __init__(
        self, task: Task, module: nn.Module, readout: nn.Linear, rate: float, clip: float
    ) -> None:
        self.task, self.module, self.readout = task, module, readout
        self.rate, self.clip = rate, clip
        self.loss = LOSSES[task.loss]
        both = (module, readout)
        self.trained = [p for part in both for p in part.parameters() if p.requires_grad]
        self.tensors = [t for part in both for t in (*part.parameters(), *part.buffers())]
        self.optimizer = torch.optim.Adam(self.trained, lr=rate)
        self.losses: list[float] = []
        self.accuracies: list[float] = []
        self._keep()

    def step(self, trials: Trials) -> tuple[float, float]:
        """Take one step, if loss and gradient are finite; return loss and accuracy before it."""
        if not self.losses:
            check_trials(self.task, trials)
        outputs = self.readout(rates_of(self.module, self._tensor(trials.inputs)))
        if outputs.shape[:2] != trials.inputs.shape[:2]:
            raise ArgumentError(
                f"cell: it returns states of shape {tuple(outputs.shape[:2])} for inputs of shape "
                f"{trials.inputs.shape[:2]}; (trials, time) is wanted."
            )
        loss = self.loss(outputs, self._tensor(trials.targets), self._tensor(trials.mask))
        if not torch.isfinite(loss):
            raise self._error(f"the loss is {loss.item()}")
        self.optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.trained, self.clip)
        if not torch.isfinite(norm):
            raise self._error(f"the norm of the gradient is {norm.item()}")
        self._keep()
        self.losses.append(loss.item())
        self.accuracies.append(self.task.accuracy(outputs.detach().numpy(), trials))
        self.optimizer.step()
        return self.losses[-1], self.accuracies[-1]

    def network(self) -> TrainedNetwork:
        """Return the weights as they are, if finite, with losses and accuracies so far."""
        if not all(bool(torch.isfinite(weights).all()) for weights in self.trained):
            raise self._error("a weight is not finite")
        return self._network()

    def _network(self) -> TrainedNetwork:
        return TrainedNetwork(
            self.module, self.readout, np.array(self.losses), np.array(self.accuracies)
        )

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """Return floats in the readout's precision, whole numbers as classes."""
        is_whole = np.issubdtype(array.dtype, np.integer)
        return torch.as_tensor(array, dtype=torch.int64 if is_whole else self.readout.weight.dtype)

    def _keep(self) -> None:
        self.good = [tensor.detach().clone() for tensor in self.tensors]

    def _error(self, what: str) -> TrainingError:
        """Go back to the last good weights, and say what is wrong."""
        with torch.no_grad():
            for tensor, good in zip(self.tensors, self.good, strict=True):
                tensor.copy_(good)
        return TrainingError(
            f"training: {what} at step {len(self.losses)}; use a smaller rate than {self.rate}, "
            f"or a smaller clip. The error's `network` has the last good weights.",
            self._network(),
        )


def rates_of(module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return what the readout of a recurrent module reads: its rates, or its first output."""
    rates = getattr(module, "rates", None)
    return module(inputs)[0] if rates is None else rates(inputs)


# -- losses: means over the steps, weighted by the mask -----------------------------------------


def masked_mse(
    outputs: Float[Tensor, "n t k"], targets: Float[Tensor, "n t k"], mask: Float[Tensor, "n t"]
) -> Float[Tensor, ""]:
    """Return the mean squared error."""
    squares = mask[:, :, None] * (outputs - targets).square()
    return squares.sum() / (_total(mask) * outputs.shape[2])


def masked_cross_entropy(
    outputs: Float[Tensor, "n t k"], targets: Integer[Tensor, "n t"], mask: Float[Tensor, "n t"]
) -> Float[Tensor, ""]:
    """Return the mean cross-entropy in nats of logits and classes."""
    steps = nn.functional.cross_entropy(outputs.transpose(1, 2), targets, reduction="none")
    return (mask * steps).sum() / _total(mask)


def _total(mask: Float[Tensor, "n t"]) -> Float[Tensor, ""]:
    total = mask.sum()
    if total <= 0:
        raise ArgumentError("mask: no step of these trials counts; at least one must.")
    return total


#: Of outputs, targets and mask, by the names that tasks use.
LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "mse": masked_mse,
    "cross-entropy": masked_cross_entropy,
}
