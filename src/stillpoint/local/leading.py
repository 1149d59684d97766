"""The leading eigenvalues of large Jacobians, and a bound on all others, from products alone.

All eigenvalues of a large Jacobian take hundreds of times as long as finding its fixed point. The
few that matter lie outside the others: Arnoldi's method, restarted by ARPACK where need be, finds
them with their residuals. Let Q span their invariant subspace, so that A = [[T, C], [0, B]] in a
basis that begins with Q, up to a residual E. Where |B^m| <= 1/2 for some m, no eigenvalue of B lies
outside the unit circle, and |(z - B)^-1| <= 2 sum_{j<m} |B^j| on it and beyond (Neumann's series);
so no eigenvalue of A crosses the circle under changes smaller than 1 / sup |(z - A)^-1| (Trefethen
and Embree 2005), E and the error of A among them. The norms are bounded by what B^j makes of ten
random vectors, which fails with a chance below 1e-10 (Halko, Martinsson and Tropp 2011, lemma 4.1).
For a flow, A is looked at as 1 + h A, whose disc lies in the left half-plane of A.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Int
from scipy.linalg import qr, schur

from .._core.arrays import host, take
from ..dynamics import Dynamics, Kind, Linear
from ..intervals.spectrum import UNDECIDED
from ..solvers.krylov import arnoldi
from .leading_modes import Decision, LeadingModes
from .spectra import MARGIN, decided_unstable, eigenvalue_errors, growth, sorted_eig

#: Above this number of state variables spectra are partial unless all of it is asked for: from
#: here the eigenvalues of a point take longer than bringing a hundred starts to it.
LARGE = 200

# Where the leading eigenvalues do not decide, all of them do, up to so many variables (a second).
_ALL_WITHIN = 1024

# Eigenvalues that are kept for each state, more where more are unstable.
_KEPT = 8

# Products of Arnoldi's method, and of ARPACK: eigenvalues that it seeks, its vectors and restarts.
_PRODUCTS = 40
_SOUGHT, _VECTORS, _RESTARTS = 12, 60, 20

# An eigenvalue has a part in the span when its residual is this small beside the matrix.
_CONVERGED = 1e-9

# Random vectors; norms are at most this times the longest of what they become, but for a chance of
# 10^-10. Products with them at most, and rows are looked at anew after so many.
_RANDOM, _FACTOR = 10, 10 * np.sqrt(2 / np.pi)
_MOST, _LOOK = 512, 16


@dataclass(frozen=True)
class _Known:
    """What is known of one Jacobian: Ritz pairs, and the subspace of those that have converged."""

    values: Complex[np.ndarray, " k"]
    residuals: Float[np.ndarray, " k"]
    vectors: Complex[np.ndarray, "k d"]
    Q: Float[np.ndarray, "d p"]
    T: Float[np.ndarray, "p p"]
    off: float


def leading_modes(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    error: Float[np.ndarray, " n"],
    size: Float[np.ndarray, " n"],
) -> LeadingModes:
    """Return the leading eigenvalues of the Jacobians at some states.

    Parameters
    ----------
    dynamics, x, u
        Of which network, and where.
    error
        The relative errors of the Jacobians.
    size
        Their Frobenius norms.
    """
    kind, d = dynamics.kind, x.shape[1]
    known, scale = _by_arnoldi(dynamics, x, u)
    n = len(x)
    counted, tolerates = np.full(n, UNDECIDED), np.zeros(n)
    decision, others = np.full(n, int(Decision.OPEN)), np.full(n, np.inf)
    ways = (lambda rows: [known[k] for k in rows], lambda rows: _by_arpack(dynamics, x, u, rows))
    for way in ways:
        rows = np.flatnonzero(decision == Decision.OPEN)
        if not len(rows):
            break
        for k, better in zip(rows, way(rows), strict=True):
            known[k] = better if len(better.T) >= len(known[k].T) else known[k]
        some = [known[k] for k in rows]
        bound, others[rows] = _bounds(dynamics, x[rows], u[rows], some, scale[rows])
        for k, resolvent in zip(rows, bound, strict=True):
            tolerates[k] = _tolerated(known[k], resolvent, scale[k], size[k], kind)
            if tolerates[k] > error[k]:
                values = np.linalg.eigvals(known[k].T).astype(np.complex128)
                counted[k] = int((growth(values, kind) > 0).sum())
                decision[k] = Decision.BOUND
    for k in np.flatnonzero(decision == Decision.OPEN) if d <= _ALL_WITHIN else ():
        known[k], counted[k] = _by_all(dynamics, x[k : k + 1], u[k : k + 1], 2 * error[k])
        tolerates[k], decision[k] = 2 * error[k], Decision.ALL
    return _record(known, others, counted, tolerates, decision)


def _by_arnoldi(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> tuple[list[_Known], Float[np.ndarray, " n"]]:
    """Return what Arnoldi's method without restarts finds, and by what A is scaled for bounds."""
    asarray = dynamics.arrays.asarray
    start = np.tile(np.random.default_rng(0).standard_normal(x.shape[1]), (len(x), 1))
    apply = dynamics.differential(asarray(x), asarray(u))
    space = arnoldi(apply, asarray(start), _PRODUCTS)
    basis = [host(vector) for vector in space.basis]
    known, scale = [], np.ones(len(x))
    for k, (H, last) in enumerate(zip(space.H, space.last, strict=True)):
        V = np.stack([vector[k] for vector in basis], axis=1)
        m = int(V.any(axis=0).sum())  # fewer where the space is invariant
        last = last if m == V.shape[1] else 0.0
        known.append(_ritz(V[:, :m], H[:m, :m], float(last), dynamics.kind))
        if dynamics.kind == "flow":
            scale[k] = 0.5 / max(np.linalg.norm(np.nan_to_num(H), 2), np.finfo(float).tiny)
    return known, scale


def _ritz(
    V: Float[np.ndarray, "d m"], H: Float[np.ndarray, "m m"], last: float, kind: Kind
) -> _Known:
    """Return the Ritz pairs of a Krylov space, and the span of the outermost that converged."""
    if not np.isfinite(H).all():
        return _nothing(len(V))
    values, vectors = sorted_eig(H[None], kind)
    values, vectors = values[0], vectors[0]
    residuals = last * np.abs(vectors[-1])
    late = np.flatnonzero(residuals > _CONVERGED * max(float(np.linalg.norm(H, 2)), 1.0))
    p = late[0] if len(late) else len(values)
    if p and p < len(values) and values[p - 1] == np.conj(values[p]) and values[p].imag:
        p -= 1
    outwards = growth(values, kind)
    if p and p < len(values) and not outwards[p - 1] > outwards[p]:
        p = int((outwards > outwards[p]).sum())
    Q, T, off = V[:, :0], np.zeros((0, 0)), 0.0
    if p:
        border = (outwards[p - 1] + outwards[p]) / 2 if p < len(values) else -np.inf
        outer = lambda re, im=0.0: bool(growth(np.array([complex(re, im)]), kind)[0] > border)  # noqa: E731
        form, Z, found = schur(H, sort=outer)
        if found == p:
            Q, T, off = V @ Z[:, :p], form[:p, :p], last * float(np.linalg.norm(Z[-1, :p]))
    return _Known(values, residuals, (V @ vectors).T, Q, T, off)


def _nothing(d: int) -> _Known:
    none = np.zeros(0)
    return _Known(none + 0j, none, np.zeros((0, d), complex), np.zeros((d, 0)), np.zeros((0, 0)), 0)


def _by_arpack(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    rows: Int[np.ndarray, " k"],
) -> list[_Known]:
    """Return what ARPACK finds, state by state."""
    from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs

    d, asarray, found = x.shape[1], dynamics.arrays.asarray, []
    start = np.random.default_rng(0).standard_normal(d)
    sought = min(_SOUGHT, d - 2)
    for k in rows:
        apply = dynamics.differential(asarray(x[k : k + 1]), asarray(u[k : k + 1]))

        def times(v: np.ndarray, apply: Linear = apply) -> np.ndarray:
            return host(apply(asarray(v.reshape(1, -1))))[0]

        operator = LinearOperator((d, d), matvec=times, dtype=np.float64)
        which = "LM" if dynamics.kind == "map" else "LR"
        told = {"ncv": min(d, _VECTORS), "maxiter": _RESTARTS, "tol": _CONVERGED}
        if sought < 1:
            found.append(_nothing(d))
            continue
        try:
            values, vectors = eigs(operator, sought, which=which, v0=start, **told)
        except ArpackNoConvergence as error:
            values, vectors = error.eigenvalues, error.eigenvectors
        except ArpackError:
            values, vectors = np.zeros(0, complex), np.zeros((d, 0), complex)
        found.append(_spanned(times, values, vectors, dynamics.kind))
    return found


def _spanned(
    times: Linear,
    values: Complex[np.ndarray, " k"],
    vectors: Complex[np.ndarray, "d k"],
    kind: Kind,
) -> _Known:
    """Return eigenpairs with residuals of their own, and their span."""
    if not len(values):
        return _nothing(len(vectors))
    order = np.lexsort((-values.imag, -growth(values, kind).round(12)))
    values, vectors = values[order], vectors[:, order]
    images = [times(v.real) + 1j * times(v.imag) for v in vectors.T]
    residuals = np.linalg.norm(np.stack(images, axis=1) - values * vectors, axis=0)
    both = np.concatenate([vectors.real, vectors.imag[:, values.imag > 0]], axis=1)
    both = both[:, np.concatenate([values.imag >= 0, np.ones((values.imag > 0).sum(), bool)])]
    if not both.shape[1]:  # one of a pair alone
        return _nothing(len(vectors))
    Q = qr(both, mode="economic")[0]
    AQ = np.stack([times(q) for q in Q.T], axis=1)
    T = Q.T @ AQ
    return _Known(values, residuals, vectors.T, Q, T, float(np.linalg.norm(AQ - Q @ T)))


def _bounds(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    known: list[_Known],
    scale: Float[np.ndarray, " n"],
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return bounds on |(z - B)^-1| beyond the unit circle and on the eigenvalues of B."""
    n, d = x.shape
    resolvent, radius = np.full(n, np.inf), np.full(n, np.inf)
    total, going = np.ones(n), np.arange(n)
    width = max((k.Q.shape[1] for k in known), default=0)
    Q = np.stack([np.pad(k.Q, ((0, 0), (0, width - k.Q.shape[1]))) for k in known])
    v = np.random.default_rng(1).standard_normal((n, _RANDOM, d))
    v -= (v @ Q) @ np.swapaxes(Q, 1, 2)
    for power in range(1, _MOST + 1):
        if power % _LOOK == 1:
            apply = _scaled(dynamics, x[going], u[going], scale[going])
        v = apply(v)
        v -= (v @ Q[going]) @ np.swapaxes(Q[going], 1, 2)
        norm = _FACTOR * np.linalg.norm(v, axis=2).max(axis=1)
        radius[going] = np.fmin(radius[going], norm ** (1 / power))
        small = norm <= 0.5
        resolvent[going[small]] = np.fmin(resolvent[going[small]], 2 * total[going[small]])
        total[going] += norm
        left = ~small & np.isfinite(norm)
        if not left.any():
            break
        if not left.all() and (power % _LOOK == 0):
            going, v = going[left], v[left]
    return resolvent, radius


def _scaled(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    scale: Float[np.ndarray, " n"],
) -> Linear:
    """Return A, for a flow 1 + h A, on several vectors for each state at once."""
    asarray, rows = dynamics.arrays.asarray, np.repeat(np.arange(len(x)), _RANDOM)
    apply = dynamics.differential(take(asarray(x), rows), take(asarray(u), rows))

    def times(v: Float[np.ndarray, "n r d"]) -> Float[np.ndarray, "n r d"]:
        image = host(apply(asarray(v.reshape(-1, v.shape[2])))).reshape(v.shape)
        return image if dynamics.kind == "map" else v + scale[:, None, None] * image

    return times


def _tolerated(known: _Known, resolvent: float, scale: float, size: float, kind: Kind) -> float:
    """Return the error relative to A, or 0, up to which no eigenvalue crosses the border."""
    beyond = 0.0
    if len(known.T):
        values, V = np.linalg.eig(known.T)
        nearest = float(np.abs(growth(values.astype(np.complex128), kind)).min())
        if nearest <= MARGIN * (1.0 if kind == "map" else min(1.0, 1 / scale)):
            return 0.0
        beyond = float(np.linalg.cond(V)) / (scale * nearest)
    whole = beyond + resolvent + beyond * scale * size * resolvent
    left = 1 / (scale * whole) - known.off if np.isfinite(whole) else 0.0
    return max(0.0, left / size) if size > 0 else 0.0


def _by_all(
    dynamics: Dynamics, x: Float[np.ndarray, "1 d"], u: Float[np.ndarray, "1 m"], error: float
) -> tuple[_Known, int]:
    """Return the outermost of all eigenvalues of one Jacobian, and how many are unstable."""
    asarray, kind = dynamics.arrays.asarray, dynamics.kind
    A, errors = host(dynamics.jacobian(asarray(x), asarray(u))), np.array([error])
    values, right = sorted_eig(A, kind)
    own = eigenvalue_errors(A, errors, right)
    count = int(decided_unstable(A, errors, values, own, kind)[0])
    kept = slice(0, max(_KEPT, count))
    return _outermost(A[0], values[0, kept], right[0][:, kept]), count


def outermost_modes(
    jacobian: Float[np.ndarray, "n d d"],
    eigenvalues: Complex[np.ndarray, "n d"],
    right: Complex[np.ndarray, "n d d"],
    counted: Int[np.ndarray, " n"],
    error: Float[np.ndarray, " n"],
) -> LeadingModes:
    """Return the outermost of all eigenvalues, the most unstable first, with their vectors."""
    known = []
    for A, values, V, count in zip(jacobian, eigenvalues, right, counted, strict=True):
        kept = slice(0, max(_KEPT, int(count)))
        known.append(_outermost(A, values[kept], V[:, kept]))
    is_open = counted == UNDECIDED
    decision = np.where(is_open, int(Decision.OPEN), int(Decision.ALL))
    return _record(known, np.full(len(counted), np.inf), counted, error, decision)


def _outermost(
    A: Float[np.ndarray, "d d"],
    values: Complex[np.ndarray, " k"],
    vectors: Complex[np.ndarray, "d k"],
) -> _Known:
    none = _nothing(len(A))
    residuals = np.linalg.norm(A @ vectors - vectors * values, axis=0)
    return _Known(values, residuals, vectors.T, none.Q, none.T, 0.0)


def _record(
    known: list[_Known],
    others: Float[np.ndarray, " n"],
    counted: Int[np.ndarray, " n"],
    tolerates: Float[np.ndarray, " n"],
    decision: Int[np.ndarray, " n"],
) -> LeadingModes:
    n, k = len(known), max(_KEPT, int(counted.max(initial=0)))
    d = known[0].vectors.shape[1] if known else 0
    values, vectors = np.full((n, k), np.nan + 0j), np.full((n, k, d), np.nan + 0j)
    residuals = np.full((n, k), np.nan)
    for row, one in enumerate(known):
        there = min(k, len(one.values))
        values[row, :there], residuals[row, :there] = one.values[:there], one.residuals[:there]
        vectors[row, :there] = one.vectors[:there]
    return LeadingModes(values, residuals, vectors, others, counted, tolerates, decision)
