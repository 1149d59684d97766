"""
A ring of units that recurs
===========================

Four units in a ring, each driving the next, have 81 points that recur after four steps: every
pattern of plus, minus and zero goes around. All are found, and proved.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp

weights = np.roll(2 * np.eye(4), 1, axis=0)
ring = sp.as_system(sp.cells.VanillaCell(weights, np.zeros((4, 0)), np.zeros(4)))
cycles = sp.find_cycles(ring, periods=range(1, 5))
cycles

# %%
# Under each iterate the indices of all points sum to one, as they must for a bounded network.
dict(zip(cycles.searched.tolist(), cycles.index_sum.tolist(), strict=True))

# %%
# Only those without a zero attract.
figure, ax = plt.subplots(figsize=(5, 4.6), layout="constrained")
drawn = sp.plots.cycles(cycles, ax=ax)
