"""Points with their proofs: each exists, stands alone, and differs from all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from .._core.validation import check_flag
from ..dynamics import Dynamics
from ..errors import ArgumentError
from ..intervals import Interval, upward
from ..points import FixedPoints, SlowPoints
from ..proofs import Finding, estimate, prove, prove_empty
from ..solvers import Status
from ..system import System
from .describe import collect
from .options import Settings

Points = TypeVar("Points", FixedPoints, SlowPoints)


def certify(system: System, points: Points, *, estimates: bool = False) -> Points:
    """Prove in interval arithmetic that points exist and differ, and how stable they are.

    The proof is about the exact map with the weights as they are in float64: Krawczyk's operator
    shows that one and only one fixed point lies in a box, inclusions of the spectrum show how many
    eigenvalues lie outside the unit circle, and of the determinant the index. docs/certificates.md
    states the theorems and what they assume.

    Parameters
    ----------
    system
        The system that the points are of. Canonical cells, stacks of them, and what `clamp`,
        `restrict` and `iterate` make of them can be proved; of functions and other modules
        nothing can.
    points
        `FixedPoints` or `SlowPoints`. Slow points also get the radius in which it is proved that
        no fixed point lies.
    estimates
        Whether rows without a proof get radii by Newton and Kantorovich's theorem with constants
        estimated in floating point. They remain unproved and say so.

    Returns
    -------
    FixedPoints or SlowPoints
        The same record with its `certificate`. Fixed points that are proved to be one and the
        same are merged, whatever the tolerance of the search was. States that are proved not to be
        fixed points are left out, and their starts say that they reached a slow point.

    Raises
    ------
    ArgumentError
        If `points` is no such record or was found in another network, or `estimates` is neither
        True nor False.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> from stillpoint.cells import VanillaCell
    >>> system = sp.as_system(VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1)))
    >>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    >>> certificate = sp.certify(system, points).certificate
    >>> certificate.all_proved, certificate.all_distinct, certificate.n_unstable_proved.tolist()
    (True, True, [0, 0, 1])
    """
    _check(system, points)
    check_flag("estimates", estimates)
    exact = system.dynamics.enclosed()
    proved = _proved(system, points, estimates)
    if not isinstance(proved, FixedPoints) or exact is None:
        return proved
    points = _without_ghosts(_each_once(exact, proved))
    if _is_crowded(exact, points):
        finer = _each_once(exact, _proved(system, _collected_again(system, points), estimates))
        if finer.certificate.all_proved:  # type: ignore[union-attr]
            return finer
    return points


def _proved(system: System, points: Points, estimates: bool) -> Points:
    """Return points with their certificates, copies among them."""
    x, u = points.xstar, points.inputs
    certificate = prove(system.dynamics, x, u)
    left = ~certificate.proved
    if isinstance(points, FixedPoints):
        certificate.reason[left & points.on_kink] = Finding.KINK
        certificate.reason[left & points.on_continuum] = Finding.CONTINUUM
        left &= ~points.on_continuum
    certificate.radius_empty[left] = prove_empty(system.dynamics, x[left], u[left])
    certificate.reason[certificate.radius_empty > 0] = Finding.EMPTY
    if estimates:
        certificate = estimate(system.dynamics, x, u, certificate)
    return replace(points, certificate=certificate.told_apart(x, u))


def _each_once(exact: Dynamics, points: FixedPoints) -> FixedPoints:
    """Return the points without those that are proved to be copies of others."""
    return points.merged(_same_points(exact, points))


def _without_ghosts(points: FixedPoints) -> FixedPoints:
    """Return the points without states around which it is proved that there is no fixed point.

    Their starts reached a slow point: one so slow that its motion is below the tolerance.
    """
    ghosts = points.certificate.radius_empty > 0  # type: ignore[union-attr]
    if not ghosts.any():
        return points
    theirs = np.append(ghosts, False)[points.starts.point]
    kept = points[~ghosts]
    starts = replace(kept.starts, status=np.where(theirs, Status.SLOW_POINT, kept.starts.status))
    return replace(kept, starts=starts, is_selection=points.is_selection)


def _is_crowded(exact: Dynamics, points: FixedPoints) -> bool:
    """Whether starts were taken to reach a point that ended where it need not be the only one."""
    certificate: Any = points.certificate
    starts = points.starts.take(np.flatnonzero(points.starts.point >= 0))
    end, y = (
        _unknowns(exact, x, u)
        for x, u in ((starts.end, starts.inputs), (points.xstar, points.inputs))
    )
    distance = np.abs(end - y[starts.point]).max(axis=1, initial=0.0)
    outside = distance > certificate.radius_unique[starts.point]
    return bool(outside.any()) and not points.is_selection


def _collected_again(system: System, points: FixedPoints) -> FixedPoints:
    """Return the points that the ends of the search are, with copies left as they are.

    Points nearer to each other than the tolerance of the search are told apart by their proofs.
    """
    told = points.provenance
    radius = np.nanmin(points.certificate.radius_unique)  # type: ignore[union-attr]
    settings = Settings(
        solvers=(),
        slope_tol=None,
        chunk=None,
        progress=False,
        tol_unique=min(told["tol_unique"], 0.25 * float(radius)),
        **{
            name: told[name]
            for name in ("tol", "max_steps", "rounds", "near", "max_points", "seed")
        },
    )
    again = collect(system, points.starts, settings)
    return replace(again, provenance=told, exhaustion=points.exhaustion)


def _same_points(exact: Dynamics, points: FixedPoints) -> Int[np.ndarray, " n"]:
    """Return equal numbers for points that are one: a box lies where the other point is alone."""
    certificate: Any = points.certificate
    y, reach = (_unknowns(exact, part, points.inputs) for part in (points.xstar, certificate.box))
    proved = np.flatnonzero(certificate.proved)
    widest = certificate.radius_unique[proved].max(initial=0.0)
    near = proved[cKDTree(y[proved]).query_pairs(widest, p=np.inf, output_type="ndarray")]
    i, j = np.vstack([near, near[:, ::-1]]).T
    distance = upward(np.abs(y[i] - y[j]) + reach[j]).max(axis=1, initial=0.0)
    same = distance <= certificate.radius_unique[i]
    same &= (points.inputs[i] == points.inputs[j]).all(axis=1)
    links = coo_array((np.ones(same.sum()), (i[same], j[same])), shape=(len(y), len(y)))
    labels = connected_components(links, directed=False)[1]
    first = np.unique(labels, return_index=True)[1]
    return np.argsort(np.argsort(first))[labels].astype(np.int64)


def _unknowns(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n k"]:
    """Return the coordinates in which uniqueness is stated."""
    return exact.equilibrium_problem().coordinates(Interval(x), Interval(u)).mid


def _check(system: Any, points: Any) -> None:
    if not isinstance(system, System):
        raise ArgumentError(
            f"system: got {type(system).__name__}, but a System is wanted; make one with "
            f"stillpoint.as_system(model)."
        )
    if not isinstance(points, FixedPoints | SlowPoints):
        raise ArgumentError(
            f"points: got {type(points).__name__}, but FixedPoints or SlowPoints are wanted, as "
            f"find_fixed_points and find_slow_points return them."
        )
    sizes = points.xstar.shape[1], points.inputs.shape[1]
    if sizes != (system.state_size, system.input_size):
        raise ArgumentError(
            f"points: they have {sizes[0]} states and {sizes[1]} inputs, but the system has "
            f"{system.state_size} and {system.input_size}; pass the system they were found in."
        )
    theirs, own = points.provenance.get("weights_sha256"), system.fingerprint()
    if theirs is not None and own is not None and theirs != own:
        raise ArgumentError(
            "points: they were found in a network with other weights; pass the system they were "
            "found in, or search this one."
        )
