"""
A loop of regions, and a lesion
===============================

A multi-region network is built from a JSON file, and searched before and after a connection is cut.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch

import stillpoint as sp
from stillpoint.models import MultiRegionRNN

config = Path("../data/basal_ganglia_loop.json")  # in `examples/data` of a clone
network = MultiRegionRNN(config, "relu", spectral_radius=1.3, seed=0, dtype=torch.float64)
regions = sp.as_system(network).state_regions

# %%
# Under a constant input both networks have one fixed point. The thalamus and the cortex (alm),
# silenced by the snr in the intact network, are active after the lesion.

starts = np.random.default_rng(0).normal(size=(64, network.num_units))
rates = {}
for name, one in (("intact", network), ("without snr->thal", network.without("snr->thal"))):
    points = sp.find_fixed_points(sp.as_system(one), starts, np.ones(network.num_inputs))
    active = np.maximum(points.xstar[0], 0)
    rates[name] = [active[network.indices(region)].mean() for region in regions]
    print(f"{name}: {points.census().verdict}")

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
for shift, (name, heights) in zip((-0.2, 0.2), rates.items(), strict=True):
    left.bar(np.arange(len(heights)) + shift, heights, width=0.4, label=name)
left.set_xticks(range(len(heights)), list(regions), rotation=90)
left.set(ylabel="mean rate")
left.legend()
sp.plots.region_blocks(points.linearization, ax=right)
right.set_title("Jacobian after the lesion")
