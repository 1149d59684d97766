"""
What do networks with one task have in common?
==============================================

Five networks that remember three bits: tanh, GRU, LSTM, and two that obey Dale's law, of 16, 32 and
30 states. Coordinates have nothing to do with each other, so they are compared by what does not
depend on them: points by unstable directions, spectra, shapes, and what leads where.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

names = ("tanh", "gru", "lstm", "dale_leaky", "dale_elman")
systems = {name: load_network(name).system for name in names}
options = {"max_starts": 512, "exhaustive": False}  # no proofs, as they take half a minute
found = sp.sweep(systems, "find_all_fixed_points", inputs=np.zeros(3), **options)
graphs = sp.sweep(systems, "connect", points=found)
found.table()[["points", "stable", "index_sum", "slowest"]]

# %%
# A network is recognised whatever its units are called, and whatever their signs.

cell, rng = load_network("tanh").cell, np.random.default_rng(0)
P = np.eye(16)[rng.permutation(16)] * rng.choice([-1, 1], size=16)[:, None]
systems["renamed"] = sp.as_system(sp.cells.VanillaCell(P @ cell.W @ P.T, P @ cell.B, P @ cell.b))
renamed = sp.find_all_fixed_points(systems["renamed"], np.zeros(3), max_starts=512)
print(sp.compare(found["tanh"], renamed).sentence)

# %%
# All of them, each with each. Classes have as many points of each kind, and the same graph.

distances = sp.compare_all({name: [found[name], graphs[name]] for name in names})
print(distances)
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for ax, aspect in zip(axes, ("spectra", "shape"), strict=True):
    sp.plots.networks(distances, aspect, names=True, legend=aspect == "shape", ax=ax)

# %%
# Forty networks that were trained for this question are on the page on many networks: all do the
# task, 34 have the edges of a cube between their memories, and 33 all of its 27 points.
