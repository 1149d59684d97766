"""
A network of low rank, proved complete
======================================

The recurrent weights of 200 units have rank 2, so every fixed point is determined by two latent
numbers. An exhaustive search of that plane proves that no point is missing.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.cells import LowRank, VanillaCell

d = 200
rng = np.random.default_rng(0)
U = rng.normal(size=(d, 2))
V = 2.5 * U + 0.5 * rng.normal(size=(d, 2))
cell = VanillaCell(LowRank(U, V / d), np.zeros((d, 0)), np.zeros(d))
system = sp.as_system(cell)
points = sp.find_all_fixed_points(system)
points

# %%
# States seen in the latent plane, (1/d) Vᵀ x, with orbits from random states.

orbits = system.simulate(0.3 * rng.normal(size=(60, d)), steps=20)
_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
ax.plot(*np.moveaxis(orbits @ V / d, 2, 0).swapaxes(1, 2), color="0.8", linewidth=0.8)
latent = points.xstar @ V / d
for stable, marker in ((True, "o"), (False, "x")):
    ax.scatter(*latent[points.is_stable == stable].T, marker=marker, zorder=3)
ax.set(xlabel="first latent state", ylabel="second latent state", aspect="equal")
