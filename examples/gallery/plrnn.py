"""
All fixed points of a piecewise-linear RNN
==========================================

Between the kinks of its units a PLRNN, x' = A x + W relu(x) + b, is linear, so each of its linear
regions holds at most one isolated fixed point. With few units all regions can be looked at: the
list is proved complete.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.cells import ShallowCell

A = np.array([0.3, 0.3])
W = np.array([[0.0, -0.9], [-0.9, 0.0]])
cell = ShallowCell.plrnn(A, W, np.zeros((2, 0)), np.array([1.0, 1.0]))
system = sp.as_system(cell)
points = sp.find_all_fixed_points(system)
points

# %%
# Two units that inhibit each other: either one wins, and the saddle lies between.

orbits = system.simulate(np.random.default_rng(0).normal(size=(40, 2)), steps=30)
_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
sp.plots.fixed_points(points, orbits, ax=ax)
