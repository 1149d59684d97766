"""
A script written for FixedPointFinder
=====================================

The names of FixedPointFinder (Golub and Sussillo 2018) are in
`stillpoint.compat.fixed_point_finder`. Only the import line of a script changes.
"""

import numpy as np
import torch

from stillpoint.compat.fixed_point_finder import FixedPointFinderTorch, plot_fps
from stillpoint.tasks import FlipFlop, load_network

# %%
# A trained torch module, and states that it visits.

network = load_network("tanh")
rnn = torch.nn.RNN(3, 16, batch_first=True).double()
with torch.no_grad():
    rnn.weight_hh_l0.copy_(torch.tensor(network.cell.W))
    rnn.weight_ih_l0.copy_(torch.tensor(network.cell.B))
    rnn.bias_hh_l0.copy_(torch.tensor(network.cell.b))
    rnn.bias_ih_l0.zero_()
states, _ = network.run(FlipFlop().sample(128, np.random.default_rng(0)).inputs)

# %%
# The script itself.

finder = FixedPointFinderTorch(rnn, max_iters=10000, lr_init=1.0, verbose=False)
initial_states = finder.sample_states(states, n_inits=512, noise_scale=0.5)
unique_fps, all_fps = finder.find_fixed_points(initial_states, np.zeros((1, 3)))
print(unique_fps.n, "fixed points")
plot_fps(unique_fps, state_traj=states[:10])

# %%
# What the script did not have before: whether any point is missing.

print(finder.points.census())
