"""
Your own torch module
=====================

Most laboratories write their network themselves. `as_system` reads it as it is and tries whether it
is a leaky, rate, vanilla or piecewise-linear network; what it recognises gets closed-form
derivatives.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import stillpoint as sp


class CTRNN(torch.nn.Module):
    """A rate network under Dale's law, stepped by Euler's method."""

    def __init__(self, units=20, inputs=2, dt=20.0, tau=100.0):
        super().__init__()
        self.weight = torch.nn.Parameter(3.0 * torch.rand(units, units) / units**0.5)
        self.drive = torch.nn.Linear(inputs, units)
        self.signs = torch.sign(torch.arange(units) - 0.2 * units)  # a fifth inhibits
        self.alpha = dt / tau

    def forward(self, u, h):
        """Return the output, here the state itself, and the next state."""
        recurrent = h @ (torch.abs(self.weight) * self.signs).T
        h = (1 - self.alpha) * h + self.alpha * torch.tanh(recurrent + self.drive(u))
        return h, h


torch.manual_seed(0)
model = CTRNN()
system = sp.as_system(model, state_size=20, input_size=2)
system

# %%
# The last words say what was recognised. From here on it is a network like any other.

points = sp.certify(system, sp.find_all_fixed_points(system, np.zeros(2)))
points

# %%
_, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
starts = np.random.default_rng(0).normal(size=(30, 20))
orbits = system.clamp(np.zeros(2)).simulate(starts, steps=60)
sp.plots.fixed_points(points, orbits, ax=left)
sp.plots.spectrum(points, ax=right)
