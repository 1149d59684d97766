"""Networks with a readout as torch modules, and back."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .._core.validation import check_option
from ..as_system import as_system
from ..cells import GRUCell, LSTMCell, VanillaCell
from .networks import CELLS, ReadoutNetwork

_MODULES: dict[str, Any] = {"tanh": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def new_module(cell: str, input_size: int, units: int) -> nn.Module:
    """Return a torch module with one layer of a cell, `batch_first`, weights drawn by torch."""
    check_option("cell", cell, CELLS)
    return _MODULES[cell](input_size, units, batch_first=True)


def to_module(network: ReadoutNetwork) -> nn.Module:
    """Return the recurrent part of a network as a torch module in float64, `batch_first`.

    Examples
    --------
    >>> from stillpoint.tasks import load_network
    >>> to_module(load_network("gru"))
    GRU(3, 16, batch_first=True)
    """
    cell: Any = network.cell
    name = next(name for name, known in CELLS.items() if isinstance(cell, known))
    gates: dict[type, int] = {VanillaCell: 1, GRUCell: 3, LSTMCell: 4}
    units = cell.b.shape[0] // gates[type(cell)]
    module = new_module(name, cell.input_size, units).double()
    recurrent_bias = torch.zeros(cell.b.shape[0], dtype=torch.float64)
    if isinstance(cell, GRUCell):
        recurrent_bias[2 * units :] = torch.as_tensor(cell.c)
    module.load_state_dict(
        {
            "weight_ih_l0": torch.as_tensor(cell.B),
            "weight_hh_l0": torch.as_tensor(cell.W),
            "bias_ih_l0": torch.as_tensor(cell.b),
            "bias_hh_l0": recurrent_bias,
        }
    )
    return module


def from_module(module: nn.Module, readout: nn.Linear) -> ReadoutNetwork:
    """Return a torch module and its linear readout as a network in NumPy, with its regions."""
    system = as_system(module)
    cell: Any = system.dynamics
    arrays = {
        name: value.numpy() if isinstance(value, torch.Tensor) else value
        for name, value in vars(cell).items()
    }
    return ReadoutNetwork(
        type(cell)(**arrays),
        C=readout.weight.detach().double().numpy(),
        a=readout.bias.detach().double().numpy(),
        regions={name: list(places) for name, places in system.state_regions.items()},
    )
