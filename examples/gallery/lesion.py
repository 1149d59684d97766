"""
A loop of regions, and a lesion
===============================

A multi-region network is built from a JSON file, taken apart by region, and searched again after a
connection is cut.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

import stillpoint as sp
from stillpoint.models import MultiRegionRNN

config = Path("../data/basal_ganglia_loop.json")
network = MultiRegionRNN(config, "relu", spectral_radius=1.3, seed=0, dtype=torch.float64)
lesioned = network.without("snr->thal")
inputs = np.ones(network.num_inputs)

# %%
# Under a constant input both networks have one fixed point. The thalamus, silenced by the snr in
# the intact network, is active after the lesion.

starts = np.random.default_rng(0).normal(size=(64, network.num_units))
for name, one in (("intact", network), ("lesioned", lesioned)):
    points = sp.find_fixed_points(sp.as_system(one), starts, inputs)
    thalamus = np.maximum(points.xstar, 0)[:, network.indices("thal")].mean()
    print(f"{name}: {points.census().verdict} Mean rate of the thalamus: {thalamus:.2f}")

# %%
# The Jacobian of the lesioned network, block by block, and how much of each mode lies in each
# region.

_, axes = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
sp.plots.region_blocks(points.linearization, ax=axes[0])
sp.plots.region_modes(points.linearization, ax=axes[1])
