"""What a rectified network does on a cube around the origin, it does on all rays through it.

Let p_t be p with t c for c. Rectified rates are linear along rays: if r solves
r = relu(U z + t c + D r), then s r does so for s z and s t, whenever s >= 0. Therefore
p_st(s z) = s p_t(z), and what is known of the surface of a cube |z|_inf = rho is known of more:

- If no p_t with 0 <= t <= 1 has a zero on the surface, p has none outside: a zero z of p outside
  would bring the zero s z of p_s on the surface, with s = rho / |z|_inf < 1.
- If no drive is positive at the origin, nothing is active there, and it is a fixed point, exactly.
  Let all units with c_i < 0 be silent in the cube. Inside, the others obey equations without c, so
  that any other zero of p in the cube would bring one on its surface.

The arrangement of the units' hyperplanes plays no part, so any number of them may meet in one
place, be parallel or coincide, be it exactly or to rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...intervals import Interval
from .bisection import bisect
from .low_rank import Latent
from .zeros import Zeros

# So many times larger than V^T |c| are the cubes that are tried.
_FACTORS = (2.0**5, 2.0**12)


def bounded(latent: Latent, budget: int) -> Interval | None:
    """Return a cube that is proved to hold all zeros of a rectified network, shape (q,), or None.

    Examples
    --------
    The fixed points of r = max(0, 2 r - 1) are 0 and 1; those of r = max(0, r) are a ray:

    >>> from stillpoint.dynamics import RateForm
    >>> from stillpoint.proofs.enumeration.low_rank import latent_of
    >>> def of(w, c):
    ...     return latent_of(RateForm(np.array([[w]]), Interval(np.array([c])), "relu", False), 1)
    >>> bounded(of(2.0, -1.0), 100).radius, bounded(of(1.0, 0.0), 100)
    (array([32.]), None)
    """
    c = latent.form.c
    shrunk = Interval.between(np.minimum(c.lower, 0.0), np.maximum(c.upper, 0.0))
    every = replace(latent, form=replace(latent.form, c=shrunk))
    size = float(((np.abs(c.mid) + c.radius) @ np.abs(latent.V)).max()) or 1.0
    for radius in size * np.array(_FACTORS):
        if is_clear(every, radius, budget):
            return Interval(np.zeros(latent.size), np.full(latent.size, radius))
    return None


def at_origin(latent: Latent, budget: int) -> Zeros:
    """Return the zero at the origin of a rectified network whose region is known, if it is proved.

    The box in which it is alone is the region or larger where c = 0.
    """
    if not rests(latent) or latent.region is None:
        return Zeros.none(latent.size)
    driven = latent.form.c.mid != 0
    reach = np.abs(latent.U[driven]).sum(axis=1)
    room = np.min(-latent.form.c.upper[driven] / (2.0 * reach), initial=np.inf)
    radius = min(float(room), 2.0 * float(latent.region.magnitude.max()))
    cube = Interval(np.zeros((1, latent.size)), np.full((1, latent.size), radius))
    silent = (latent.drive(cube).upper[:, driven] < 0).all()
    if not (silent and is_clear(latent, radius, budget)):
        return Zeros.none(latent.size)
    return Zeros(cube, Zeros.at(cube.mid).where)


def rests(latent: Latent) -> bool:
    """Return whether no drive is positive at the origin: a rectified network stands still there."""
    c = latent.form.c
    return bool(((c.upper < 0) | c.is_zero).all())


def is_clear(latent: Latent, radius: float, budget: int) -> bool:
    """Return whether no zero is proved to lie on the surface of the cube |z|_inf = radius.

    Each of its faces is bisected, within a budget of so many boxes.
    """
    for axis in np.eye(latent.size):
        for end in (-radius, radius):
            found = bisect(latent, Interval(end * axis, radius * (1.0 - axis)), budget)
            if len(found.zeros) + len(found.open) + len(found.stuck):
                return False
    return True
