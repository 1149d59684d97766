"""Networks with a few leading directions, for the tests of proofs in these."""

from __future__ import annotations

import numpy as np
from enumeration_cases import vanilla
from mpmath import mp, mpf

from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration.leading.splitting import as_tanh, splitting, steepest_slopes

PHI = {
    "tanh": mp.tanh,
    "softplus": lambda a: mp.log(1 + mp.exp(a)),
    "relu": lambda a: max(a, mpf(0)),
}


def form_of(cell):
    return cell.interval_extension().rate_form(Interval(np.zeros((1, cell.input_size))))


def split_of(form, k):
    form = as_tanh(form)
    return splitting(form, k, np.ones(len(form.W)), steepest_slopes(form))


def coupled(rng, d, k=2, gain=2.0, rest=0.4, phi="tanh", bias=0.1):
    """Return k leading directions beside weights of norm `rest`."""
    M = np.linalg.qr(rng.standard_normal((d, k)))[0]
    R = rng.standard_normal((d, d))
    R *= rest / np.linalg.norm(R, 2)
    return vanilla(gain * M @ M.T + R, bias * rng.standard_normal(d), phi)
