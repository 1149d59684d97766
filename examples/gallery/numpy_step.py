"""
A NumPy function with a state of several variables
==================================================

Any batched function ``step(state, input)`` is a network. Here each unit has an activity ``v`` and a
slow adaptation ``a`` that opposes it. Nothing is known of the function but its values, so
derivatives are central differences.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp


def step(state, _):
    """Two units that inhibit each other, with adaptation."""
    v, a = state["v"], state["a"]
    return {"v": np.tanh(2.0 * v - 1.5 * v[:, ::-1] - a), "a": 0.95 * a + 0.05 * v}


system = sp.as_system(step, state={"v": np.zeros(2), "a": np.zeros(2)}, lefschetz=1)
rng = np.random.default_rng(0)
starts = system.pack({"v": rng.uniform(-1, 1, (256, 2)), "a": rng.uniform(-1, 1, (256, 2))})
points = sp.find_fixed_points(system, starts)
points

# %%
# The points, in the variables of the function:

points.unpack()["v"].round(3)

# %%
_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
orbits = system.simulate(starts[:30], steps=100)
sp.plots.fixed_points(points, orbits, ax=ax)
