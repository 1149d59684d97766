"""
GRU and LSTM on one task
========================

Networks of other cells that were trained on the three-bit memory have as many fixed points, of the
same kinds. What differs is how fast they settle.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

_, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
for ax, cell in zip(axes, ("tanh", "gru", "lstm"), strict=True):
    system = load_network(cell).system
    points = sp.find_all_fixed_points(system, np.zeros(3))
    counts = np.bincount(points.n_unstable).tolist()
    slowest = points.stable.linearization.slowest_time_constant.mean()
    print(f"{cell}: {len(points)} points, with 0, 1, 2, 3 unstable directions {counts}")
    print(f"    the slowest mode of the stable ones decays in {slowest:.1f} steps")
    sp.plots.spectrum(points, ax=ax)
    ax.set_title(cell)
