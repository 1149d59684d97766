"""
A memory of three bits
======================

A tanh network of 16 units was trained to remember the sign of the last pulse on each of three
channels (Sussillo and Barak 2013). Its 8 memories are stable fixed points, the corners of a cube.
Between them lie saddles: one on each edge, one on each face, and a point in the middle, 27 in all.
"""

import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network

network = load_network("tanh")
trials = FlipFlop().sample(64, np.random.default_rng(0))
trajectories, outputs = network.run(trials.inputs)

# %%
# Fixed points are those of the network without pulses, under the input zero.
# `find_all_fixed_points` needs no starts.

points = sp.find_all_fixed_points(network.system, np.zeros(3))
points

# %%
# Colours count the unstable directions, and filled points are stable.

sp.plots.fixed_points(points, trajectories, dimensions=3)

# %%
# Each stable point reads out another memory.

network.read_out(points.stable.xstar).round(1)
