"""
A ring attractor, and the points that it is made of
===================================================

Units with preferred directions, each exciting its neighbours, hold a bump of activity at any angle.
In the limit of many units the bumps form a ring of fixed points. With finitely many there are
2 N + 1: one bump on each unit, one between each two, and the silent state.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

N = 12
angles = 2 * np.pi * np.arange(N) / N
W = 4 / N * np.cos(angles[:, None] - angles)
system = sp.as_system(VanillaCell(W, np.zeros((N, 0)), np.zeros(N)))

# %%
# W has rank 2, so the list can be proved complete.

points = sp.find_all_fixed_points(system)
print(points.census())

# %%
# The drift along the ring is nearly nothing: the ring is slow as a whole, though made of 24
# points.

ring = sp.follow_slow_manifold(system, points.stable)
ring

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
sp.plots.fixed_points(points, ax=left)
sp.plots.slow_manifold(ring, ax=right)
