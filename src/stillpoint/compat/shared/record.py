"""Containers as stillpoint's own record, for its figures."""

from __future__ import annotations

import numpy as np

from ..._core.layout import Structure
from ...errors import ArgumentError
from ...local import DEGENERATE, condition, index, is_stable, n_unstable, sorted_eig
from ...points import FixedPoints, Source, Starts
from ...solvers import Status
from .container import FixedPointArrays


def as_fixed_points(fps: FixedPointArrays) -> FixedPoints:
    """Return a container's points as `stillpoint.FixedPoints` of a map.

    What the container does not say (hits, mirror images, continua) is as if every point had been
    searched for once and nothing else were known.

    Raises
    ------
    ArgumentError
        If the container has no states or no Jacobians.

    Examples
    --------
    >>> fps = FixedPointArrays(np.zeros((1, 1)), J_xstar=np.full((1, 1, 1), 2.0))
    >>> as_fixed_points(fps).n_unstable
    array([1])
    """
    if fps.xstar is None or fps.J_xstar is None:
        raise ArgumentError(
            "fps: it has no points or no Jacobians, so their stability is not known; search with "
            "do_compute_jacobians=True."
        )
    n, d = fps.xstar.shape
    x, jacobian = fps.xstar.astype(np.float64), fps.J_xstar.astype(np.float64)
    inputs = np.zeros((n, 0)) if fps.inputs is None else fps.inputs.astype(np.float64)
    q = np.full(n, np.nan) if fps.qstar is None else fps.qstar.astype(np.float64)
    values, _ = sorted_eig(jacobian, "map")
    conditioning = condition(jacobian - np.eye(d), scale=1.0)
    return FixedPoints(
        xstar=x,
        inputs=inputs,
        q=q,
        hits=np.ones(n, dtype=np.int64),
        condition=conditioning,
        jacobian=jacobian,
        input_jacobian=_input_jacobian(fps, inputs.shape[1]),
        eigenvalues=values,
        n_unstable=n_unstable(values, "map"),
        is_stable=is_stable(values, "map"),
        index=np.where(conditioning < DEGENERATE, index(jacobian - np.eye(d)), 0),
        mirrored=np.zeros(n, dtype=bool),
        on_continuum=np.zeros(n, dtype=bool),
        on_kink=np.zeros(n, dtype=bool),
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
        structure=Structure.flat(d),
        provenance={"kind": "map", "lefschetz": None, "tol_unique": fps.tol_unique},
    )


def _input_jacobian(fps: FixedPointArrays, m: int) -> np.ndarray:
    if fps.dFdu is None:
        return np.full((*fps.xstar.shape, m), np.nan)
    return fps.dFdu.astype(np.float64)
