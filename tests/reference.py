"""The cells' formulas a second time, in multiple precision: nothing of stillpoint's own text.

Numbers are of an mpmath context: `mp` for values to many digits, `iv` for enclosures of them, so
that the same few lines give exact states, exact Jacobians and a proof by Krawczyk's operator.
Derivatives are carried along with the values (forward differentiation).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
from mpmath import iv, mp

from stillpoint.cells import (
    GRUCell,
    LeakyCell,
    LeakyRateCell,
    LowRank,
    LSTMCell,
    ResetBeforeGRUCell,
    ShallowCell,
    StackedCell,
    VanillaCell,
)
from stillpoint.dynamics.transforms import (
    Clamped,
    EulerMap,
    Iterated,
    Leaf,
    Restricted,
    Transformed,
)

# The slope of a sum in its terms, by which nothing need be multiplied.
_ONE = object()


class Dual:
    """A number with its derivatives in the variables that it is a function of.

    Those that are zero are left out, so that a sum of many variables costs one number for each.
    """

    def __init__(self, value: Any, slopes: dict[int, Any] | None) -> None:
        self.value, self.slopes = value, slopes  # None: a constant

    def _with(self, value: Any, own: Any, other: Any = None, others: Any = None) -> Dual:
        """Return a number whose derivative is own * self' + others * other'."""
        slopes: dict[int, Any] = {}
        for factor, number in ((own, self), (others, other)):
            for k, slope in ((number and number.slopes) or {}).items():
                term = slope if factor is _ONE else factor * slope
                slopes[k] = slopes[k] + term if k in slopes else term
        return Dual(value, slopes or None)

    def __add__(self, other: Any) -> Dual:
        other = dual(other)
        return self._with(self.value + other.value, _ONE, other, _ONE)

    def __mul__(self, other: Any) -> Dual:
        other = dual(other)
        return self._with(self.value * other.value, other.value, other, self.value)

    def __truediv__(self, other: Dual) -> Dual:
        ratio = self.value / other.value
        return self._with(ratio, 1 / other.value, other, -ratio / other.value)

    def __neg__(self) -> Dual:
        return self * -1

    def __sub__(self, other: Any) -> Dual:
        return self + -dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    __radd__, __rmul__ = __add__, __mul__


def dual(value: Any) -> Dual:
    return value if isinstance(value, Dual) else Dual(value, None)


def numbers(context: Any, values: Any, *, variable: bool = False) -> list[Dual]:
    """Return numbers of a context; as variables, each with slope 1 in itself."""
    values = [context.mpf(float(v)) if isinstance(v, float) else v for v in values]
    return [Dual(v, {k: context.mpf(1)} if variable else None) for k, v in enumerate(values)]


# -- elementary functions --------------------------------------------------------------------------


def _exp(a: Any) -> Any:
    return iv.exp(a) if isinstance(a, iv.mpf) else mp.exp(a)


def _log(a: Any) -> Any:
    return iv.log(a) if isinstance(a, iv.mpf) else mp.log(a)


def tanh_of(a: Any) -> Any:
    if not isinstance(a, iv.mpf) and abs(a) > 1e5:
        return mp.sign(a)  # to 86000 digits
    return 1 - 2 / (_exp(2 * a) + 1)


def sigmoid_of(a: Any) -> Any:
    return 1 / (1 + _exp(-a))


def softplus_of(a: Any) -> Any:
    return _log(1 + _exp(a))


def _sides(a: Any) -> tuple[bool, bool]:
    """Whether a number or some of an interval lie below zero, and above."""
    return (a.a <= 0, a.b > 0) if isinstance(a, iv.mpf) else (a <= 0, a > 0)


def relu_of(a: Any) -> Any:
    below, above = _sides(a)
    if below and above:
        return iv.mpf([0, a.b])
    return a if above else 0 * a


def step_of(a: Any) -> Any:
    below, above = _sides(a)
    if below and above:
        return iv.mpf([0, 1])
    return int(above)


def tanh(a: Dual) -> Dual:
    value = tanh_of(a.value)
    return a._with(value, 1 - value * value)


def sigmoid(a: Dual) -> Dual:
    return a._with(sigmoid_of(a.value), sigmoid_of(a.value) * sigmoid_of(-a.value))


PHI = {
    "tanh": tanh,
    "sigmoid": sigmoid,
    "relu": lambda a: a._with(relu_of(a.value), step_of(a.value)),
    "softplus": lambda a: a._with(softplus_of(a.value), sigmoid_of(a.value)),
    "linear": lambda a: a,
}


# -- cells, from the formulas in their docstrings --------------------------------------------------


def _times(matrix: Any, x: list[Dual]) -> list[Dual]:
    if isinstance(matrix, LowRank):
        return _times(matrix.U, _times(matrix.V.T, x))
    rows = np.asarray(matrix, dtype=np.float64).tolist()
    return [sum((w * v for w, v in zip(row, x, strict=True)), Dual(0, None)) for row in rows]


def latent_factors(cell: Any) -> LowRank | None:
    """Return the factors in whose latent states a network's equations of rest are, if any."""
    W = getattr(cell, "W", None)
    return W.balanced() if isinstance(W, LowRank) and W.rank < cell.state_size else None


def _drive(cell: Any, x: list[Dual], u: list[Dual]) -> list[Dual]:
    bias = np.asarray(cell.b, dtype=np.float64).tolist()
    return [a + b + c for a, b, c in zip(_times(cell.W, x), _times(cell.B, u), bias, strict=True)]


def _gru_candidate(cell: Any, x: list[Dual], u: list[Dual]) -> tuple[list[Dual], list[Dual]]:
    """Return n and z."""
    d = len(x)
    w, drive = cell.W, _drive(cell, x, u)
    r, z = [sigmoid(a) for a in drive[:d]], [sigmoid(a) for a in drive[d : 2 * d]]
    outside = [
        a + float(b) for a, b in zip(_times(cell.B[2 * d :], u), cell.b[2 * d :], strict=True)
    ]
    if type(cell).__name__ == "GRUCell":
        inner = [a + float(c) for a, c in zip(_times(w[2 * d :], x), cell.c, strict=True)]
        recurrent = [s * a for s, a in zip(r, inner, strict=True)]
    else:
        recurrent = _times(w[2 * d :], [s * h for s, h in zip(r, x, strict=True)])
    return [tanh(a + b) for a, b in zip(outside, recurrent, strict=True)], z


def _lstm_gates(cell: Any, h: list[Dual], u: list[Dual]) -> tuple[list[Dual], ...]:
    drive, k = _drive(cell, h, u), len(cell.b) // 4
    i, f, g, o = (drive[n * k : (n + 1) * k] for n in range(4))
    return [*map(sigmoid, i)], [*map(sigmoid, f)], [*map(tanh, g)], [*map(sigmoid, o)]


def _project(cell: Any, hidden: list[Dual]) -> list[Dual]:
    return hidden if cell.P is None else _times(cell.P, hidden)


def _output_size(cell: Any) -> int:
    """How many states the layer above reads."""
    if type(cell).__name__ != "LSTMCell":
        return cell.state_size
    return len(cell.b) // 4 if cell.P is None else len(cell.P)


def _all_inputs(clamped: Any, u: list[Dual]) -> list[Dual]:
    free, fixed = iter(u), dict(zip(clamped.places.tolist(), clamped.fixed, strict=True))
    size = clamped.inner.input_size
    return [dual(float(fixed[k])) if k in fixed else next(free) for k in range(size)]


def _whole(part: Any, x: list[Dual], u: list[Dual]) -> tuple[list[Dual], list[Dual]]:
    own = part.inner.input_size
    places = [*part.kept.tolist(), *part.held.tolist()]
    held = u[own:]
    if type(part).__name__ == "Leaf":
        held = [
            sum((float(h) * v for h, v in zip(back, held, strict=True)), dual(0.0))
            - sum((float(s) * a for s, a in zip(row, x, strict=True)), dual(0.0))
            for back, row in zip(part.inverse, part.shares, strict=True)
        ]
    state = dict(zip(places, [*x, *held], strict=True))
    return [state[k] for k in range(len(places))], u[:own]


def _affine(matrix: np.ndarray, values: list[Dual], constants: np.ndarray) -> list[Dual]:
    return [
        sum((float(w) * v for w, v in zip(row, values, strict=True)), dual(float(c)))
        for row, c in zip(matrix, constants, strict=True)
    ]


def step(cell: Any, x: list[Dual], u: list[Dual]) -> list[Dual]:
    """Return F(x, u), or f(x, u) of a flow."""
    name = type(cell).__name__
    if name == "VanillaCell":
        return [PHI[cell.phi](a) for a in _drive(cell, x, u)]
    if name == "LeakyCell":
        drive = _drive(cell, [PHI[cell.phi](a) for a in x], u)
        leaks = cell.alpha.tolist()
        return [v * (1 - mp.mpf(a)) + a * f for v, a, f in zip(x, leaks, drive, strict=True)]
    if name == "LeakyRateCell":
        rates, leaks = [PHI[cell.phi](a) for a in _drive(cell, x, u)], cell.alpha.tolist()
        return [v * (1 - mp.mpf(a)) + a * r for v, a, r in zip(x, leaks, rates, strict=True)]
    if name == "ShallowCell":
        drive = _affine(np.hstack([cell.W2, cell.B2]), [*x, *u], cell.c)
        hidden = [PHI[cell.phi](a) for a in drive]
        A = cell.A if cell.A.ndim == 2 else np.diag(cell.A)
        return _affine(np.hstack([A, cell.W1, cell.B]), [*x, *hidden, *u], cell.b)
    if name in ("GRUCell", "ResetBeforeGRUCell"):
        n, z = _gru_candidate(cell, x, u)
        return [(1 - g) * a + g * v for a, g, v in zip(n, z, x, strict=True)]
    if name == "LSTMCell":
        p = _output_size(cell)
        i, f, g, o = _lstm_gates(cell, x[:p], u)
        memory = [f[k] * x[p + k] + i[k] * g[k] for k in range(len(i))]
        return [*_project(cell, [a * tanh(c) for a, c in zip(o, memory, strict=True)]), *memory]
    if name == "StackedCell":
        new: list[Dual] = []
        for layer in cell.layers:
            start = len(new)
            own = step(layer, x[start : start + layer.state_size], u)
            u, new = own[: _output_size(layer)], new + own
        return new
    if name == "Clamped":
        return step(cell.inner, x, _all_inputs(cell, u))
    if name in ("Restricted", "Leaf"):
        return [step(cell.inner, *_whole(cell, x, u))[k] for k in cell.kept]
    if name == "Iterated":
        for k in range(cell.times):
            held = u if cell.held is None else [dual(float(v)) for v in cell.held[k]]
            x = step(cell.inner, x, held)
        return x
    if name == "EulerMap":
        return [v + cell.dt * f for v, f in zip(x, step(cell.inner, x, u), strict=True)]
    if name == "Flow":
        return [a - v for a, v in zip(step(cell.inner, x, u), x, strict=True)]
    raise NotImplementedError(name)


def is_unitwise(cell: Any) -> bool:
    if isinstance(cell, Transformed):
        return type(cell).__name__ == "Iterated" or is_unitwise(cell.inner)
    return type(cell).__name__ not in ("LSTMCell", "StackedCell")


def equations(cell: Any, y: list[Dual], u: list[Dual], *, latent: bool = True) -> list[Dual]:
    """Return the equations of rest without gates and leaks, in the unknowns y."""
    name = type(cell).__name__
    if latent and (factors := latent_factors(cell)) is not None:
        rates = [PHI[cell.phi](a) for a in _latent_drive(cell, factors, y, u)]
        return [a - v for a, v in zip(_times(factors.V.T, rates), y, strict=True)]
    if name == "LeakyCell":
        drive = _drive(cell, [PHI[cell.phi](a) for a in y], u)
        return [a - v for a, v in zip(drive, y, strict=True)]
    if name == "LeakyRateCell":
        return [PHI[cell.phi](a) - v for a, v in zip(_drive(cell, y, u), y, strict=True)]
    if name in ("GRUCell", "ResetBeforeGRUCell"):
        return [a - v for a, v in zip(_gru_candidate(cell, y, u)[0], y, strict=True)]
    if name == "LSTMCell":
        o, memory = _lstm_gates(cell, y, u)[3], resting_memory(cell, y, u)
        output = _project(cell, [a * tanh(c) for a, c in zip(o, memory, strict=True)])
        return [a - v for a, v in zip(output, y, strict=True)]
    if name == "StackedCell":
        rest: list[Dual] = []
        for layer in cell.layers:
            own = y[len(rest) : len(rest) + _output_size(layer)]
            rest, u = rest + equations(layer, own, u), own
        return rest
    if name == "Clamped":
        return equations(cell.inner, y, _all_inputs(cell, u))
    if name in ("Restricted", "Leaf") and is_unitwise(cell.inner):
        whole = equations(cell.inner, *_whole(cell, y, u), latent=False)
        return [whole[k] for k in cell.kept]
    if name in ("EulerMap", "Flow"):
        return equations(cell.inner, y, u)
    return [a - v for a, v in zip(step(cell, y, u), y, strict=True)]


def _latent_drive(cell: Any, factors: Any, z: list[Dual], u: list[Dual]) -> list[Dual]:
    inputs, bias = _times(cell.B, u), [float(b) for b in cell.b]
    return [a + i + b for a, i, b in zip(_times(factors.U, z), inputs, bias, strict=True)]


def resting_memory(cell: Any, h: list[Dual], u: list[Dual]) -> list[Dual]:
    """Return c = i g / (1 - f) of an LSTM."""
    i, _, g, _ = _lstm_gates(cell, h, u)
    k = len(i)
    away = [sigmoid(-a) for a in _drive(cell, h, u)[k : 2 * k]]
    return [a * b / c for a, b, c in zip(i, g, away, strict=True)]


def unknowns(cell: Any, x: Any) -> list[Any]:
    """Return the coordinates of a state in which the equations are."""
    if isinstance(cell, Transformed):
        through = type(cell).__name__ in ("Clamped", "EulerMap", "Flow")
        return unknowns(cell.inner, x) if through else list(x)
    if type(cell).__name__ == "StackedCell":
        taken, start = [], 0
        for layer in cell.layers:
            taken += list(x[start : start + _output_size(layer)])
            start += layer.state_size
        return taken
    if (factors := latent_factors(cell)) is not None:
        states = numbers(mp, x)
        rates = [PHI[cell.phi](a) for a in states] if type(cell).__name__ == "LeakyCell" else states
        return [a.value for a in _times(factors.V.T, rates)]
    return list(x[: _output_size(cell)])


def full_state(cell: Any, y: list[Dual], u: list[Dual]) -> list[Dual]:
    """Return the state of rest that belongs to the unknowns."""
    name = type(cell).__name__
    if name == "Clamped":
        return full_state(cell.inner, y, _all_inputs(cell, u))
    if name in ("EulerMap", "Flow"):
        return full_state(cell.inner, y, u)
    if (factors := latent_factors(cell)) is not None:
        drive = _latent_drive(cell, factors, y, u)
        return drive if name == "LeakyCell" else [PHI[cell.phi](a) for a in drive]
    if name == "LSTMCell":
        return [*y, *resting_memory(cell, y, u)]
    if name == "StackedCell":
        state, start = [], 0
        for layer in cell.layers:
            own = y[start : start + _output_size(layer)]
            state, start, u = state + full_state(layer, own, u), start + len(own), own
        return state
    return y


# -- what is true ----------------------------------------------------------------------------------


def slopes_of(row: Dual, columns: int, zero: Any) -> list[Any]:
    """Return the derivatives in all variables."""
    return [(row.slopes or {}).get(k, zero) for k in range(columns)]


def matrix_of(rows: list[Dual], columns: int | None = None) -> mpmath.matrix:
    """Return the derivatives of numbers in as many variables, or in `columns`."""
    n = len(rows) if columns is None else columns
    return mp.matrix([slopes_of(row, n, mp.mpf(0)) for row in rows])


def jacobian(cell: Any, x: Any, u: Any) -> mpmath.matrix:
    """Return dF_i / dx_j to the precision of `mp`."""
    return matrix_of(step(cell, numbers(mp, x, variable=True), numbers(mp, u)))


def input_jacobian(cell: Any, x: Any, u: Any) -> mpmath.matrix:
    """Return dF_i / du_j."""
    return matrix_of(step(cell, numbers(mp, x), numbers(mp, u, variable=True)), len(u))


def solve(cell: Any, x: Any, u: Any, *, digits: int = 60, steps: int = 60) -> list[Any] | None:
    """Return the unknowns of the zero that Newton's method reaches, or None."""
    with mp.workdps(digits + 20):
        y = [mp.mpf(float(v)) for v in unknowns(cell, x)]
        for _ in range(steps):
            rest = equations(cell, numbers(mp, y, variable=True), numbers(mp, u))
            try:
                move = mp.lu_solve(matrix_of(rest), mp.matrix([r.value for r in rest]))
            except ZeroDivisionError:
                return None
            y = [a - b for a, b in zip(y, move, strict=True)]
            if max(map(abs, y)) > 1e6:
                return None
            if mp.norm(move, mp.inf) < mp.mpf(10) ** -digits:
                return y
    return None


def state_at(cell: Any, y: list[Any], u: Any) -> list[Any]:
    return [v.value for v in full_state(cell, numbers(mp, y), numbers(mp, u))]


def proves_zero(cell: Any, y: Any, u: Any, radius: Any) -> bool:
    """Return whether Krawczyk's operator at 100 digits proves one zero within `radius` of y."""
    digits, iv.dps = iv.dps, 100
    try:
        with mp.workdps(100):
            u, n = numbers(iv, u), len(y)
            centre = [iv.mpf(v) for v in y]
            at = equations(cell, numbers(iv, centre, variable=True), u)
            cube = iv.mpf([-radius, radius])
            box = [v + cube for v in centre]
            over = equations(cell, numbers(iv, box, variable=True), u)
            slopes = [slopes_of(row, n, iv.mpf(0)) for row in over]
            middle = [slopes_of(row, n, iv.mpf(0)) for row in at]
            C = mp.inverse(mp.matrix([[s.mid.a for s in row] for row in middle]))
            for i in range(n):
                image = -sum((iv.mpf(C[i, k]) * at[k].value for k in range(n)), iv.mpf(0))
                for j in range(n):
                    entry = sum((iv.mpf(C[i, k]) * slopes[k][j] for k in range(n)), iv.mpf(0))
                    image += (iv.mpf(int(i == j)) - entry) * cube
                if not (image.a > -radius and image.b < radius):
                    return False
    finally:
        iv.dps = digits
    return True


def count_unstable(matrix: mpmath.matrix, kind: str, *, digits: int = 60) -> int | None:
    """Return how many eigenvalues lie beyond the border, None where one is on it to `digits`/4."""
    with mp.workdps(digits):
        values = [matrix[0, 0]] if len(matrix) == 1 else mp.eig(matrix, left=False, right=False)
        growth = [abs(v) - 1 if kind == "map" else mp.re(v) for v in values]
        if min(map(abs, growth)) < mp.mpf(10) ** (-digits // 4):
            return None
        return sum(g > 0 for g in growth)


# -- random networks of every kind -----------------------------------------------------------------


class Flow(Transformed):
    """dx/dt = F(x, u) - x of a map F: a flow that can be enclosed."""

    def __init__(self, inner):
        self.inner = inner

    kind = "flow"

    def step(self, x, u):
        return self.inner.step(x, u) - x

    def jacobian(self, x, u):
        return self.inner.residual_problem().jacobian(x, u)

    def input_jacobian(self, x, u):
        return self.inner.input_jacobian(x, u)

    def interval_extension(self):
        return Flow(self.inner.interval_extension())

    def residual_problem(self):
        return self.inner.residual_problem()

    def equilibrium_problem(self):
        return self.inner.equilibrium_problem()


def weights(rng, *shape):
    """Random weights, mostly of the usual size, some saturating."""
    return rng.normal(size=shape) * 10 ** rng.choice([-2, 0, 0, 0.5, 1.5])


def vanilla(rng, phi="tanh", d=3, m=2):
    return VanillaCell(weights(rng, d, d), weights(rng, d, m), weights(rng, d), phi)


def leaky(rng, phi="tanh", d=3, m=2):
    alpha = rng.uniform(1e-3, 1, d)
    return LeakyCell(weights(rng, d, d), weights(rng, d, m), weights(rng, d), alpha, phi)


def leaky_rate(rng, phi="tanh", d=3, m=2):
    alpha = rng.uniform(1e-3, 1, d)
    cell = vanilla(rng, phi, d, m)
    return LeakyRateCell(cell.W, cell.B, cell.b, phi, alpha=alpha)


def low_rank(rng, kind, phi="tanh", d=4, r=2, m=2):
    alpha = {} if kind is VanillaCell else {"alpha": rng.uniform(1e-3, 1, d)}
    W = LowRank(weights(rng, d, r), weights(rng, d, r))
    return kind(W, weights(rng, d, m), weights(rng, d), phi=phi, **alpha)


def shallow(rng, phi="tanh", d=3, h=4, m=2):
    A, to, of = rng.uniform(-1.5, 1.5, d), weights(rng, d, h), weights(rng, h, d)
    return ShallowCell(A, to, of, weights(rng, d, m), weights(rng, d), weights(rng, h), phi)


def hidden_layer(rng, phi="tanh", d=3, h=4, m=2):
    cell = shallow(rng, phi, d, h, m)
    return replace(cell, A=weights(rng, d, d) / 2, B2=weights(rng, h, m))


def gru(rng, d=3, m=2):
    w, b, bias = weights(rng, 3 * d, d), weights(rng, 3 * d, m), weights(rng, 3 * d)
    return GRUCell(w, b, bias, weights(rng, d))


def early_gru(rng, d=2, m=2):
    return ResetBeforeGRUCell(weights(rng, 3 * d, d), weights(rng, 3 * d, m), weights(rng, 3 * d))


def lstm(rng, p=None, k=2, m=2):
    P = None if p is None else weights(rng, p, k)
    width = k if p is None else p
    return LSTMCell(weights(rng, 4 * k, width), weights(rng, 4 * k, m), weights(rng, 4 * k), P)


def stacked(rng):
    return StackedCell([leaky(rng, "softplus"), lstm(rng, p=3, m=3), gru(rng, d=2, m=3)])


def clamped(rng):
    return Clamped(stacked(rng), np.array([1]), weights(rng, 1))


def part_of(cell, *kept):
    held = np.setdiff1d(np.arange(cell.state_size), kept)
    return Restricted(cell, np.array(kept), held)


CASES = {
    **{f"vanilla {p}": lambda r, p=p: vanilla(r, p) for p in PHI},
    **{f"leaky {p}": lambda r, p=p: leaky(r, p) for p in PHI},
    **{f"leaky rate {p}": lambda r, p=p: leaky_rate(r, p) for p in PHI},
    **{f"shallow {p}": lambda r, p=p: shallow(r, p) for p in PHI},
    **{f"hidden layer {p}": lambda r, p=p: hidden_layer(r, p) for p in ("tanh", "relu")},
    **{
        f"{kind.__name__} {p}, low rank": lambda r, kind=kind, p=p: low_rank(r, kind, p)
        for kind in (VanillaCell, LeakyCell, LeakyRateCell)
        for p in ("tanh", "relu")
    },
    "restricted, low rank": lambda r: part_of(low_rank(r, LeakyCell), 0, 2),
    "PLRNN": lambda r: ShallowCell.plrnn(
        r.uniform(-1.5, 1.5, 3), weights(r, 3, 3), weights(r, 3, 2), weights(r, 3)
    ),
    "GRU": gru,
    "GRU, reset before": early_gru,
    "LSTM": lstm,
    "LSTM, projected": lambda r: lstm(r, p=3),
    "stack": stacked,
    "clamped stack": clamped,
    "restricted": lambda r: part_of(vanilla(r), 2, 0),
    "restricted GRU": lambda r: part_of(gru(r), 1),
    "restricted LSTM": lambda r: part_of(lstm(r), 3, 0, 1),
    "conserving": lambda r: Leaf(
        vanilla(r), np.array([0, 2]), np.array([1]), r.standard_normal((1, 2)), np.array([[2.0]])
    ),
    "periodic": lambda r: Iterated(leaky(r, d=2), 3, r.standard_normal((3, 2))),
    "iterated": lambda r: Iterated(gru(r, d=2), 3),
    "iterated relu": lambda r: Iterated(vanilla(r, "relu", d=2), 2),
    "Euler": lambda r: EulerMap(Flow(leaky(r, "sigmoid")), float(r.uniform(1e-3, 2))),
    "clamped, restricted, iterated": lambda r: Clamped(
        Iterated(part_of(leaky(r), 0, 2), 2), np.array([2, 0]), weights(r, 2)
    ),
}
