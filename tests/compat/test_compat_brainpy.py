"""Scripts written for BrainPy's SlowPointFinder: they run, and what they get is true."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest

from stillpoint import ArgumentError, UnsupportedModelError
from stillpoint.compat.brainpy import CONTINUOUS, DISCRETE, SlowPointFinder
from stillpoint.solvers import Adam
from stillpoint.tasks import load_network

NET = load_network("tanh").cell
STARTS = np.random.default_rng(0).uniform(-1, 1, size=(1024, 16))
SOLVERS = ("newton", "original")

# The decision model of Wong and Wang (2006): fixed points, and whether they are stable.
DECISIONS = {(0.28276, 0.40635): False, (0.70045, 0.00486): True, (0.01395, 0.65739): True}


def decision(exp, stack):
    """Return the model's velocity as a function of one state."""
    gamma, tau, a, b, d = 0.641, 0.06, 270.0, 108.0, 0.154
    JE, JI, Jx, mu, coherence, base = 0.3725, -0.1137, 0.00117, 20.0, 0.5, 0.3297

    def rate(current):
        return (a * current - b) / (1.0 - exp(-d * (a * current - b)))

    def velocity(s):
        first = rate(JE * s[0] + JI * s[1] + base + Jx * mu * (1 + coherence))
        second = rate(JE * s[1] + JI * s[0] + base + Jx * mu * (1 - coherence))
        return stack(
            [
                -s[0] / tau + (1 - s[0]) * gamma * first,
                -s[1] / tau + (1 - s[1]) * gamma * second,
            ]
        )

    return velocity


def check_decisions(finder):
    finder.keep_unique()
    assert finder.num_fps == len(DECISIONS)
    jacobians = finder.compute_jacobians(finder.fixed_points)
    for point, is_stable in DECISIONS.items():
        (row,) = np.flatnonzero(np.abs(finder.fixed_points - point).max(axis=1) < 1e-4)
        (found,) = finder.decompose_eigenvalues(jacobians[row : row + 1], sort_by="real")
        assert (found["eig_values"].real.max() < 0) == is_stable


# -- functions ----------------------------------------------------------------------------------


def test_the_decision_model_on_numpy():
    finder = SlowPointFinder(decision(np.exp, np.array), f_type=CONTINUOUS, verbose=False)
    finder.find_fps_with_gd_method(np.random.default_rng(1).random((100, 2)))
    finder.filter_loss(1e-10)
    check_decisions(finder)


@pytest.mark.jax
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_decision_model_with_an_opt_solver(solver):
    jnp = pytest.importorskip("jax.numpy")
    velocity = decision(jnp.exp, jnp.array)
    finder = SlowPointFinder(velocity, f_type=CONTINUOUS, verbose=False, solver=solver)
    finder.find_fps_with_opt_solver(np.random.default_rng(1).random((100, 2)))
    finder.filter_loss(1e-8)
    check_decisions(finder)


@pytest.mark.jax
def test_the_flip_flop_has_27_points_in_their_units():
    jnp = pytest.importorskip("jax.numpy")
    finder = SlowPointFinder(lambda h: jnp.tanh(NET.W @ h + NET.b), DISCRETE, verbose=False)
    finder.find_fps_with_gd_method(STARTS, tolerance=1e-5, num_batch=200)
    assert finder.num_fps == len(STARTS)
    ends = finder.fixed_points
    motion = np.tanh(ends @ NET.W.T + NET.b) - ends
    np.testing.assert_allclose(finder.losses, (motion**2).mean(axis=1), rtol=1e-6, atol=1e-30)
    finder.filter_loss(tolerance=1e-20)
    finder.keep_unique(tolerance=0.03)
    finder.exclude_outliers(tolerance=0.1)
    assert finder.num_fps == 27
    np.testing.assert_array_equal(ends[finder.selected_ids], finder.fixed_points)
    values = finder.decompose_eigenvalues(finder.compute_jacobians(finder.fixed_points))
    assert sum(abs(v["eig_values"][0]) < 1 for v in values) == 8
    before, after = finder.opt_losses
    assert after < before


@pytest.mark.jax
def test_the_original_method_finds_what_it_finds():
    jnp = pytest.importorskip("jax.numpy")
    finder = SlowPointFinder(
        lambda h: jnp.tanh(NET.W @ h + NET.b), DISCRETE, verbose=False, solver="original"
    )
    finder.find_fps_with_gd_method(STARTS[:50], 1e-6, num_opt=300, optimizer=Adam(rate=0.05))
    assert finder.num_fps == 50
    assert 1e-12 < finder.losses.max() < finder.opt_losses[0]
    finder.find_fps_with_gd_method(STARTS[:5], num_opt=20)
    first, after = finder.opt_losses
    assert after < first


def test_custom_losses_and_arguments():
    def loss(outputs, targets, axis):
        return np.abs(outputs - targets).max(axis=axis)

    finder = SlowPointFinder(
        lambda x, gain: gain * x, DISCRETE, loss, verbose=False, args=(0.5,), solver="original"
    )
    finder.find_fps_with_opt_solver(np.ones((3, 2)))
    np.testing.assert_allclose(finder.losses, 0, atol=1e-5)
    np.testing.assert_allclose(finder.compute_jacobians(np.ones(2))[0], 0.5 * np.eye(2), atol=1e-9)


def test_states_in_dictionaries():
    def powers(s):
        return {"h": s["h"] ** 3, "m": s["m"] ** 2}

    candidates = {"m": np.full((4, 1), 0.9), "h": np.full((4, 2), 0.9)}
    finder = SlowPointFinder(powers, DISCRETE, verbose=False)
    finder.find_fps_with_gd_method(candidates)
    assert list(finder.fixed_points) == ["m", "h"]
    at = {"h": np.array([3.0, 3.0]), "m": np.array([2.0])}
    np.testing.assert_allclose(
        finder.compute_jacobians(at)[0], np.diag([4, 27, 27]), rtol=1e-9, atol=1e-12
    )
    parts = finder.compute_jacobians(at, stack_dict_var=False)
    np.testing.assert_allclose(parts["h"]["h"][0], 27 * np.eye(2), rtol=1e-9)
    np.testing.assert_array_equal(parts["h"]["m"][0], np.zeros((2, 1)))
    loss = ((1 - 0.9) * 0.9) ** 2 + (0.9 - 0.9**3) ** 2  # the mean of each, added up
    np.testing.assert_allclose(finder.opt_losses[0], loss)


def test_a_line_attractor_is_a_line():
    """Along x nothing moves faster than 1e-3, and only the origin stands still."""
    finder = SlowPointFinder(
        lambda h: h - 1e-3 * np.array([h[0], 500 * h[1]]), DISCRETE, verbose=False
    )
    rng = np.random.default_rng(0)
    starts = np.c_[rng.uniform(-1, 1, 2200), 0.1 * rng.standard_normal(2200)]
    finder.find_fps_with_gd_method(starts, tolerance=1e-4)
    finder.filter_loss(1e-4)
    assert finder.num_fps == 2200
    finder.keep_unique(0.03)
    points, labels = finder.fixed_points, finder.labels
    distance = np.linalg.norm(points[:, None] - points, axis=2) + np.eye(len(points))
    assert distance.min() > 0.03
    assert np.ptp(points[:, 0]) > 1.9
    assert 30 < len(points) < 100
    assert np.count_nonzero(labels == "fixed point") == 1
    np.testing.assert_allclose(points[labels == "fixed point"], 0.0, atol=1e-12)
    assert set(labels) == {"fixed point", "slow region"}


@pytest.mark.parametrize("phi", [lambda a: a, np.tanh, lambda a: np.maximum(a, 0)])
@pytest.mark.parametrize(
    "noise", [0.02, *(pytest.param(s, marks=pytest.mark.slow) for s in (0.0, 0.2))]
)
def test_candidates_beside_a_slow_line_go_to_it_not_along_it(phi, noise):
    """A line through many units that leaks by 1e-4 a step, where all else is forgotten at once."""
    rng = np.random.default_rng(0)
    u = np.abs(rng.standard_normal(32))
    u /= np.linalg.norm(u)
    level = rng.uniform(0.1, 0.5, 100)
    candidates = level[:, None] * u + noise * rng.standard_normal((100, 32))
    finder = SlowPointFinder(lambda h: (1 - 1e-4) * phi(u * (u @ h)), DISCRETE, verbose=False)
    finder.find_fps_with_gd_method(candidates, tolerance=1e-5)
    finder.filter_loss(1e-5)
    along = finder.fixed_points @ u
    assert np.ptp(along) > 0.35
    np.testing.assert_allclose(finder.fixed_points, along[:, None] * u, atol=0.02)
    finder.keep_unique(0.01)
    assert finder.num_fps > 20


def test_a_search_is_of_what_the_function_uses_now():
    gain = np.array([2.0])
    finder = SlowPointFinder(lambda h: np.tanh(gain[0] * h), DISCRETE, verbose=False)
    for value in (2.0, 3.0):
        gain[0] = value
        finder.find_fps_with_gd_method(np.array([[0.5]]))
        point = finder.fixed_points[0, 0]
        assert np.tanh(value * point) == pytest.approx(point, abs=1e-12)
        assert finder.compute_jacobians(np.zeros(1)).item() == pytest.approx(value)


def test_a_ghost_is_no_fixed_point():
    finder = SlowPointFinder(lambda h: np.tanh(2 * h + 0.54), DISCRETE, verbose=False)
    finder.find_fps_with_gd_method(np.linspace(-1, 1, 50)[:, None], tolerance=1e-4)
    finder.filter_loss(1e-4)
    finder.keep_unique(0.2)
    found = dict(zip(finder.labels, finder.fixed_points[:, 0], strict=True))
    assert found.keys() == {"fixed point", "ghost"}
    assert found["fixed point"] == pytest.approx(0.98698, abs=1e-5)
    assert found["ghost"] == pytest.approx(-0.71, abs=0.02)


def test_the_original_method_is_told_of_fixed_points_and_ghosts_too():
    finder = SlowPointFinder(
        lambda h: np.tanh(2 * h + 0.54), DISCRETE, verbose=False, solver="original"
    )
    finder.find_fps_with_opt_solver(np.linspace(-1, 1, 20)[:, None])
    assert set(finder.labels[finder.fixed_points[:, 0] > 0.9]) == {"fixed point"}
    assert "fixed point" not in set(finder.labels[finder.fixed_points[:, 0] < 0])


def test_what_only_the_original_reads_is_checked_all_the_same():
    finder, x = SlowPointFinder(lambda x: x / 2, DISCRETE, verbose=False), np.ones((3, 1))
    for options, word in (
        ({"optimizer": "nope"}, "optimizer"), ({"num_opt": 0}, "num_opt"),
        ({"tolerance": -1.0}, "tolerance"), ({"num_batch": 0}, "num_batch"),
    ):  # fmt: skip
        with pytest.raises(ArgumentError, match=word):
            finder.find_fps_with_gd_method(x, **options)
    with pytest.raises(ArgumentError, match=r"got shape \(2, 2, 2\)"):
        finder.compute_jacobians(np.zeros((2, 2, 2)))


def test_points_are_chosen_by_loss_and_neighbours_whatever_the_order():
    def pulled(x):
        return np.where(x < 4, x / 2, x)

    starts = np.array([[1.0], [0.5], [9.0], [5.0], [5.01]])
    finder = SlowPointFinder(pulled, DISCRETE, verbose=False)
    finder.find_fps_with_gd_method(starts)
    finder.keep_unique(0.1)
    assert sorted(finder.fixed_points[:, 0].round(1).tolist()) == [0.0, 5.0, 9.0]
    finder.exclude_outliers(0.1)
    assert sorted(finder.fixed_points[:, 0].round(1).tolist()) == [0.0, 5.0]
    finder.exclude_outliers(np.inf)
    assert finder.num_fps == 2


def test_the_order_of_leaving_out_does_not_matter():
    grid = np.stack(np.meshgrid(*2 * [np.arange(3.0)]), axis=-1).reshape(-1, 2)
    starts = np.vstack([grid, grid, [[9.0, 9.0]]])
    steps = {"filter_loss": 1e-5, "keep_unique": 0.1, "exclude_outliers": 0.5}
    for order in permutations(steps):
        finder = SlowPointFinder(lambda x: np.where(x > 5, x + 1e-2, x), DISCRETE, verbose=False)
        finder.find_fps_with_gd_method(starts)
        for name in order:
            getattr(finder, name)(steps[name])
        assert sorted(map(tuple, finder.fixed_points)) == sorted(map(tuple, grid)), order
        np.testing.assert_array_equal(starts[finder.selected_ids], finder.fixed_points)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_candidates_that_went_to_infinity_are_left_out():
    def breaks(x):
        return np.where(x > 5, np.nan, x / 2)

    finder = SlowPointFinder(breaks, DISCRETE, verbose=False, solver="original")
    starts, wild = np.array([[0.0], [0.0], [1.0], [9.0]]), Adam(rate=1e300)
    finder.find_fps_with_gd_method(starts, optimizer=wild, num_opt=50)
    assert finder.selected_ids.tolist() == [0, 1, 2]
    finder.exclude_outliers(0.5)
    assert finder.selected_ids.tolist() == [0, 1]
    finder.keep_unique()
    assert finder.fixed_points.tolist() == [[0.0]]


def test_eigenvectors_are_columns():
    matrix = np.array([[0.5, 1.0], [0.0, -2.0]])
    (found,) = SlowPointFinder.decompose_eigenvalues(matrix[None], do_compute_lefts=True)
    np.testing.assert_allclose(found["eig_values"], [-2, 0.5])
    np.testing.assert_allclose(matrix @ found["R"], found["R"] * found["eig_values"], atol=1e-14)
    np.testing.assert_allclose(found["L"].T @ found["R"], np.eye(2), atol=1e-14)
    (by_real,) = SlowPointFinder.decompose_eigenvalues(matrix[None], sort_by="real")
    np.testing.assert_allclose(by_real["eig_values"], [0.5, -2])


def test_eigenvalues_are_drawn():
    import matplotlib.pyplot as plt

    finder = SlowPointFinder(lambda x: x / 2, DISCRETE, verbose=False)
    finder.compute_jacobians(np.zeros((1, 2)), plot=True, num_col=4)
    assert plt.gca().collections
    plt.close("all")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"f_type": None}, "f_type: got None"),
        ({"f_type": "flow"}, "f_type: got 'flow'"),
        ({"f_type": DISCRETE, "solver": "adam"}, "solver: got 'adam'"),
        ({"f_type": DISCRETE, "t": 0.0, "inputs": 1}, "inputs, t: only for systems of BrainPy"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ArgumentError, match=message):
        SlowPointFinder(np.tanh, **options)


def test_wrong_calls_are_named():
    finder = SlowPointFinder(np.tanh, DISCRETE, solver="original")
    with pytest.raises(ArgumentError, match=r"optimizer: got 0\.1"):
        finder.find_fps_with_gd_method(np.zeros((2, 2)), optimizer=0.1)
    with pytest.raises(ArgumentError, match="opt_solver: got 'CG'"):
        finder.find_fps_with_opt_solver(np.zeros((2, 2)), "CG")
    with pytest.raises(ArgumentError, match="num_col: got 0"):
        finder.compute_jacobians(np.zeros(2), num_col=0)
    for none in (np.zeros((0, 2)), {"a": np.zeros((0, 2))}):
        with pytest.raises(ArgumentError, match=r"candidates: got shape .*at least one row"):
            finder.find_fps_with_gd_method(none)
    unequal = {"a": np.zeros((3, 2)), "b": np.zeros((2, 1))}
    with pytest.raises(ArgumentError, match=r"candidates: got shapes a \(3, 2\), b \(2, 1\), but"):
        SlowPointFinder(lambda s: s, DISCRETE).find_fps_with_gd_method(unequal)
    with pytest.raises(UnsupportedModelError, match="f_cell: sum must be a function of one state"):
        SlowPointFinder(np.sum, DISCRETE).find_fps_with_gd_method(np.zeros((2, 2)))


def test_functions_need_neither_brainpy_nor_jax():
    code = (
        "import sys; sys.modules['brainpy'] = None; import numpy as np\n"
        "from stillpoint.compat.brainpy import SlowPointFinder\n"
        "finder = SlowPointFinder(np.cos, 'discrete', verbose=False)\n"
        "finder.find_fps_with_gd_method(np.zeros((2, 1)))\n"
        "print(round(float(finder.fixed_points[0, 0]), 6), 'jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.739085 False"


# -- dynamical systems --------------------------------------------------------------------------


def axon(bp):
    """Return Hodgkin and Huxley's neuron."""
    bm = bp.math

    class HH(bp.dyn.NeuDyn):
        def __init__(self):
            super().__init__(size=1)
            for name, value in {"V": -65.0, "m": 0.5, "h": 0.6, "n": 0.32}.items():
                setattr(self, name, bm.Variable(value * bm.ones(1)))
            self.spike = bm.Variable(bm.zeros(1, dtype=bool))
            self.input = bm.Variable(bm.zeros(1))
            self.step = bp.odeint(self.derivative, method="exp_auto")

        def dm(self, m, t, V):  # noqa: ARG002
            alpha = 0.1 * (V + 40) / (1 - bm.exp(-(V + 40) / 10))
            return alpha * (1 - m) - 4.0 * bm.exp(-(V + 65) / 18) * m

        def dh(self, h, t, V):  # noqa: ARG002
            return 0.07 * bm.exp(-(V + 65) / 20) * (1 - h) - h / (1 + bm.exp(-(V + 35) / 10))

        def dn(self, n, t, V):  # noqa: ARG002
            alpha = 0.01 * (V + 55) / (1 - bm.exp(-(V + 55) / 10))
            return alpha * (1 - n) - 0.125 * bm.exp(-(V + 65) / 80) * n

        def dv(self, V, t, m, h, n, current):  # noqa: ARG002
            sodium = 120.0 * m**3 * h * (V - 50.0)
            return -sodium - 36.0 * n**4 * (V + 77.0) - 0.3 * (V + 54.387) + current

        @property
        def derivative(self):
            return bp.JointEq([self.dv, self.dm, self.dh, self.dn])

        def update(self):
            V, m, h, n = self.step(
                self.V.value,
                self.m.value,
                self.h.value,
                self.n.value,
                bp.share["t"],
                current=self.input.value,
                dt=bp.share["dt"],
            )
            self.spike.value = bm.as_jax((self.V.value < 20.0) & (V >= 20.0))
            self.V.value, self.m.value, self.h.value, self.n.value = V, m, h, n

        def clear_input(self):
            self.input[:] = 0.0

    return HH()


def trained(bp, **options):
    """Return the flip-flop network as the tutorial writes one, with a readout."""

    class RNN(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            cell = {"Wi_initializer": NET.B.T, "Wh_initializer": NET.W.T, "b_initializer": NET.b}
            given = {name: bp.math.asarray(weights) for name, weights in cell.items()}
            self.rnn = bp.dyn.RNNCell(3, 16, activation="tanh", **given, **options)
            self.out = bp.dnn.Dense(16, 3, mode=bp.math.training_mode)

        def update(self, x):
            return self.out(self.rnn(x))

    return RNN()


@pytest.mark.brainpy
def test_a_system_with_several_variables():
    bp = pytest.importorskip("brainpy")
    hh = axon(bp)
    held = [variable.value for variable in hh.vars().values()]
    finder = SlowPointFinder(hh, excluded_vars=[hh.input, hh.spike], verbose=False)
    rng = np.random.default_rng(0)
    near = {"V": -65.0, "n": 0.32, "m": 0.05, "h": 0.6}
    candidates = {name: v + 0.01 * rng.random((20, 1)) for name, v in near.items()}
    finder.find_fps_with_opt_solver(candidates)
    finder.filter_loss(1e-16)
    finder.keep_unique()
    assert finder.num_fps == 1
    point = finder.fixed_points
    assert set(point) == set(near)
    rates = [f(point[k], 0.0, point["V"]) for k, f in {"m": hh.dm, "h": hh.dh, "n": hh.dn}.items()]
    np.testing.assert_allclose(np.ravel(rates), 0, atol=1e-6)
    together = finder.compute_jacobians(point)[0]
    apart = finder.compute_jacobians(dict(reversed(point.items())), stack_dict_var=False)
    order = [v.name for v in finder._system.layout.variables]
    blocks = [[apart[to][source][0] for source in order] for to in order]
    np.testing.assert_array_equal(np.block(blocks), together)
    assert all(v.value is before for v, before in zip(hh.vars().values(), held, strict=True))


@pytest.mark.brainpy
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_trained_network_as_in_the_tutorial(solver):
    bp = pytest.importorskip("brainpy")
    rnn = trained(bp)
    finder = SlowPointFinder(
        rnn, args=(np.zeros(3),), target_vars={"state": rnn.rnn.state}, verbose=False, solver=solver
    )
    few = STARTS if solver == "newton" else STARTS[:100]
    finder.find_fps_with_gd_method(
        candidates={"state": few},
        tolerance=1e-5,
        num_opt=500,
        num_batch=200,
        optimizer=bp.optim.Adam(lr=bp.optim.ExponentialDecayLR(0.05, 1, 0.999)),
    )
    finder.filter_loss(tolerance=1e-5)
    finder.keep_unique(tolerance=0.03)
    points = finder.fixed_points["state"]
    if solver == "newton":
        assert len(points) == 27
        motion = np.tanh(points @ NET.W.T + NET.b) - points
        np.testing.assert_allclose(motion, 0, atol=1e-6)  # BrainPy has rounded the weights
    assert finder.compute_jacobians(finder.fixed_points).shape == (len(points), 16, 16)


@pytest.mark.brainpy
def test_input_time_and_time_step():
    bp = pytest.importorskip("brainpy")
    bm = bp.math

    class Drift(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.x, self.current = bm.Variable(bm.zeros(1)), bm.Variable(bm.zeros(1))

        def update(self):
            self.x.value += bp.share["dt"] * (self.current.value + bp.share["t"] - self.x.value)

        def clear_input(self):
            self.current[:] = 0.0

    model = Drift()
    model.current[:] = 7.0  # is cleared before each step

    def push():
        model.current.value += 2.0

    several = [(model.current, 1.0), ("current", 2.0, "fix", "*"), ("current", push_by, "func")]
    for inputs, level in ((push, 2.0), (("current", 1.5), 1.5), (several, 5.0)):
        finder = SlowPointFinder(
            model, inputs=inputs, excluded_vars={"i": model.current}, t=3.0, dt=0.5, verbose=False
        )
        finder.find_fps_with_gd_method({"x": np.zeros((2, 1))})
        np.testing.assert_allclose(finder.fixed_points["x"], 3.0 + level)
        jacobian = finder.compute_jacobians({"x": np.zeros(1)})
        np.testing.assert_allclose(jacobian, [[[0.5]]], atol=1e-14)
    with pytest.raises(ArgumentError, match="inputs: got some of type 'iter'"):
        SlowPointFinder(model, inputs=("current", np.ones(3), "iter"))


def push_by():
    return 3.0


@pytest.mark.brainpy
def test_what_a_system_does_not_allow():
    bp = pytest.importorskip("brainpy")
    rnn = trained(bp, mode=bp.math.BatchingMode(4))
    with pytest.raises(ArgumentError, match=r"batch of 4 .*reset_state\(batch_size=1\)"):
        SlowPointFinder(rnn, args=(np.zeros((1, 3)),))
    single = trained(bp)
    state, weights = single.rnn.state, single.out.W
    with pytest.raises(ArgumentError, match="one of them is enough"):
        SlowPointFinder(single, target_vars={"h": state}, excluded_vars=[weights])
    with pytest.raises(ArgumentError, match="target_vars: got"):
        SlowPointFinder(single, target_vars={"h": np.zeros(2)})
    with pytest.raises(ArgumentError, match="no variable is left"):
        SlowPointFinder(single, excluded_vars=[state])
    with pytest.raises(ArgumentError, match="f_type: got 'continuous'"):
        SlowPointFinder(single, f_type=CONTINUOUS)
    finder = SlowPointFinder(single, args=(np.zeros(3),), solver="original")
    assert finder.fixed_points is None
    with pytest.raises(ArgumentError, match=r"state: got members h, but members rnn.state"):
        finder.find_fps_with_gd_method({"h": STARTS})
    with pytest.raises(ArgumentError, match="optimizer: got SGD"):
        finder.find_fps_with_gd_method({"rnn.state": STARTS}, optimizer=bp.optim.SGD(0.1))
    decaying = bp.optim.Adam(0.1, weight_decay=0.5)
    with pytest.raises(ArgumentError, match=r"optimizer: got weight_decay=0\.5"):
        finder.find_fps_with_gd_method({"rnn.state": STARTS}, optimizer=decaying)
    still = bp.optim.Adam(0.1, weight_decay=0.0)
    finder.find_fps_with_gd_method({"rnn.state": STARTS[:2]}, num_opt=2, optimizer=still)
    assert finder.num_fps == 2


@pytest.mark.brainpy
def test_a_number_is_given_to_all_of_a_variable():
    bp = pytest.importorskip("brainpy")
    bm = bp.math

    class Leak(bp.dyn.NeuDyn):
        def __init__(self):
            super().__init__(size=3)
            self.x, self.drive = bm.Variable(bm.zeros(3)), bm.Variable(bm.zeros(3))

        def update(self):
            self.x.value = 0.5 * self.x.value + self.drive.value

    model = Leak()
    finder = SlowPointFinder(
        model, excluded_vars=[model.drive], inputs=(model.drive, 0.5, "fix", "="), verbose=False
    )
    finder.find_fps_with_gd_method({"x": np.zeros((4, 3))})
    np.testing.assert_allclose(finder.fixed_points["x"], 1.0)
    assert list(finder.target_vars) == ["x"]
    assert finder.target_vars["x"] is model.x
    assert any(variable is model.drive for variable in finder.excluded_vars.values())


@pytest.mark.brainpy
def test_errors_are_what_scripts_catch():
    bp = pytest.importorskip("brainpy")

    def finder(**options):
        return SlowPointFinder(np.tanh, **({"f_type": DISCRETE, "verbose": False} | options))

    for wrong in (
        lambda: finder(t=1.0),
        lambda: finder(f_type="steps"),
        lambda: finder(f_loss_batch=np.mean),
        lambda: finder(fun_inputs=np.mean),
        lambda: setattr(finder(), "losses", 1),
        lambda: setattr(finder(), "fixed_points", 1),
    ):
        for kind in (ArgumentError, bp.errors.UnsupportedError, bp.errors.AnalyzerError):
            with pytest.raises(kind, match=r"^\w+: "):
                wrong()
    single = trained(bp)
    with pytest.raises(KeyError, match="state: got members"):
        SlowPointFinder(single, args=(np.zeros(3),), verbose=False).find_fps_with_gd_method(
            {"other": STARTS}
        )
    with pytest.raises(TypeError, match="excluded_vars"):
        SlowPointFinder(single, args=(np.zeros(3),), excluded_vars=[3])
