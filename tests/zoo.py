"""Networks whose fixed points are known: by a theorem, a formula, or a published list.

Each function makes one network and says where its truth comes from. `Network` hands it out the
way a user would have it: as a cell, as a torch module, or as a plain function.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, product
from math import comb
from typing import Any

import numpy as np
from scipy.optimize import brentq

import stillpoint as sp
from stillpoint.cells import LSTMCell, VanillaCell

Cell = VanillaCell | LSTMCell


@dataclass(frozen=True, eq=False)
class Network:
    """A network without inputs, and the truth about its fixed points.

    Attributes
    ----------
    name
        For the tests' names.
    cell
        The canonical cell, with NumPy weights.
    formula
        The step written by hand, for (x, xp) with xp NumPy, torch or jax.numpy: independent of
        the cell.
    points
        Positions that are known, shape (k, d).
    unstable
        How many points have 0, 1, 2, ... unstable directions; they sum to the number of points.
    digits
        How exactly the positions are known.
    radii
        Spectral radii at `points`, to the same digits, or None where nobody wrote them down.
    lefschetz
        What the indices sum to.
    """

    name: str
    cell: Cell
    formula: Callable[[Any, Any], Any]
    points: np.ndarray
    unstable: tuple[int, ...]
    digits: float = 1e-9
    radii: tuple[float, ...] | None = None
    lefschetz: int | None = 1

    def __repr__(self) -> str:
        return self.name

    @property
    def n_points(self) -> int:
        """How many fixed points there are."""
        return sum(self.unstable)

    @property
    def is_odd(self) -> bool:
        """Whether F(-x) = -F(x), so that points come in pairs."""
        return not self.cell.b.any() and getattr(self.cell, "phi", "tanh") == "tanh"

    def system(self, path: str) -> sp.System:
        """Return the network as a system, by one of `PATHS`."""
        d = self.cell.state_size
        if path == "numpy":
            return sp.as_system(self.cell)
        if path == "torch":
            return sp.as_system(torch_module(self.cell)).clamp([0.0])
        return sp.as_system(self.function(path), d, lefschetz=self.lefschetz)

    def function(self, path: str) -> Callable[[Any], Any]:
        """Return the step as a plain function on the arrays of a library."""
        xp = namespace(path)
        return lambda x: self.formula(x, xp)

    def q(self, x: np.ndarray) -> np.ndarray:
        """Return 1/2 |F(x) - x|^2, from the formula alone."""
        return 0.5 * np.sum((self.formula(x, np) - x) ** 2, axis=1)

    def starts(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` random states in a cube that holds all points."""
        return np.random.default_rng(seed).uniform(-1.2, 1.2, (n, self.cell.state_size))


#: The ways a network comes in: canonical cells, and functions that bring no derivative.
PATHS = ("numpy", "torch", "numpy function", "torch function", "jax function")


def namespace(path: str) -> Any:
    """Return the module with the functions of the library that a path names."""
    library = path.removesuffix(" function")
    return importlib.import_module("jax.numpy" if library == "jax" else library)


def torch_module(cell: Cell) -> Any:
    """Return the `nn.RNN` or `nn.LSTM` of a cell, in float64, with one input that is not read."""
    import torch
    from torch import nn

    make = nn.LSTM if isinstance(cell, LSTMCell) else partial(nn.RNN, nonlinearity=cell.phi)
    module = make(1, cell.W.shape[1]).double()
    with torch.no_grad():
        for weights in module.parameters():
            weights.zero_()
        module.weight_hh_l0.copy_(torch.asarray(cell.W))
        module.bias_ih_l0.copy_(torch.asarray(cell.b))
    return module


def vanilla(
    name: str,
    W: Any,
    points: Any,
    unstable: tuple[int, ...],
    *,
    b: Any = None,
    phi: str = "tanh",
    **truth: Any,
) -> Network:
    """Return x' = phi(W x + b), with what is true of it."""
    W = np.array(W, dtype=np.float64)
    b = np.zeros(len(W)) if b is None else np.array(b, dtype=np.float64)

    def formula(x: Any, xp: Any) -> Any:
        drive = x @ xp.asarray(W).T + xp.asarray(b)
        return xp.tanh(drive) if phi == "tanh" else drive * (drive > 0)

    cell = VanillaCell(W, np.zeros((len(W), 0)), b, phi)
    return Network(name, cell, formula, np.array(points, dtype=np.float64), unstable, **truth)


def with_mirror_images(*points: Any) -> np.ndarray:
    """Return 0 and +-x for each x."""
    x = np.array(points, dtype=np.float64)
    return np.concatenate([np.zeros((1, x.shape[1])), x, -x])


def tanh_fixed_point(gain: float) -> float:
    """Return the m > 0 with m = tanh(gain m), for gain > 1."""
    return brentq(lambda m: np.tanh(gain * m) - m, 1e-9, 1.0, xtol=1e-15)


def small_radius_is_not_enough() -> Network:
    """Spectral radius .9487 < 1 and yet five points, three of them stable."""
    return vanilla(
        "radius below one",
        [[2, -0.195], [20, -1.5]],
        with_mirror_images([0.19440, 0.98405], [0.93121, 1.00000]),
        (3, 2),
        digits=6e-6,
    )


def small_norm(d: int = 4) -> Network:
    """|W|_2 < 1 is a contraction: 0 is the only point (Banach)."""
    W = np.random.default_rng(d).standard_normal((d, d))
    return vanilla("norm below one", 0.95 * W / np.linalg.norm(W, 2), np.zeros((1, d)), (1,))


def small_absolute_radius() -> Network:
    """rho(|W|) < 1: 0 is the only point, whatever the norm (here 4)."""
    return vanilla("absolute radius below one", [[0.5, 4.0], [0.0, -0.9]], np.zeros((1, 2)), (1,))


def independent_units(n: int, gain: float = 2.0) -> Network:
    """N units x' = tanh(g x), g > 1: 3^N points, C(N, k) 2^(N - k) with k unstable directions."""
    m = tanh_fixed_point(gain)
    points = np.array(list(product((-m, 0.0, m), repeat=n)))
    radii = np.where((points == 0).any(axis=1), gain, gain * (1 - m * m))
    return vanilla(
        f"{n} independent units",
        gain * np.eye(n),
        points,
        tuple(comb(n, k) * 2 ** (n - k) for k in range(n + 1)),
        radii=tuple(radii),
    )


def shifted_ramps(d: int, orientation: str = "x M") -> Network:
    """The ground-truth networks of FixedPointFinder: row i of M is -roll(linspace(-1, 1, d), -i).

    M is symmetric, so x' = tanh(x M) and x' = tanh(M x) have the same points; their Jacobian
    J_ij = (1 - F_i^2) M_ji is not symmetric. The three-dimensional pair is marginally unstable.
    """
    M = np.array([-np.roll(np.linspace(-1, 1, d), -i) for i in range(d)])
    points, radii, unstable = {
        2: ([(0.957504, -0.957504)], (2.0, 0.166372), (2, 1)),
        3: ([(0.949796, -0.425502, -0.879894)], (1.732051, 1.006406), (0, 2, 1)),
        4: (
            [
                (0.962892, 0.525235, -0.962892, -0.525235),
                (0.775516, -0.775516, 0.775516, -0.775516),
                (0.877263, -0.569696, 0.339745, -0.789648),
                (0.339745, -0.789648, 0.877263, -0.569696),
            ],
            (1.885618, 1.047430, 0.751559, 1.315957, 1.315957),
            (2, 2, 4, 1),
        ),
    }[d]
    return vanilla(
        f"shifted ramps d={d} {orientation}",
        M.T if orientation == "x M" else M,
        with_mirror_images(*points),
        unstable,
        digits=6e-7,
        radii=(*radii, *radii[1:]),
    )


def cosine_ring(n: int, gain: float = 2.0) -> Network:
    """W_ij = (2 g / N) cos(t_i - t_j): bumps of one amplitude, centred on and between units.

    By symmetry x_i = tanh(r cos(t_i - s)) with s a multiple of pi/N for even N, of pi/(2N) for
    odd N, so the amplitude r is the root of a scalar equation: 2N + 1 points (N stable, N saddles)
    or 4N + 1 (2N stable, 2N saddles), and at the origin g is a double eigenvalue.
    """
    angles = 2 * np.pi * np.arange(n) / n
    bumps = 2 * n if n % 2 == 0 else 4 * n

    def bump(centre: float) -> np.ndarray:
        cosine = np.cos(angles - centre)
        excess = lambda r: 2 * gain / n * cosine @ np.tanh(r * cosine) - r  # noqa: E731
        return np.tanh(brentq(excess, 1e-3, 2 * gain, xtol=1e-15) * cosine)

    centres = 2 * np.pi * np.arange(bumps) / bumps
    return vanilla(
        f"cosine ring of {n}",
        2 * gain / n * np.cos(angles[:, None] - angles),
        [np.zeros(n), *map(bump, centres)],
        (bumps // 2, bumps // 2, 1),
    )


def planted_columns(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return W = artanh(V) V^-1 and V, whose columns are fixed under x' = tanh(W x)."""
    V = 2 * np.random.RandomState(n).rand(n, n) - 1
    return np.arctanh(V) @ np.linalg.inv(V), V


def planted(n: int) -> Network:
    """The columns of V and what comes with them: 5, 15 and 43 points for N = 2, 3 and 5."""
    W, V = planted_columns(n)
    unstable = {2: (2, 2, 1), 3: (6, 6, 2, 1), 5: (2, 8, 16, 12, 4, 1)}[n]
    return vanilla(f"{n} planted", W, with_mirror_images(*V.T), unstable)


def fold_of(gain: float) -> tuple[float, float]:
    """Return x* = sqrt(1 - 1/g) and b* = artanh(x*) - g x*, where x' = tanh(g x + b) folds."""
    x = np.sqrt(1 - 1 / gain)
    return x, np.arctanh(x) - gain * x


def scalar(gain: float, b: float) -> Network:
    """x' = tanh(g x + b): three points for |b| < |b*|, the middle one unstable; one beyond.

    The points are the roots of artanh(x) - g x - b, one on each monotone piece.
    """
    x_fold, _ = fold_of(gain)
    excess = lambda x: np.arctanh(x) - gain * np.asarray(x) - b  # noqa: E731
    ends = (-1 + 1e-15, -x_fold, x_fold, 1 - 1e-15)
    roots = [brentq(excess, *p, xtol=1e-15) for p in pairwise(ends) if np.prod(excess(p)) < 0]
    unstable = (2, 1) if len(roots) == 3 else (1,)
    return vanilla(f"scalar g={gain} b={b:.4f}", [[gain]], np.c_[roots], unstable, b=[b])


def hopfield(gain: float, n: int = 6) -> Network:
    """W = g xi xi^T / N, one stored pattern: 0 alone for g <= 1; 0 and +-m xi for g > 1."""
    xi = np.sign(np.random.default_rng(n).standard_normal(n))
    W = gain * np.outer(xi, xi) / n
    if gain <= 1:
        return vanilla(f"pattern g={gain}", W, np.zeros((1, n)), (1,))
    points = with_mirror_images(tanh_fixed_point(gain) * xi)
    return vanilla(f"pattern g={gain}", W, points, (2, 1))


def silent_lstm(n: int = 3) -> Network:
    """All weights zero: c' = c/2 and h' = tanh(c/2)/2, so (h, c) = 0 is the only point."""

    def formula(x: Any, xp: Any) -> Any:
        memory = x[:, n:] / 2
        return xp.concatenate([xp.tanh(memory) / 2, memory], 1)

    cell = LSTMCell(np.zeros((4 * n, n)), np.zeros((4 * n, 0)), np.zeros(4 * n))
    origin = np.zeros((1, 2 * n))
    return Network("silent LSTM", cell, formula, origin, (1,), radii=(0.5,))


def half_line() -> Network:
    """ReLU with W = diag(1, .8, .7): every (a, 0, 0), a >= 0, is fixed; no list is right."""
    W = np.diag([1.0, 0.8, 0.7])
    return vanilla("half line", W, np.zeros((1, 3)), (), phi="relu", lefschetz=None)


def decision_flow(s: Any, xp: Any = np) -> Any:
    """Wong and Wang's (2006) reduced decision model, ds/dt in 1/s for two synaptic gates.

    In the unit square it has the saddle (.28276, .40635) and the stable points (.70045, .00486)
    and (.01395, .65739).
    """
    gamma, tau, a, b, d = 0.641, 0.06, 270.0, 108.0, 0.154
    own, other, background, drive, coherence = 0.3725, -0.1137, 0.3297, 0.00117 * 20, 0.5

    def velocity(s: Any, rival: Any, evidence: float) -> Any:
        excess = a * (own * s + other * rival + background + drive * evidence) - b
        return -s / tau + (1 - s) * gamma * excess / (1 - xp.exp(-d * excess))

    first = velocity(s[:, 0], s[:, 1], 1 + coherence)
    second = velocity(s[:, 1], s[:, 0], 1 - coherence)
    return xp.stack([first, second], 1)


def isolated() -> list[Network]:
    """Return the networks whose points are all isolated and all counted."""
    _, b_fold = fold_of(2.0)
    return [
        small_radius_is_not_enough(),
        small_norm(),
        small_absolute_radius(),
        *map(independent_units, (1, 2, 3)),
        *(shifted_ramps(d, way) for d in (2, 3, 4) for way in ("x M", "M x")),
        *map(cosine_ring, (5, 6, 7, 8, 10, 12)),
        *map(planted, (2, 3, 5)),
        *(scalar(2.0, share * b_fold) for share in (-1.5, -1.001, -0.999, 0, 0.5, 0.999, 1.001)),
        *map(hopfield, (0.5, 0.95, 1.05, 2.0)),
        silent_lstm(),
    ]
