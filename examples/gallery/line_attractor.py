"""
A line attractor, and what is integrated along it
=================================================

A network integrates motion or colour, as a context input says (Mante et al. 2013). In each context
it has a line of slow states. The selection vector, the left eigenvector of the slow mode, says what
an input does to the position along the line.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import ContextIntegration, load_network

network, task = load_network("context"), ContextIntegration()
trials = task.sample(200, np.random.default_rng(0))
trajectories, _ = network.run(trials.inputs)

lines = []
for context, inputs in (("motion", [0, 0, 1, 0]), ("colour", [0, 0, 0, 1])):
    starts = sp.sample_states(trajectories, 64, noise=0.1)
    points = sp.find_fixed_points(network.system, starts, inputs)
    line = sp.follow_slow_manifold(network.system, points)
    lines.append(line)
    gain = np.abs(line.input_gain[line.origin, 0, :2])
    print(f"context {context}: push per unit of motion {gain[0]:.2f}, of colour {gain[1]:.2f}")

# %%
# The line of the first context: its length, its drift, and how fast all else decays onto it.

lines[0]

# %%
_, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, line, context in zip(axes, lines, (0, 1), strict=True):
    sp.plots.slow_manifold(line, trajectories[trials.conditions["context"] == context], ax=ax)
