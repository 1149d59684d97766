"""Gated cells with a fixed point that is known, for the tests of proofs in leading directions."""

from __future__ import annotations

import numpy as np

from stillpoint.cells import GRUCell, LSTMCell, ResetBeforeGRUCell
from stillpoint.proofs.krawczyk import EquilibriumForm

NO_INPUT = np.zeros(0)


def logit(p):
    return np.log(p) - np.log1p(-p)


def form_of(cell):
    exact = cell.interval_extension()
    box = exact.equilibrium_box()
    return EquilibriumForm(exact.equilibrium_problem(), np.zeros((1, 0)), len(box), box)


def gru(rng, d, gain=2.0):
    """Return a GRU and a fixed point of it: the gate and the state are chosen, then the biases."""
    W, c = gain / np.sqrt(d) * rng.standard_normal((3 * d, d)), rng.standard_normal(d)
    h, r = np.tanh(rng.standard_normal(d)), rng.uniform(0.1, 0.9, d)
    b_r, b_n = logit(r) - W[:d] @ h, np.arctanh(h) - r * (W[2 * d :] @ h + c)
    return GRUCell(W, np.zeros((3 * d, 0)), np.r_[b_r, np.zeros(d), b_n], c), h


def reset_before(rng, d, gain=2.0):
    W = gain / np.sqrt(d) * rng.standard_normal((3 * d, d))
    h, r = np.tanh(rng.standard_normal(d)), rng.uniform(0.1, 0.9, d)
    b_r, b_n = logit(r) - W[:d] @ h, np.arctanh(h) - W[2 * d :] @ (r * h)
    return ResetBeforeGRUCell(W, np.zeros((3 * d, 0)), np.r_[b_r, np.zeros(d), b_n]), h


def lstm(rng, d, gain=1.0):
    W = gain / np.sqrt(d) * rng.standard_normal((4 * d, d))
    i, f, o = rng.uniform(0.1, 0.9, (3, d))
    g = rng.uniform(-0.9, 0.9, d)
    h = o * np.tanh(i * g / (1 - f))
    return LSTMCell(
        W, np.zeros((4 * d, 0)), np.r_[logit(i), logit(f), np.arctanh(g), logit(o)] - W @ h
    ), h


KINDS = {"gru": gru, "reset_before": reset_before, "lstm": lstm}
