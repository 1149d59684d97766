"""
How chaotic is a random network?
================================

The Lyapunov spectrum of a random network of 100 units, as its gain grows (Sompolinsky, Crisanti
and Sommers 1988). Large networks are chaotic from a gain of one on.
"""

import matplotlib.pyplot as plt
import numpy as np

import stillpoint as sp

rng = np.random.default_rng(0)
weights, start = rng.standard_normal((100, 100)) / 10, rng.standard_normal((2, 100))


def network(gain):
    """Return the network x' = tanh(gain W x)."""
    return sp.as_system(sp.cells.VanillaCell(gain * weights, np.zeros((100, 0)), np.zeros(100)))


gains = (0.8, 1.5, 2.0, 3.0)
spectra = {gain: sp.lyapunov(network(gain), start, k=40, steps=300) for gain in gains}
spectra[2.0]

# %%
figure, ax = plt.subplots(figsize=(5.5, 4), layout="constrained")
for gain, spectrum in spectra.items():
    ax.errorbar(np.arange(1, 41), spectrum.exponents, spectrum.errors, label=f"gain {gain}")
ax.axhline(0, color="grey", lw=0.8)
ax.set(xlabel="number", ylabel="exponent per step", ylim=(-1, 0.3))
ax.legend()
