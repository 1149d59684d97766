"""
Between three memories
======================

A flow field in the plane through three memories of a network that remembers three bits. The title
says how much of the motion the plane shows.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

memory = load_network("tanh").system
points = sp.find_all_fixed_points(memory, np.zeros(3))
plane = sp.planes.through(points.stable.xstar[:3])
field = sp.flow_field(memory, plane, np.zeros(3))
field

# %%
# Arrows are faint where little of the motion lies in the plane. Nullclines cross at the memories,
# and at the saddles that separate them.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
sp.plots.flow_field(field, points, ax=left)
drawn = sp.plots.flow_field(field, points, style="streamlines", legend=False, ax=right)

# %%
# How far the 27 points are from the plane: three lie in it.
drawn["distances"].round(2)
