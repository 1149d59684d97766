"""
Memories of a Hopfield network, and states that nobody stored
=============================================================

With patterns stored by Hebb's rule, W is the sum of their outer products. Each pattern is a stable
fixed point, and so is its mirror image. So are mixtures of three patterns.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

d = 60
patterns = np.sign(np.random.default_rng(0).normal(size=(3, d)))
W = 4 * patterns.T @ patterns / d
system = sp.as_system(VanillaCell(W, np.zeros((d, 0)), np.zeros(d)))
points = sp.find_all_fixed_points(system)
print(points.census())

# %%
# The overlap with each pattern tells memories (one overlap near 1) from mixtures (three near 1/2).

overlaps = points.stable.xstar @ patterns.T / d
overlaps = overlaps[np.abs(overlaps).max(axis=1).argsort()]

figure, ax = plt.subplots(figsize=(4, 5), layout="constrained")
image = ax.imshow(overlaps, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
ax.set(xlabel="pattern", ylabel="stable point", xticks=range(3), xticklabels="123")
figure.colorbar(image, label="overlap")

# %%
# Weights are symmetric, so states have an energy. For this network it is proved that every step
# lowers it: nothing recurs but rest. Mixtures lie higher than memories, and saddles above both.

energy = sp.energy(system)
print("no cycle of a period above", energy.longest_period)
figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
ax.scatter(points.n_unstable, energy(points.xstar), facecolor="none", edgecolor="black")
ax.set(xlabel="unstable directions", ylabel="energy", xticks=range(points.n_unstable.max() + 1))
