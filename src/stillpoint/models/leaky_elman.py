"""A leaky Elman network in discrete time, as a torch module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from .._core.validation import check_flag, check_option, check_real, check_whole, read_seed
from ..cells import VanillaCell
from ..system import System
from .connectome_checks import MOST_UNITS
from .running import ACTIVATIONS, check_shape, options_of_weights, time_first

Tensor = torch.Tensor


class LeakyElmanRNN(nn.Module):
    """h' = phi((1 - alpha) h + alpha (W h + B u + b)), with alpha = dt / tau.

    The network of Song, Yang and Wang (2016) and of Yang and Wang (2020), in the form that is
    rectified after the leak; with alpha = 1 it is an Elman network.

    Parameters
    ----------
    input_size, hidden_size
        The number of input channels m, and of units d.
    alpha
        Duration of a step over the time constant, above 0 and at most 1.
    nonlinearity
        phi: relu, tanh, sigmoid, softplus or linear.
    batch_first
        Whether sequences are (trials, time, units) or (time, trials, units).
    seed
        Of the initial weights, a number or a NumPy generator; None draws them with torch's global
        generator.
    dtype, device
        As for any module.

    Attributes
    ----------
    weight_ih, weight_hh, bias
        B, shape (d, m); W, shape (d, d), rows = to; and b, shape (d,). At the start b is zero,
        and B and W are normal with variance 1/m and 1/d.

    Raises
    ------
    ArgumentError
        If a size is no positive whole number, alpha is out of range, or phi is unknown.

    Examples
    --------
    >>> import stillpoint as sp
    >>> rnn = LeakyElmanRNN(3, 8, alpha=0.2, seed=0)
    >>> states, last = rnn(torch.zeros(4, 22, 3))
    >>> states.shape, last.shape, sp.as_system(rnn)
    (torch.Size([4, 22, 8]), torch.Size([4, 8]), System(map, 8 states, 3 inputs; closed form))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        alpha: float = 1.0,
        nonlinearity: str = "relu",
        batch_first: bool = True,
        seed: int | np.random.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = check_whole("input_size", input_size, least=0, most=MOST_UNITS)
        self.hidden_size = check_whole("hidden_size", hidden_size, least=1, most=MOST_UNITS)
        self.alpha = check_real("alpha", alpha, above=0, most=1)
        self.nonlinearity = check_option("nonlinearity", nonlinearity, ACTIVATIONS)
        self.batch_first = check_flag("batch_first", batch_first)
        number = None if seed is None else read_seed("seed", seed)
        generator = None if number is None else torch.Generator().manual_seed(number)
        options = options_of_weights(dtype, device)

        def normal(fan_in: int) -> nn.Parameter:
            shape = (hidden_size, fan_in)
            drawn = torch.randn(shape, generator=generator, dtype=torch.float64)
            return nn.Parameter((drawn * max(fan_in, 1) ** -0.5).to(**options))

        self.weight_ih, self.weight_hh = normal(input_size), normal(hidden_size)
        self.bias = nn.Parameter(torch.zeros(hidden_size, **options))

    def extra_repr(self) -> str:
        """Sizes and constants, for `repr`."""
        sizes = f"{self.input_size}, {self.hidden_size}"
        return f"{sizes}, alpha={self.alpha:g}, nonlinearity={self.nonlinearity!r}"

    def forward(
        self, inputs: Float[Tensor, "a b m"], h0: Float[Tensor, "n d"] | None = None
    ) -> tuple[Float[Tensor, "a b d"], Float[Tensor, "n d"]]:
        """Run a batch of sequences.

        Parameters
        ----------
        inputs
            Shape (trials, time, m), or (time, trials, m) if not `batch_first`.
        h0
            Initial states, shape (trials, d); zeros by default.

        Returns
        -------
        states, last
            All states, laid out like the inputs, and those after the last step, (trials, d).

        Raises
        ------
        ArgumentError
            If a shape does not fit, or there is no time step.
        """
        axis = int(self.batch_first)
        n = time_first("inputs", inputs, self.input_size, self.batch_first, self.bias).shape[1]
        check_shape("h0", h0, (n, self.hidden_size), self.bias)
        h = inputs.new_zeros(n, self.hidden_size) if h0 is None else h0
        phi, states = ACTIVATIONS[self.nonlinearity], []
        for drive in nn.functional.linear(inputs, self.weight_ih, self.bias).unbind(axis):
            h = phi((1 - self.alpha) * h + self.alpha * (h @ self.weight_hh.T + drive))
            states.append(h)
        return torch.stack(states, dim=axis), h

    def __stillpoint_system__(self) -> System:
        """Return the network as a System in float64: a vanilla cell that has taken up the leak."""
        W, B, b = (
            weights.detach().to(torch.float64).clone()
            for weights in (self.weight_hh, self.weight_ih, self.bias)
        )
        leak = (1 - self.alpha) * torch.eye(self.hidden_size).to(W)
        cell = VanillaCell(
            W=leak + self.alpha * W, B=self.alpha * B, b=self.alpha * b, phi=self.nonlinearity
        )
        return System.of(cell)
