"""Labels near folds, at double roots and of long chains: right, or not given."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.linalg import hadamard

import stillpoint as sp
from stillpoint import System
from stillpoint.cells import VanillaCell
from stillpoint.census import Completeness


def unit(gain: float, bias: float, kind: str = "cell") -> System:
    """Return x' = tanh(gain x + bias): as a cell, as a function, or dx/dt = tanh(...) - x."""
    if kind == "cell":
        return sp.as_system(VanillaCell(np.full((1, 1), gain), np.zeros((1, 0)), np.array([bias])))
    if kind == "flow":
        return sp.as_system(lambda x: np.tanh(gain * x + bias) - x, state_size=1, kind="flow")
    return sp.as_system(lambda x: np.tanh(gain * x + bias), state_size=1)


def bias_at_fold(gain: float) -> tuple[float, float]:
    """Return the bias at which tanh(gain x + bias) touches x, and where it does."""
    x = np.sqrt(1 - 1 / gain)
    return float(np.arctanh(x) - gain * x), float(x)


def true_points(gain: float, bias: float) -> list[tuple[mpmath.mpf, mpmath.mpf]]:
    """Return the fixed points and their slopes, by bisection between the folds to 60 digits."""
    with mpmath.workdps(60):
        g, b = mpmath.mpf(gain), mpmath.mpf(bias)
        motion = lambda x: mpmath.tanh(g * x + b) - x  # noqa: E731
        turns = [(s * mpmath.atanh(mpmath.sqrt(1 - 1 / g)) - b) / g for s in (-1, 1)]
        found = []
        for low, high in zip([mpmath.mpf(-2), *turns], [*turns, mpmath.mpf(2)], strict=True):
            side = mpmath.sign(motion(low))
            if side * mpmath.sign(motion(high)) >= 0:
                continue
            for _ in range(200):
                middle = (low + high) / 2
                low, high = (middle, high) if motion(middle) * side > 0 else (low, middle)
            found.append((low, g * (1 - mpmath.tanh(g * low + b) ** 2)))
        return found


def wrong_labels(points: sp.FixedPoints, truth: list[tuple[mpmath.mpf, mpmath.mpf]]) -> int:
    """Return how many points have a label that their nearest true point does not have."""
    wrong = 0
    labels = zip(points.xstar[:, 0], points.is_stable, points.n_unstable, points.index, strict=True)
    for x, stable, unstable, index in labels:
        if not (stable or unstable >= 0 or index):
            continue
        true, slope = min(truth, key=lambda point: abs(point[0] - x))
        order = int(slope > 1)
        right = unstable in (order, -1) and index in (1 - 2 * order, 0) and not (stable and order)
        wrong += not (right and abs(true - x) < 1e-7)
    return wrong


def near_the_fold(seed: int) -> tuple[System, np.ndarray, list[tuple[mpmath.mpf, mpmath.mpf]]]:
    """Return a unit near a fold, on either side of it, starts, and its points."""
    rng = np.random.default_rng(seed)
    gain = float(np.exp(rng.uniform(np.log(1.1), np.log(500))))
    bias, fold = bias_at_fold(gain)
    bias -= float(rng.choice([-1, 1]) * 10 ** rng.uniform(-16, -2))
    near = fold + rng.choice([-1, 1], 20) * 10 ** rng.uniform(-9, -2, 20)
    starts = np.concatenate([np.linspace(-1, 1, 41), near])[:, None]
    return unit(gain, bias, ("cell", "map", "flow")[seed % 3]), starts, true_points(gain, bias)


def test_labels_near_folds_are_those_of_60_digits():
    wrong = decided = 0
    for seed in range(90):
        system, starts, truth = near_the_fold(seed)
        points = sp.find_fixed_points(system, starts)
        wrong += wrong_labels(points, truth)
        decided += int((points.n_unstable >= 0).sum())
    assert wrong == 0
    assert decided > 120  # of about 170


@pytest.mark.slow
def test_thousands_of_labels_near_folds_are_those_of_60_digits():
    wrong = 0
    for seed in range(90, 5000):
        system, starts, truth = near_the_fold(seed)
        wrong += wrong_labels(sp.find_fixed_points(system, starts), truth)
    assert wrong == 0


@pytest.mark.parametrize("gain", [1.5, 10.0, 500.0])
@pytest.mark.parametrize("beyond", [0.0, 1e-13])
def test_at_a_fold_nothing_is_said_and_no_theorem_is_drawn_on(gain, beyond):
    bias, fold = bias_at_fold(gain)
    points = sp.find_fixed_points(unit(gain, bias - beyond), np.linspace(-1, 1, 201)[:, None])
    (k,) = np.flatnonzero(np.abs(points.xstar[:, 0] - fold) < 1e-5)
    assert points.is_degenerate[k]
    assert (points.is_stable[k], points.n_unstable[k], points.index[k]) == (False, -1, 0)
    assert points.to_dataframe()["kind"][k] == "degenerate"
    census = points.census()
    assert census.completeness is Completeness.UNDECIDED
    assert "1 degenerate" in census.verdict


def test_rounding_that_hides_itself_is_reckoned_with():
    gain = 1.9837158255074212  # tanh(...) - x is exactly 0.0 at all numbers around the fold
    bias, fold = bias_at_fold(gain)
    near = fold + np.array([-1, 1])[:, None] * np.geomspace(1e-9, 1e-2, 10)
    points = sp.find_fixed_points(unit(gain, bias, "flow"), near.reshape(-1, 1))
    assert points.is_degenerate[np.abs(points.xstar[:, 0] - fold) < 1e-5].all()


def test_an_eigenvalue_that_moves_with_the_position_is_known_as_that_is():
    def step(z):
        x, y = z.T  # x is known to about 3e-8, and with it the eigenvalue of y
        return np.stack([x + 1e-8 * (0.3 - x), (x - 1.3 + 5e-8) * y], axis=1)

    points = sp.find_fixed_points(sp.as_system(step, state_size=2), np.array([[0.3, 0.0]]))
    assert not points.is_degenerate.any()
    assert points.n_unstable.tolist() == [-1]


@pytest.mark.parametrize(
    ("kind", "gain", "below"),
    [
        *((kind, 2.0, t) for kind in ("cell", "map", "flow") for t in (1e-13, 1e-12, 1e-9, 1e-3)),
        *(("cell", 500.0, t) for t in (1e-10, 1e-9, 1e-6, 1e-3)),
    ],
)
def test_below_a_fold_both_points_are_found_and_have_their_labels(kind, gain, below):
    """Also where they are nearer to each other than the residual tells their ends apart."""
    bias, fold = bias_at_fold(gain)
    near = fold + np.array([-1, 1])[:, None] * np.geomspace(1e-8, 1e-1, 60)
    starts = np.concatenate([np.linspace(-1, 1, 201), near.ravel()])[:, None]
    points = sp.find_fixed_points(unit(gain, bias + below, kind), starts)
    assert points.index.tolist() == [1, 1, -1]
    assert not points.is_degenerate.any()
    assert points.census().tallies[0].index_sum == 1
    for (true, _), x in zip(
        true_points(gain, bias + below), np.sort(points.xstar[:, 0]), strict=True
    ):
        assert abs(true - x) < 1e-8


@pytest.mark.parametrize(
    "expanded", [False, True], ids=["squares of differences", "differences of squares"]
)
def test_a_double_root_of_a_flow_has_no_label(expanded):
    def squares(y):
        a = np.array([1.0, 2.0])
        return y**2 - 2 * a * y + a**2 if expanded else (y - a) ** 2

    system = sp.as_system(squares, state_size=2, kind="flow")
    points = sp.find_fixed_points(
        system, np.array([[2.0, 2.0], [2.0, 2.5], [0.0, 0.0], [3.0, 1.0]])
    )
    assert points.is_degenerate.all()
    assert not points.is_stable.any()
    assert set(points.n_unstable.tolist()) == {-1}
    assert not points.index.any()


def chain(n: int, decay: float = 0.875) -> np.ndarray:
    """Return a delay line of n units in a rotated basis, every entry of it exact."""
    H = hadamard(n).astype(float)
    return H @ (decay * np.eye(n) + np.diag(np.ones(n - 1), 1)) @ H.T / n


@pytest.mark.parametrize("n", [8, 16, 32, 64])
@pytest.mark.parametrize("kind", ["cell", "map", "flow"])
def test_a_rotated_delay_line_is_stable_or_undecided(n, kind):
    W = chain(n)
    if kind == "cell":
        system = sp.as_system(VanillaCell(W, np.zeros((n, 0)), np.zeros(n)))
    elif kind == "map":
        system = sp.as_system(lambda x: x @ W.T, state_size=n)
    else:
        system = sp.as_system(lambda x: x @ W.T - x, state_size=n, kind="flow")
    points = sp.find_fixed_points(system, np.zeros((1, n)))
    assert points.n_unstable.tolist() in ([0], [-1])
    assert points.is_stable[0] == (points.n_unstable[0] == 0)
    assert not points.on_continuum.any()


def test_a_proof_decides_what_errors_left_open():
    system = sp.as_system(VanillaCell(chain(8), np.zeros((8, 0)), np.zeros(8)))
    points = sp.find_fixed_points(system, np.zeros((1, 8)))
    assert points.to_dataframe()["kind"].tolist() == ["undecided"]
    assert "1 undecided" in points.census().verdict
    proved = sp.certify(system, points)
    assert proved.is_stable.tolist() == [True]
    assert proved.n_unstable.tolist() == [0]


def test_differences_follow_a_function_that_is_finer_than_its_states():
    kink = sp.as_system(lambda x, u: x - 3e-5 * np.tanh(x / 1e-5), state_size=1)
    points = sp.find_fixed_points(kink, np.zeros((1, 1)))
    assert points.jacobian.ravel() == pytest.approx([-2.0], abs=1e-4)
    assert points.n_unstable.tolist() == [1]


def test_what_differences_do_not_resolve_has_no_label():
    kink = sp.as_system(lambda x: x - 3e-11 * np.tanh(x / 1e-11), state_size=1)
    points = sp.find_fixed_points(kink, np.zeros((1, 1)))
    assert (points.n_unstable.tolist(), points.index.tolist()) == ([-1], [0])
