"""Containers as stillpoint's own record, for its figures."""

from __future__ import annotations

import numpy as np

from ...local import ILL_CONDITIONED, Jacobians, Linearization, condition
from ...points import FixedPoints, Source, Starts
from ...solvers import Status
from ...system_info import SystemInfo
from .container import FixedPointArrays


def as_fixed_points(fps: FixedPointArrays) -> FixedPoints:
    """Return a container's points, with their Jacobians, as `stillpoint.FixedPoints` of a map.

    What the container does not say (hits, mirror images, continua) is as if every point had been
    searched for once and nothing else were known.

    Examples
    --------
    >>> fps = FixedPointArrays(np.zeros((1, 1)), J_xstar=np.full((1, 1, 1), 2.0))
    >>> as_fixed_points(fps).n_unstable
    array([1])
    """
    n, d = fps.xstar.shape
    x = fps.xstar.astype(np.float64)
    inputs = _floats(fps.inputs, (n, 0), 0.0)
    m = inputs.shape[1]
    q = _floats(fps.qstar, (n,), np.nan)
    linearization = Linearization(
        states=x,
        inputs=inputs,
        value=_floats(fps.F_xstar, (n, d), np.nan),
        input_jacobian=_floats(fps.dFdu, (n, d, m), np.nan),
        jacobian_error=np.full(n, float(np.finfo(fps.J_xstar.dtype).eps)),
        system=SystemInfo.unknown(d, m),
        matrices=Jacobians(fps.J_xstar.astype(np.float64)),
    )
    conditioning = condition(linearization.motion_jacobian, scale=1.0)
    well = conditioning < ILL_CONDITIONED
    unknown = np.zeros(n, dtype=bool)
    return FixedPoints(
        linearization=linearization,
        q=q,
        hits=np.ones(n, dtype=np.int64),
        condition=conditioning,
        kantorovich=np.where(well, 0.0, np.inf),
        is_stable=linearization.is_stable & well,
        index=np.where(well, linearization.index, 0),
        mirrored=unknown,
        on_continuum=unknown,
        on_kink=unknown,
        starts=Starts(
            states=x if fps.x_init is None else fps.x_init.astype(np.float64),
            inputs=inputs,
            end=x,
            q=q,
            status=np.full(n, Status.FIXED_POINT),
            steps=np.zeros(n, dtype=np.int64) if fps.n_iters is None else fps.n_iters.astype(int),
            point=np.arange(n),
            source=np.full(n, Source.GIVEN),
        ),
        scale=np.ones(d),
        tol=np.nan,
        tol_unique=fps.tol_unique,
    )


def _floats(values: np.ndarray | None, shape: tuple[int, ...], otherwise: float) -> np.ndarray:
    """Return values in float64, or an array full of `otherwise` where they are not known."""
    return np.full(shape, otherwise) if values is None else values.astype(np.float64)
