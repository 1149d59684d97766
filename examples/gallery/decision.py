"""
A decision, and the ghost that it passes
========================================

A network of 64 rectified units decides which of two noisy channels is the stronger. As the evidence
grows, its two unstable fixed points approach each other and collide. What is left is a ghost: a
minimum of the speed that is not zero.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import PerceptualDecision, load_network

network, task = load_network("decision"), PerceptualDecision()
trials = task.sample(100, np.random.default_rng(0))
trajectories, _ = network.run(trials.inputs)
starts = trajectories[:, ::4].reshape(-1, 64)

# %%
# `find_slow_points` takes every start down to a minimum of the speed.

coherences = (0.0, 6.4, 12.8, 25.6)
slow = [
    sp.find_slow_points(network.system, starts, task.constant_input(coherence))
    for coherence in coherences
]
print(slow[-1])

# %%
# Two fixed points, until there is a ghost.

pca = sp.fit_pca(trajectories, 2)
_, axes = plt.subplots(2, 2, figsize=(8, 8), layout="constrained", sharex=True, sharey=True)
for ax, coherence, minima in zip(axes.flat, coherences, slow, strict=True):
    sp.plots.slow_points(minima, trajectories, projection=pca, ax=ax)
    ax.set_title(f"coherence {coherence} %")
