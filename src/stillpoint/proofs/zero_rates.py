"""The fixed point of a rectified network at which no unit is driven: on kinks, and yet exact.

No box around it contracts where slopes of zero and one together admit a singular Jacobian. But
r = 0 solves r = relu(W r + c) with c <= 0 without any rounding, and what the network does along
rays says how far it is alone (`enumeration.rays`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..dynamics import Dynamics
from ..intervals import Interval, upward
from .certificate import Certificate, ProofStatus
from .enumeration.rays import alone_at_zero


def with_zero_rates(exact: Dynamics, certificate: Certificate, furthest: float) -> Certificate:
    """Return the certificate with proofs of rows where no unit is driven.

    They are within `furthest` of the fixed point, relative to max(1, |x|). Which of the linear
    pieces that meet there decides stability is not known, so that nothing is said of it.
    """
    x, u = certificate.states, certificate.inputs
    names = "proved", "radius_exists", "radius_unique", "box", "reason", "stability_reason"
    columns = {name: getattr(certificate, name).copy() for name in names}
    for k in np.flatnonzero(~certificate.proved):
        form = exact.rate_form(Interval(u[k][None]))
        if form is None or not form.rests_at_zero:
            continue
        still = form.c if form.of_currents else Interval(np.zeros(x.shape[1]))
        box = upward(np.abs(still.mid - x[k]) + still.radius)
        if not box.max() <= furthest * max(1.0, np.abs(x[k]).max()):
            continue
        alone = np.nextafter(alone_at_zero(form) - box.max(), 0.0)
        if alone > box.max():
            found = True, box.max(), alone, box, ProofStatus.PROVED, ProofStatus.KINK
            for name, value in zip(names, found, strict=True):
                columns[name][k] = value
    return replace(certificate, **columns)
