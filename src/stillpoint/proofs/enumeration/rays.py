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

from ...dynamics import RateForm
from ...intervals import Interval
from ...intervals.linalg import row_sums
from .bisection import bisect
from .low_rank import Latent, latent_of
from .zeros import Zeros

# So many times larger than V^T |c| are the cubes that are tried.
_FACTORS = (2.0**5, 2.0**12)

# In more latent dimensions, or with more boxes for each face, no cube is tried around one state.
_MOST_DIMENSIONS, _BOXES = 8, 2**13


def bounded(latent: Latent, budget: int) -> Interval | None:
    """Return a cube that is proved to hold all zeros of a rectified network, shape (q,), or None.

    Examples
    --------
    The fixed points of r = max(0, 2 r - 1) are 0 and 1; those of r = max(0, r) are a ray:

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
    """Return the zero at the origin of a rectified network and where it is alone, if it is proved.

    Where c = 0 that is everywhere, and the box is larger than the region, if one is known.
    """
    c = latent.form.c
    if not latent.form.rests_at_zero:
        return Zeros.none(latent.size)
    driven = c.mid != 0
    room = -c.upper[driven] / (2.0 * np.abs(latent.U[driven]).sum(axis=1))
    widest = 1.0 if latent.region is None else 2.0 * float(latent.region.magnitude.max())
    radius = float(np.min(room, initial=widest))
    cube = Interval(np.zeros((1, latent.size)), np.full((1, latent.size), radius))
    silent = (latent.drive(cube).upper[:, driven] < 0).all()
    if not (silent and is_clear(latent, radius, budget)):
        return Zeros.none(latent.size)
    return Zeros(cube, Zeros.at(cube.mid).where)


def alone_at_zero(form: RateForm) -> float:
    """Return how far no other rates than r = 0 stand still; NaN where that is not proved.

    It is no further than other latent states do.

    Examples
    --------
    The fixed points of r = max(0, 2 r - 1) are 0 and 1, and in the cube the unit is silent:

    >>> W = np.array([[2.0]])
    >>> round(alone_at_zero(RateForm(W, Interval(np.array([-1.0])), "relu", of_currents=False)), 9)
    0.25
    """
    latent = latent_of(form, _MOST_DIMENSIONS) if form.rests_at_zero else None
    zeros = Zeros.none(0) if latent is None else at_origin(latent, _BOXES)
    if latent is None or not len(zeros):
        return np.nan
    reach = max(1.0, row_sums(Interval(latent.V.T)).max())  # |V^T r| <= reach |r|
    return float((Interval(zeros.unique.radius[0, :1]) / Interval(np.array([reach]))).lower[0])


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
