"""Normal-form coefficients at bifurcations: how a network behaves near them, to lowest order.

Right and left eigenvectors v, w of the crossing eigenvalue, |v| = 1 and w v = 1, and the second
and third derivatives B and C of the step along v (Kuznetsov 2004, sections 5.4 and 8.7):

- fold, transcritical: 1/2 w B(v, v), the quadratic coefficient;
- pitchfork: 1/6 w (C(v, v, v) + 3 B(v, h)), the cubic one, with h of (1 - J) h = B(v, v);
- flip: 1/6 w (C(v, v, v) + 3 B(v, (1 - J)^-1 B(v, v))), with its sign turned around;
- Neimark-Sacker and Hopf: the real part of the cubic coefficient, of Hopf divided by the frequency.

Cubic ones are negative where what is born attracts (within the plane of the modes that cross):
supercritical; and positive where it repels: subcritical. Derivatives are differences of Jacobians.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float
from scipy.linalg import lu_factor, lu_solve

from .._core.arrays import host
from ..branches.events import EventKind
from ..dynamics import Dynamics

Vector = Complex[np.ndarray, " d"]

# States are moved by this, relative to max(1, their size), for first and for second differences.
_FIRST, _SECOND = 1e-5, 1e-3

# A quadratic coefficient this small beside the cubic one is zero: branches cross as a pitchfork.
_NO_SQUARE = 1e-5

# Inverse iteration: how far the shift is from the eigenvalue, relatively, and how many steps.
_SHIFT, _ITERATIONS = 1e-9, 3


class Derivatives:
    """Second and third derivatives of a step along vectors, from differences of its Jacobian."""

    def __init__(self, dynamics: Dynamics, x: Float[np.ndarray, " d"], u: Any) -> None:
        self.dynamics, self.x, self.u = dynamics, x, u
        self.size = max(1.0, float(np.abs(x).max(initial=0.0)))
        self.J = self._jacobian(x)

    def second(self, a: Vector, b: Vector) -> Vector:
        """Return B(a, b)."""
        return self._slope(a.real) @ b + 1j * (self._slope(a.imag) @ b)

    def third(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """Return C(a, b, c)."""
        parts = ((a.real, 1), (a.imag, 1j)), ((b.real, 1), (b.imag, 1j))
        total = np.zeros(len(self.x), dtype=complex)
        for p, of_p in parts[0]:
            for q, of_q in parts[1]:
                bend = (self._bend(p + q) - self._bend(p - q)) / 4
                total += of_p * of_q * (bend @ c)
        return total

    def _jacobian(self, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
        asarray = self.dynamics.arrays.asarray
        return host(self.dynamics.jacobian(asarray(x[None]), asarray(self.u[None])))[0]

    def _slope(self, way: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
        if not way.any():
            return np.zeros_like(self.J)
        h = _FIRST * self.size / np.linalg.norm(way)
        return (self._jacobian(self.x + h * way) - self._jacobian(self.x - h * way)) / (2 * h)

    def _bend(self, way: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
        if not way.any():
            return np.zeros_like(self.J)
        h = _SECOND * self.size / np.linalg.norm(way)
        ahead, behind = self._jacobian(self.x + h * way), self._jacobian(self.x - h * way)
        return (ahead - 2 * self.J + behind) / h**2


def coefficient(
    dynamics: Dynamics,
    x: Float[np.ndarray, " d"],
    u: Float[np.ndarray, " m"],
    kind: EventKind,
    eigenvalue: complex,
) -> tuple[float, bool]:
    """Return the coefficient of an event, and whether it is the cubic one."""
    if not np.isfinite(eigenvalue):  # at a kink
        return np.nan, False
    along, identity = Derivatives(dynamics, x, u), np.eye(len(x))
    J, B, C = along.J, along.second, along.third
    modes = _eigenvectors(J, eigenvalue)
    if modes is None:
        return np.nan, False
    v, w = modes
    rest = identity - J if dynamics.kind == "map" else -J
    if kind is EventKind.HOPF:
        total = _pair(along, eigenvalue, v, w).cubic
        return float(total.real / abs(eigenvalue.imag)), True
    if kind is EventKind.NEIMARK_SACKER:
        total = _pair(along, eigenvalue, v, w).cubic
        return float((eigenvalue.conjugate() / abs(eigenvalue) * total).real), True
    square = B(v, v)
    if kind is EventKind.FLIP:
        cubic = w @ (C(v, v, v) + 3 * B(v, np.linalg.solve(rest, square))) / 6
        return float(-cubic.real), True
    quadratic = float((w @ square).real / 2)
    across = square - v * (w @ square)
    bordered = np.block([[rest, v.real[:, None]], [w.real[None], np.zeros((1, 1))]])
    h = np.linalg.solve(bordered, np.append(across, 0))[:-1]
    cubic = float((w @ (C(v, v, v) + 3 * B(v, h))).real / 6)
    is_cubic = kind is EventKind.BRANCH_POINT and abs(quadratic) < _NO_SQUARE * (1 + abs(cubic))
    return (cubic, True) if is_cubic else (quadratic, False)


@dataclass(frozen=True, eq=False)
class PairForm:
    """How a pair of modes moves the state x + Re(2 z v + z^2 double) + |z|^2 mean, to cubic order.

    Of a map z goes to eigenvalue z + cubic z |z|^2; of a flow that is its velocity.
    """

    eigenvalue: complex
    x: Float[np.ndarray, " d"]
    v: Vector
    mean: Vector
    double: Vector
    cubic: complex

    def ring(self, radius: float, n: int) -> tuple[Float[np.ndarray, "n d"], float]:
        """Return n states with |z| = radius, and the turns of one step of a map along them."""
        z = radius * np.exp(2j * np.pi * np.arange(n) / n)[:, None]
        nodes = self.x + (2 * z * self.v + z**2 * self.double + radius**2 * self.mean).real
        turn = np.angle(self.eigenvalue + self.cubic * radius**2)
        return nodes, float(turn / (2 * np.pi))


def pair_form(
    dynamics: Dynamics, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"], near: complex
) -> PairForm | None:
    """Return the normal form of the pair near a number at a point; None where it is singular."""
    along = Derivatives(dynamics, x, u)
    values = np.linalg.eigvals(along.J)
    eigenvalue = complex(values[np.abs(values - near).argmin()])
    modes = _eigenvectors(along.J, eigenvalue)
    return None if modes is None else _pair(along, eigenvalue, *modes)


def _pair(along: Derivatives, eigenvalue: complex, v: Vector, w: Vector) -> PairForm:
    """Return the normal form of a pair of modes."""
    J, B, identity, other = along.J, along.second, np.eye(len(along.x)), v.conj()
    if along.dynamics.kind == "flow":
        rest, twice = -J, 2 * eigenvalue * identity - J
    else:
        rest, twice = identity - J, eigenvalue**2 / abs(eigenvalue) ** 2 * identity - J
    mean, double = np.linalg.solve(rest, B(v, other)), np.linalg.solve(twice, B(v, v))
    cubic = w @ (along.third(v, v, other) + 2 * B(v, mean) + B(other, double)) / 2
    return PairForm(eigenvalue, along.x, v, mean, double, complex(cubic))


def _eigenvectors(J: Float[np.ndarray, "d d"], eigenvalue: complex) -> tuple[Vector, Vector] | None:
    """Return the right eigenvector of length one, and the left one w with w v = 1."""
    v, w = (_nearest(matrix, eigenvalue) for matrix in (J, J.T))
    overlap = w @ v
    if not np.isfinite(overlap) or abs(overlap) < np.finfo(np.float64).eps:
        return None
    turn = v[np.abs(v).argmax()]
    if abs(eigenvalue.imag) < 1e-9 * (1 + abs(eigenvalue)):
        v = (v * abs(turn) / turn).real + 0j
        v /= np.linalg.norm(v)
        w = (w / w[np.abs(w).argmax()]).real + 0j
        overlap = w @ v
    return v, w / overlap


def _nearest(matrix: Float[np.ndarray, "d d"], eigenvalue: complex) -> Vector:
    """Return the eigenvector of the eigenvalue nearest to a number, by inverse iteration."""
    shift = eigenvalue + _SHIFT * (1 + abs(eigenvalue))
    factors = lu_factor(matrix - shift * np.eye(len(matrix)))
    vector: Vector = np.random.default_rng(0).standard_normal(len(matrix)).astype(complex)
    for _ in range(_ITERATIONS):
        vector = lu_solve(factors, vector)
        vector = vector / np.linalg.norm(vector)
    return vector
