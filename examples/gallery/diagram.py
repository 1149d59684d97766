"""
From one context to another
===========================

A network that integrates one of two signals, as the context says, has fixed points under either
context. What becomes of them while the context changes?
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

# %%
# The inputs are two signals and two contexts. Without signals, under the first context, there are
# two stable points and a saddle. All of them are followed to the second context.

system = load_network("context").system
first, second = np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0])
points = sp.find_all_fixed_points(system, first, max_starts=1024, exhaustive=False)
diagram = sp.follow_points(system, points, sp.path(first, second))
print(diagram)

# %%
# Right at the beginning the saddle meets one of the stable points in a fold, which is proved; a
# search on the way finds that shortly before the end another pair is born. In between there is one
# point: the two contexts share no attractor except through this corridor.

print(diagram.counts())
print(diagram.attractors_along())

# %%
# The first principal component against the context, and the same branches in the state space.

figure, axes = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
sp.plots.diagram(diagram, ax=axes[0])
sp.plots.tracks(diagram, ax=axes[1])
axes[0].set_title("Fixed points from one context to the other")
axes[1].set_title("Their tracks")
