"""
How many points are missing?
============================

A search finds what its starts can reach. The census of a set of points says whether that is all:
the indices of *all* fixed points of a network with bounded activations sum to 1 (Lefschetz 1926).
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network

network = load_network("tanh")
trajectories, _ = network.run(FlipFlop().sample(256, np.random.default_rng(0)).inputs)

# %%
# From the last states of trials, in one pass without further rounds, eight points are found. Each
# is stable and has the index 1, so the sum is 8 instead of 1.

found = sp.find_fixed_points(network.system, trajectories[:, -1], np.zeros(3), rounds=0)
print(found.census())

# %%
# With rounds, which is the default, further starts are drawn while index or hits say that points
# are missing.

points = sp.find_fixed_points(network.system, trajectories[:, -1], np.zeros(3))
print(points.census())
print(points.starts.discoveries_told)

# %%
# How the starts of the second search ended:

_, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
sp.plots.fixed_points(points, trajectories, ax=axes[0])
sp.plots.search_summary(points, ax=axes[1])
