"""
What leads where, proved
========================

Between the 8 memories of a flip-flop network lie 12 saddles with one unstable direction, one on
each edge of a cube. From each, one orbit leads to the memory on either side, and the two differ in
one bit. All of that is proved, and so is the machine that memories and pulses form.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network

network = load_network("tanh")
portrait = sp.portrait(network.system, np.zeros(3), readout=network.read_out)
print("\n".join(portrait.sentences))

# %%
# The graph in the state space, and as levels of saddles above what they lead to. Thick lines are
# proved.

graph = portrait.graph
words = ["".join("+" if y > 0 else "-" for y in row) for row in portrait.outputs[graph.attractors]]
figure = plt.figure(figsize=(11, 5), layout="constrained")
space = figure.add_subplot(1, 2, 1, projection="3d")
sp.plots.portrait(portrait, dimensions=3, ax=space)
sp.plots.hasse_diagram(graph, labels=words, ax=figure.add_subplot(1, 2, 2))

# %%
# Pulses lead from memory to memory as the task asks: for every sequence of them, of whatever
# length, with enough rest after each.

pulses = np.concatenate([np.eye(3), -np.eye(3)])
machine = sp.read_automaton(network.system, portrait.points, pulses, readout=network.read_out)
print(machine.verdict)
print(machine.compare(FlipFlop().automaton()))
