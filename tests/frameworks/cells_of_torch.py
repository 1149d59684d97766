"""PyTorch's recurrent modules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from framework_cells import Case, Network
from torch import nn


def _network(make: Callable[[], nn.Module], rng: np.random.Generator) -> Network:
    torch.manual_seed(int(rng.integers(2**31)))
    model = make().double()

    def step(state, u):
        if not hasattr(model, "num_layers"):
            return model(u, state)
        return model(u[:, None, :], state)[1]

    return Network(model, step, "torch")


def _case(name: str, make: Callable[[], nn.Module]) -> Case:
    return Case("PyTorch", name, lambda rng: _network(make, rng))


CASES = [
    _case("RNNCell", lambda: nn.RNNCell(3, 5)),
    _case("RNNCell, relu", lambda: nn.RNNCell(3, 5, nonlinearity="relu")),
    _case("GRUCell", lambda: nn.GRUCell(3, 5)),
    _case("LSTMCell", lambda: nn.LSTMCell(3, 5)),
    _case("RNN, 2 layers", lambda: nn.RNN(3, 4, num_layers=2, batch_first=True)),
    _case("GRU", lambda: nn.GRU(3, 5, batch_first=True)),
    _case("GRU, 2 layers", lambda: nn.GRU(3, 4, num_layers=2, batch_first=True)),
    _case("LSTM, 2 layers", lambda: nn.LSTM(3, 4, num_layers=2, batch_first=True)),
    _case("LSTM, projected", lambda: nn.LSTM(3, 5, proj_size=2, batch_first=True)),
]
