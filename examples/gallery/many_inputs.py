"""
How fixed points move with the input
====================================

A search takes one input for each start, so one call finds the points under many inputs.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

# %%
# A weak pulse on the first channel of the three-bit memory, in 41 strengths with 200 starts each.

system = load_network("tanh").system
strengths = np.linspace(0, 0.3, 41)
inputs = np.repeat(strengths, 200)[:, None] * [1.0, 0.0, 0.0]
starts = np.random.default_rng(0).uniform(-1, 1, (len(inputs), 16))
points = sp.find_fixed_points(system, starts, inputs)
print(f"{len(points)} points under {len(strengths)} inputs")

# %%
# Half of the memories and the saddles beside them meet in folds and vanish. Under a full pulse
# only the states in which the first bit is set are left.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
readout = load_network("tanh").read_out(points.xstar)[:, 0]
for n in range(4):
    rows = points.n_unstable == n
    ax.scatter(points.inputs[rows, 0], readout[rows], s=9, label=f"{n} unstable directions")
ax.set(xlabel="pulse on channel 1", ylabel="readout of channel 1")
figure.legend(loc="outside upper center", ncols=2)
