"""
From a trained network to how it computes
=========================================

A network that does its task is a formula with some hundred numbers, which say nothing to a reader.
This tutorial takes one apart in five figures: what it does, where its states go, where they stop,
what happens around these points, and what an input changes. It takes a few seconds.

The network comes with the package. For one of your own, `as_system` reads it, and all that follows
is the same.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network

network, task = load_network("tanh"), FlipFlop()
system = network.system
system

# %%
# What it does
# ------------
#
# Three channels carry pulses of +1 and -1. The network has to remember the sign of the last
# pulse on each. With two values for each channel there are eight things to remember.

trials = task.sample(200, np.random.default_rng(0))
trajectories, outputs = network.run(trials.inputs)

figure, axes = plt.subplots(3, 1, figsize=(7, 4), sharex=True, layout="constrained")
for k, ax in enumerate(axes):
    ax.plot(trials.inputs[0, :, k], color="0.6", label="input")
    ax.plot(trials.targets[0, :, k], "k--", linewidth=1, label="target")
    ax.plot(outputs[0, :, k], label="output")
    ax.set(ylabel=f"channel {k + 1}", ylim=(-1.3, 1.3))
axes[-1].set_xlabel("step")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)

print(f"answered correctly: {task.accuracy(outputs, trials):.1%} of all steps and channels")

# %%
# Where its states go
# -------------------
#
# The state has 16 dimensions, of which three hold most of what varies. Seen in these, states
# dwell at the corners of a cube and move along its edges.

pca = sp.fit_pca(trajectories, 3)
x, y, z = pca.transform(trajectories.reshape(-1, 16)).T
last = trials.targets.reshape(-1, 3) > 0
corner = last @ [1, 2, 4]

ax = plt.figure(figsize=(6, 5), layout="constrained").add_subplot(projection="3d")
ax.scatter(x, y, z, c=corner, cmap="tab10", s=2)
ax.set(xlabel="PC 1", ylabel="PC 2", zlabel="PC 3")

# %%
# Where they stop
# ---------------
#
# What holds the memory must be there without a pulse. So we ask for the fixed points, the states
# with F(x) = x, under the input zero.

starts = sp.sample_states(trajectories, 1024, noise=0.5, seed=0)
points = sp.find_fixed_points(system, starts, np.zeros(3))
points = sp.certify(system, points)
points

# %%
# There are 27: 8 stable ones, and 19 that nobody trained. The list can be trusted: `certify` has
# proved that each is there, and the census finds no evidence that one is missing.

print(points.census())
sp.plots.fixed_points(points, trajectories, projection=pca, dimensions=3)

# %%
# Stable points (filled) lie in the corners: these are the memories. Those with one unstable
# direction lie on the edges, those with two on the faces, and one with three in the middle of
# the cube. The short lines are unstable directions. They point along the edges: from an edge the
# state goes to one of two corners, which differ in one bit.
#
# What happens around these points
# --------------------------------
#
# Near a fixed point the network is linear, and the eigenvalues of its Jacobian say how fast a
# small push grows or decays. For a map those inside the unit circle decay.

stable, edges = points.stable, points[points.n_unstable == 1]
for name, some in (("corners", stable), ("edges", edges)):
    modulus = np.sort(np.abs(some.eigenvalues), axis=1)[:, ::-1].mean(axis=0)
    print(f"{name}: largest moduli of eigenvalues {modulus[:3].round(2)}")

_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
sp.plots.spectrum(points, ax=ax)

# %%
# In a corner every push decays within a few steps, so noise does no harm. On an edge one mode
# grows, and only one: it decides which of two corners the state goes to.
#
# What an input changes
# ---------------------
#
# A pulse is another input, under which the network is another map with fixed points of its own.
# Under a full pulse of +1 on the first channel only the corners in which the first bit is +1 are
# left, so the state goes there from wherever it is, and stays when the pulse is over.

pulse = sp.find_all_fixed_points(system, [1.0, 0.0, 0.0])
print("read out at the stable points under the pulse:")
print(np.unique(np.sign(network.read_out(pulse.stable.xstar)), axis=0))

held = np.zeros((8, 12, 3))
held[:, 3:5, 0] = 1.0  # two steps of the pulse, from each of the corners
switched = system.simulate(stable.xstar, held)

_, axes = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained", sharex=True, sharey=True)
for ax, title, shown in zip(axes, ("no pulse", "pulse on channel 1"), (points, pulse), strict=True):
    sp.plots.fixed_points(shown, switched, projection=pca, ax=ax)
    ax.set_title(title)

# %%
# So this is how it computes. Memories are stable fixed points. Each edge of the cube has a
# saddle, and its stable directions separate two memories that differ in one bit. A pulse takes
# away the memories that contradict it, and the state crosses to the one that differs in this bit
# alone.
#
# Where next: :doc:`/census` says what the verdict rests on, :doc:`/certificates` what is proved,
# :doc:`/slow_points` what to do where nothing stands still, and :doc:`/your_network` how
# networks of your own are read.
