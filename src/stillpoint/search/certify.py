"""Points with their proofs: each exists, stands alone, and differs from all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float

from .._core.arrays import BLOCK, batches
from .._core.validation import check_flag
from ..dynamics import Dynamics
from ..errors import ArgumentError
from ..intervals import Interval
from ..points import FixedPoints, SlowPoints
from ..proofs import UNDECIDED, Certificate, ProofStatus, estimate, prove, prove_empty
from ..proofs.identity import one_point
from ..solvers import Status
from ..system import System, check_system
from .describe import collect, reading_order
from .units import Units

Points = TypeVar("Points", FixedPoints, SlowPoints)

# Ends that lie outside the box where a point is alone are one where they are nearer to each other
# than this part of the smallest such box.
_FINER = 0.25


@np.errstate(all="ignore")
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
        `restrict`, `iterate` and `euler` make of them can be proved; of functions and other
        modules nothing can.
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
        fixed points are left out, and their starts say so (`Status.NO_FIXED_POINT`).

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
    check_points(system, points)
    check_flag("estimates", estimates)
    exact = system.dynamics.interval_extension()
    points = replace(points, certificate=_certificate(system, points, estimates))
    if exact is None or not isinstance(points, FixedPoints):
        return points
    points = _without_ghosts(_each_once(exact, _with_proved_labels(points)))
    outside = _outside(exact, points)
    if not outside.any():
        return points
    finer = _each_once(exact, _with_ends(system, points, outside, estimates))
    return finer if finer.certificate.all_proved else points  # type: ignore[union-attr]


def _certificate(system: System, points: FixedPoints | SlowPoints, estimates: bool) -> Certificate:
    """Return what can be proved about points, copies among them."""
    x, u = points.linearization.states, points.linearization.inputs
    certificate = prove(system.dynamics, x, u)
    reason, radius_empty = certificate.reason.copy(), certificate.radius_empty.copy()
    left = ~certificate.proved
    if isinstance(points, FixedPoints):
        reason[left & points.on_kink] = ProofStatus.KINK
        reason[left & points.on_continuum] = ProofStatus.CONTINUUM
        left &= ~points.on_continuum
    if left.any():
        radius_empty[left] = prove_empty(system.dynamics, x[left], u[left])
        reason[radius_empty > 0] = ProofStatus.EMPTY
    certificate = replace(certificate, reason=reason, radius_empty=radius_empty)
    return estimate(system.dynamics, x, u, certificate) if estimates else certificate


def _with_proved_labels(points: FixedPoints) -> FixedPoints:
    """Return the points with stability and index as proved, where they are."""
    count, index = points.certificate.n_unstable_proved, points.certificate.index_proved  # type: ignore[union-attr]
    return replace(
        points,
        is_stable=np.where(count == UNDECIDED, points.is_stable, count == 0),
        index=np.where(index == 0, points.index, index),
    )


def _without_ghosts(points: FixedPoints) -> FixedPoints:
    """Return the points without states around which it is proved that there is no fixed point.

    These are so slow that their motion is below the tolerance; their starts say so.
    """
    ghosts = points.certificate.radius_empty > 0  # type: ignore[union-attr]
    if not ghosts.any():
        return points
    theirs = np.append(ghosts, False)[points.starts.point]
    kept = points[~ghosts]
    status = np.where(theirs, Status.NO_FIXED_POINT, kept.starts.status)
    return replace(
        kept, starts=replace(kept.starts, status=status), is_selection=points.is_selection
    )


def _outside(exact: Dynamics, points: FixedPoints) -> Bool[np.ndarray, " s"]:
    """Return which starts were taken to reach a point, but ended where it need not be alone."""
    starts, certificate = points.starts, points.certificate
    answer = np.zeros(len(starts.q), dtype=bool)
    reached = np.flatnonzero(starts.point >= 0)
    if points.is_selection or not len(reached):
        return answer
    lin, alone = points.linearization, certificate.radius_unique  # type: ignore[union-attr]
    y = _unknowns(exact, Interval(lin.states), lin.inputs).mid
    for some in batches(len(reached), starts.end.shape[1], BLOCK):
        rows = reached[some]
        theirs = starts.point[rows]
        end = _unknowns(exact, Interval(starts.end[rows]), starts.inputs[rows]).mid
        distance = np.abs(end - y[theirs]).max(axis=1, initial=0.0)
        answer[rows] = distance > alone[theirs]
    return answer


def _with_ends(
    system: System, points: FixedPoints, outside: Bool[np.ndarray, " s"], estimates: bool
) -> FixedPoints:
    """Return the points and those that some ends are, nearer to them than the search told apart.

    Each of these ends is polished, described and proved; copies are among them.
    """
    starts, rows = points.starts, np.flatnonzero(outside)
    tolerance = _FINER * float(np.nanmin(points.certificate.radius_unique))  # type: ignore[union-attr]
    units, ends = Units(points.scale), starts.take(rows)
    ends = replace(ends, states=ends.states / units.scale, end=ends.end / units.scale)
    finer = min(points.tol_unique, tolerance / float(units.scale.max()))
    more = units.fixed_points(collect(units.of(system), ends, points.tol, finer), system)
    certificate = _certificate(system, more, estimates)
    more = _with_proved_labels(replace(more, certificate=certificate))
    hits = points.hits - starts._hits(len(points), rows)
    both = FixedPoints.joined([replace(points, hits=hits), more])
    point = starts.point.copy()
    point[rows] = len(points) + more.starts.point
    order = reading_order(both.linearization, points.tol_unique)
    point = np.append(np.argsort(order), -1)[point]
    return replace(both.take(order), starts=replace(starts, point=point))


def _each_once(exact: Dynamics, points: FixedPoints) -> FixedPoints:
    """Return the points without those that are proved to be copies of others.

    Two are one where the box of one lies where the other is alone.
    """
    certificate: Any = points.certificate
    x, u = points.linearization.states, points.linearization.inputs
    y = _unknowns(exact, Interval(x), u).mid
    near = _unknowns(exact, Interval(x, np.nan_to_num(certificate.box)), u)
    box, alone = (
        np.where(certificate.proved[:, None], radius, np.nan) + np.zeros_like(y)
        for radius in (near.radius, certificate.radius_unique[:, None])
    )
    labels = one_point(Interval(near.mid, box), Interval(y, alone), u)
    return points if (labels == np.arange(len(labels))).all() else points.merged(labels)


def _unknowns(exact: Dynamics, x: Interval, u: Float[np.ndarray, "n m"]) -> Interval:
    """Return the coordinates in which uniqueness is stated, shape (n, k)."""
    return exact.equilibrium_problem().coordinates(x, Interval(u))


def check_points(system: Any, points: Any) -> None:
    """Refuse points that are not of this system."""
    info = check_system(system).info
    if not isinstance(points, FixedPoints | SlowPoints):
        raise ArgumentError(
            f"points: got {type(points).__name__}, but FixedPoints or SlowPoints are wanted, as "
            f"find_fixed_points and find_slow_points return them."
        )
    lin, own = points.linearization, (system.state_size, system.input_size)
    sizes = lin.states.shape[1], lin.inputs.shape[1]
    if sizes != own:
        raise ArgumentError(
            f"points: they have {sizes[0]} states and {sizes[1]} inputs, but the system has "
            f"{own[0]} and {own[1]}; pass the system they were found in."
        )
    if len({lin.system.weights_sha256, info.weights_sha256} - {None}) > 1:
        raise ArgumentError(
            "points: they were found in a network with other weights; pass the system they were "
            "found in, or search this one."
        )
