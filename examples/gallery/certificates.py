"""
Proofs near a bifurcation
=========================

A search in floating point ends where ``|F(x) - x|`` is about 1e-16. That is strong evidence
of a fixed point and no proof: beyond a fold there may be none. `certify` proves that exactly one
lies within a box.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

# %%
# x' = tanh(2 x + b) has three fixed points for ``|b| < b*``; at ``b*`` two of them meet.

fold = np.sqrt(0.5)
b_fold = 2 * fold - np.arctanh(fold)
starts = np.linspace(-1, 1, 200)[:, None]

distances = 10.0 ** -np.arange(1, 14, 2)
exists, unique = [], []
for distance in distances:
    cell = VanillaCell(np.array([[2.0]]), np.zeros((1, 0)), np.array([b_fold * (1 - distance)]))
    system = sp.as_system(cell)
    points = sp.certify(system, sp.find_fixed_points(system, starts))
    proof = points.certificate
    print(f"1 - b / b* = {distance:.0e}: {proof.proved.sum()} of {len(points)} points proved")
    nearest = points.nearest([[-fold]])[0]
    exists.append(proof.radius_exists[nearest])
    unique.append(proof.radius_unique[nearest])

# %%
# The nearer the fold, the larger the box in which the point is known to lie, and the smaller the
# one in which it is known to be alone. Where they meet, at about 1e-14, proofs end.

_, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.loglog(distances, exists, "o-", label="radius_exists")
ax.loglog(distances, unique, "s--", label="radius_unique")
ax.set(xlabel="1 - b / b*", ylabel="radius")
ax.legend()
