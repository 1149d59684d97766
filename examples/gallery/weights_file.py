"""
A network without its code
==========================

A checkpoint is often all that is left of a network. `read_weights` tells the cell from the names
and shapes of the weights, and asks for what they do not say. Nothing in the file is run.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

import stillpoint as sp
from stillpoint.tasks import load_network

# %%
# A file as somebody else's script would write it: a GRU beside a readout.

cell = load_network("gru").cell
model = torch.nn.ModuleDict({"rnn": torch.nn.GRU(3, 16), "readout": torch.nn.Linear(16, 3)})
with torch.no_grad():
    model["rnn"].weight_hh_l0.copy_(torch.tensor(cell.W))
    model["rnn"].weight_ih_l0.copy_(torch.tensor(cell.B))
    model["rnn"].bias_ih_l0.copy_(torch.tensor(cell.b))
    model["rnn"].bias_hh_l0.zero_()[32:] = torch.tensor(cell.c)  # inside the reset gate
path = Path(tempfile.mkdtemp()) / "net.pt"
torch.save(model.state_dict(), path)

# %%
# And what is read from it.

system = sp.read_weights(path)
print(system)
points = sp.find_all_fixed_points(system, np.zeros(3))
print(points.census())

# %%
_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
sp.plots.fixed_points(points, ax=ax)
