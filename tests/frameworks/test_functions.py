"""Step functions of any library: what they return, when they are called, and how they are sent."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Mapping

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError

# -- what is returned beside the state -------------------------------------------------------------


def test_a_carry_beside_an_output_is_the_state():
    x, u = np.random.default_rng(0).normal(size=(2, 3, 2))
    for step in (
        lambda h, u: (np.tanh(h + u), h[:, :1]),
        lambda h, u: (h[:, :1], np.tanh(h + u)),
        lambda h, u: (np.tanh(h + u), {"readout": h}),
    ):
        np.testing.assert_array_equal(sp.as_system(step, 2, 2).step(x, u), np.tanh(x + u))


def test_names_tell_a_carry_from_an_output_of_its_shape():
    def step(x, u):
        h = np.tanh(x + u)
        return h, h**2

    def reversed_step(x, u):
        h = np.tanh(x + u)
        return h**2, h

    x = np.ones((1, 2))
    for given in (step, reversed_step):
        np.testing.assert_array_equal(sp.as_system(given, 2, 2).step(x, x), np.tanh(2 * x))


def test_the_state_before_is_no_new_state():
    x = np.ones((1, 2))
    system = sp.as_system(lambda h, u: (h, np.tanh(h + u)), 2, 2)
    np.testing.assert_array_equal(system.step(x, x), np.tanh(2 * x))


def test_two_members_of_the_states_shape_are_refused_once():
    with pytest.raises(
        UnsupportedModelError, match=r"`output, state` or `state, output`"
    ) as raised:
        sp.as_system(lambda h, u: (np.tanh(h + u), h**2), 2, 2)
    assert str(raised.value).count("2 members") == 1


def test_a_nested_carry_beside_an_output():
    def step(state, u):
        return {"c": state["h"], "h": state["c"]}, state["h"]

    system = sp.as_system(step, state={"h": np.zeros(1), "c": np.zeros(1)})
    np.testing.assert_array_equal(system.step(np.array([[1.0, 2.0]])), [[2.0, 1.0]])


def test_names_that_say_the_opposite_order_are_refused():
    def step(inputs, state):
        return np.tanh(2 * state + inputs)

    with pytest.raises(ArgumentError, match=r"step: the parameters of step, \(inputs, state\)"):
        sp.as_system(step, 2, 2)
    x, u = np.ones((1, 2)), np.zeros((1, 2))
    system = sp.as_system(lambda x, u: step(u, x), 2, 2)
    np.testing.assert_array_equal(system.step(x, u), np.tanh(2 * x))


def test_an_argument_that_may_be_left_out_is_left_out():
    def step(x, reset=None):
        return np.tanh(2 * x) if reset is None else 0 * x

    assert sp.as_system(step, 2).step(np.ones((1, 2))).tolist() == np.tanh([[2.0, 2.0]]).tolist()


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x / max(1, np.abs(x).max()),
        lambda x: np.tanh(x) if (np.abs(x) < 3).all() else np.sign(x),
    ],
)
def test_rows_that_are_mixed_far_out_are_noticed(step):
    with pytest.raises(UnsupportedModelError, match="mixes the rows"):
        sp.as_system(step, 2)


def test_a_branch_on_one_state_is_taken_row_by_row():
    def velocity(t, y):
        return -y if np.linalg.norm(y) < 3 else 0 * y

    rows = np.array([[10.0, 0.0], [1.0, 0.0]])
    system = sp.as_system(velocity, 2, kind="flow")
    np.testing.assert_array_equal(system.step(rows), [[0, 0], [-1, 0]])


def test_complex_and_masked_results_are_refused():
    for step in (lambda x: x * (1 + 1j), lambda x: np.emath.sqrt(x)):
        with pytest.raises(UnsupportedModelError, match="returns complex numbers"):
            sp.as_system(step, 2)
    with pytest.raises(UnsupportedModelError, match="returns masked numbers"):
        sp.as_system(lambda x: np.ma.masked_greater(x, 2), 2)


def test_functions_are_of_array_libraries():
    with pytest.raises(ArgumentError, match=r"framework: got 'keras', but .*'numpy'"):
        sp.as_system(lambda x: x, 2, framework="keras")
    with pytest.raises(ArgumentError, match="state_size"):
        sp.as_system(sp.cells.VanillaCell(np.eye(2), np.eye(2), np.zeros(2)), np.array([2, 2]))


@pytest.mark.jax
def test_a_function_of_jax_returns_its_carry_first():
    jax = pytest.importorskip("jax")

    def step(carry, x):
        carry = jax.numpy.tanh(carry + x)
        return carry, 2 * carry

    x = np.ones((1, 2))
    for given in (step, jax.jit(step), lambda c, x: (jax.numpy.tanh(c + x), 2 * c)):
        np.testing.assert_allclose(sp.as_system(given, 2, 2).step(x, x), np.tanh(2 * x), rtol=1e-15)


@pytest.mark.jax
def test_a_stopped_gradient_is_noticed():
    jax = pytest.importorskip("jax")
    with pytest.raises(UnsupportedModelError, match=r"not those of the step.*stop_gradient"):
        sp.as_system(lambda x: jax.numpy.tanh(2 * jax.lax.stop_gradient(x)) + x, 2)


def test_a_wrong_derivative_in_the_inputs_is_named():
    with pytest.raises(ArgumentError, match="input_jacobian: it is not the derivative"):
        sp.as_system(
            lambda x, u: np.tanh(x) + u, 1, 1, input_jacobian=lambda x, u: np.zeros((len(x), 1, 1))
        )


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e4])
def test_steep_and_flat_steps_have_their_own_jacobian(gain):
    W = gain * np.array([[0.3, -0.7], [0.2, 0.4]])

    def jacobian(x, u):
        return (1 - np.tanh(x @ W.T + u) ** 2)[:, :, None] * W

    own = {"jacobian": jacobian}
    assert "own Jacobian" in repr(sp.as_system(lambda x, u: np.tanh(x @ W.T + u), 2, 2, **own))
    own["jacobian"] = lambda x, u: jacobian(x, u).swapaxes(1, 2)
    if gain < 1e4:  # there the step is saturated wherever it is tried
        with pytest.raises(ArgumentError, match="jacobian: it is not the derivative"):
            sp.as_system(lambda x, u: np.tanh(x @ W.T + u), 2, 2, **own)


# -- velocities of time ----------------------------------------------------------------------------


def counted(step):
    """Return a step, and the shapes that it was called with."""
    shapes = []

    def noted(x):
        shapes.append(x.shape)
        return step(x)

    return noted, shapes


def test_a_jacobian_takes_few_calls():
    W = np.random.default_rng(0).standard_normal((64, 64)) / 8
    step, shapes = counted(lambda x: np.tanh(x @ W.T) / (1 + x**2))
    system = sp.as_system(step, 64)
    shapes.clear()
    system.jacobian(np.ones((3, 64)))
    assert len(shapes) == 1
    assert shapes[0] == (3 * 4 * 64, 64)
    shapes.clear()
    system.jacobian(np.ones((1000, 64)))
    assert len(shapes) == 64
    assert shapes[0] == (4 * 1000, 64)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_second_differences(d, size):
    rng = np.random.default_rng(d)
    W, x, w = rng.standard_normal((d, d)), rng.standard_normal((3, d)), rng.standard_normal((3, d))
    system = sp.as_system(lambda x: size * np.sin(x / size @ W.T), d, recognise=False)
    sized = system.dynamics.for_states_of_size(np.full(d, size))
    found = sized.curvature(size * x, np.zeros((3, 0)), w)
    wanted = -np.einsum("ni,ij,ik->njk", w * np.sin(x @ W.T), W, W)
    np.testing.assert_allclose(size * found, wanted, atol=1e-6)


def test_derivatives_for_a_search_take_fewer_calls_and_are_nearly_as_good():
    step, shapes = counted(np.sin)
    dynamics = sp.as_system(step, 8).dynamics
    x, u = np.random.default_rng(0).standard_normal((5, 8)), np.zeros((5, 0))
    shapes.clear()
    quick, usual = dynamics.differentiated_quickly().jacobian(x, u), dynamics.jacobian(x, u)
    assert [shape[0] for shape in shapes] == [5 * 2 * 8, 5 * 4 * 8]
    exact = np.cos(x)[:, :, None] * np.eye(8)
    assert abs(usual - exact).max() < 1e-12 < abs(quick - exact).max() < 2e-10


def test_a_linear_map_takes_one_newton_step():
    """However ill-conditioned: near a singular I - J a descent creeps."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((40, 40)))[0] for _ in range(2))
    W, b = np.eye(40) - left @ np.diag(np.geomspace(1e-4, 1, 40)) @ right, rng.standard_normal(40)
    step, shapes = counted(lambda x: x @ W.T + b)
    system = sp.as_system(step, 40, recognise=False)
    starts = rng.standard_normal((20, 40))
    shapes.clear()
    points = sp.find_fixed_points(system, starts, orbits=False)
    np.testing.assert_allclose(points.xstar[0], np.linalg.solve(np.eye(40) - W, b), rtol=1e-6)
    assert (points.starts.steps <= 3).all()
    # Steps of two states a variable, then one or two Jacobians of four: rounding says which.
    assert sum(n for n, _ in shapes) < 20 * 2 * 40 * 15


def test_a_long_search_is_announced_with_the_cure(monkeypatch):
    system = sp.as_system(lambda x: np.sin(x) * [0.5, 0.2], 2)
    sp.find_fixed_points(system, [[0.0, 1.0]])  # without a word
    monkeypatch.setattr(sys.modules["stillpoint.search.run"], "_LONG", 0.0)
    for search in (sp.find_fixed_points, sp.find_slow_points):
        with pytest.warns(StillpointWarning, match=r"takes 4 of its steps. Pass jacobian="):
            search(system, [[0.0, 1.0]])
    with pytest.warns(StillpointWarning, match="or pass fewer starts"):
        sp.find_all_fixed_points(system, max_starts=300)
    exact = sp.as_system(
        lambda x: np.sin(x), 2, jacobian=lambda x, u: np.cos(x)[..., None] * np.eye(2)
    )
    sp.find_fixed_points(exact, [[0.0, 1.0]])


def lorenz(t, y):
    """As SciPy takes it: one state, a list out."""
    a, b, c = y
    return [10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c]


def test_a_velocity_of_one_state_is_read():
    system = sp.as_system(lorenz, 3, kind="flow")
    starts = 10 * np.random.default_rng(0).normal(size=(40, 3))
    points = sp.find_fixed_points(system, starts)
    side = np.sqrt(8 / 3 * 27)
    wanted = np.array([[-side, -side, 27], [0, 0, 0], [side, side, 27]])
    np.testing.assert_allclose(points.xstar[np.argsort(points.xstar[:, 0])], wanted, atol=1e-9)


def test_as_many_states_as_dimensions_are_not_mixed():
    def rotation(t, y):
        a, b = y
        return np.array([b, -a])

    velocity = sp.as_system(rotation, 2, kind="flow").step(np.array([[1.0, 2.0], [3.0, 5.0]]))
    np.testing.assert_array_equal(velocity, [[2, -1], [5, -3]])


def test_a_batched_velocity_with_arguments():
    def decay(t, y, rate):
        return -rate * y

    system = sp.as_system(decay, 2, kind="flow", params=3.0)
    np.testing.assert_array_equal(system.step(np.ones((4, 2))), np.full((4, 2), -3.0))
    driven = sp.as_system(lambda t, y, u: u - y, 2, 2, kind="flow")
    np.testing.assert_array_equal(driven.step(np.ones((1, 2)), np.full(2, 3.0)), [[2, 2]])


def test_time_is_stated_where_a_velocity_depends_on_it():
    def driven(t, y):
        return np.sin(t) - y

    with pytest.raises(ArgumentError, match=r"t: got None, but driven is not the same"):
        sp.as_system(driven, 1, kind="flow")
    at_one = sp.as_system(driven, 1, kind="flow", t=1.0)
    np.testing.assert_allclose(at_one.step(np.zeros((1, 1))), [[np.sin(1.0)]])
    with pytest.raises(ArgumentError, match=r"t: got 'a'"):
        sp.as_system(driven, 1, kind="flow", t="a")


def test_a_velocity_is_not_taken_for_a_map():
    with pytest.raises(ArgumentError, match=r"kind: got 'map', but lorenz begins with the time"):
        sp.as_system(lorenz, 3)


@pytest.mark.jax
def test_a_vector_field_of_diffrax():
    jnp = pytest.importorskip("jax.numpy")

    def field(t, y, args):
        return args["gain"] * jnp.tanh(y) - y

    system = sp.as_system(field, 2, kind="flow", params={"gain": jnp.array(2.0)})
    x = np.ones((3, 2))
    np.testing.assert_allclose(system.step(x), 2 * np.tanh(x) - x, rtol=1e-15)


# -- when a step is called -------------------------------------------------------------------------


def delayed(x):
    """A step that cannot take an empty batch, as `reshape` cannot tell -1 of nothing."""
    h = x.reshape(len(x), 2, -1)
    assert len(x)
    return np.concatenate([np.tanh(2 * h[:, 1:] - h[:, :1]), h[:, :1]], 1).reshape(len(x), -1)


def test_a_step_is_never_called_with_an_empty_batch():
    system = sp.as_system(delayed, 4)
    starts = np.random.default_rng(0).normal(size=(30, 4))
    for points in (sp.find_fixed_points(system, starts), sp.find_all_fixed_points(system)):
        assert len(points)
    empty = np.zeros((0, 4))
    assert system.step(empty).shape == (0, 4)
    assert system.jacobian(empty).shape == (0, 4, 4)
    assert system.vjp(empty, None, empty).shape == system.jvp(empty, None, empty).shape == (0, 4)


# -- copies ----------------------------------------------------------------------------------------


def test_every_system_of_a_function_copies_deeply():
    system = sp.as_system(lambda x: np.tanh(2 * x), 2)
    assert copy.deepcopy(system).step(np.ones((1, 2))).tolist() == np.tanh([[2.0, 2.0]]).tolist()


def test_a_function_of_a_module_is_pickled():
    system = pickle.loads(pickle.dumps(sp.as_system(delayed, 4, lefschetz=1)))
    assert system.lefschetz == 1
    np.testing.assert_array_equal(system.step(np.ones((1, 4))), delayed(np.ones((1, 4))))


def test_a_lambda_says_how_it_can_be_sent(monkeypatch):
    system = sp.as_system(lambda x: x**2 / 2, 2)
    observed = sp.as_system(delayed, 4).observe(lambda x: x[:, :2])
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    for lambdas in (system, observed):
        with pytest.raises(pickle.PicklingError, match=r"system: .*cloudpickle.*in the worker"):
            pickle.dumps(lambdas)
        copy.deepcopy(lambdas)


def test_a_pickled_system_is_the_same_in_another_process(tmp_path):
    path = tmp_path / "steps.py"
    path.write_text("import numpy as np\ndef step(x):\n    return np.tanh(2 * x)\n")
    made = (
        "import pickle, steps, stillpoint as sp; "
        "open('system', 'wb').write(pickle.dumps(sp.as_system(steps.step, 2)))"
    )
    read = (
        "import pickle, numpy as np; "
        "print(pickle.load(open('system', 'rb')).step(np.ones((1, 2))).tolist())"
    )
    for code in (made, read):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == str(np.tanh([[2.0, 2.0]]).tolist())


def test_a_lefschetz_number_is_any_whole_number():
    for value in (2.5, True, "1", 2**70):
        with pytest.raises(ArgumentError, match="lefschetz"):
            sp.as_system(lambda x: x, 1, lefschetz=value)
    for value in (-1, 0, 1, np.int64(2)):
        assert sp.as_system(lambda x: x, 1, lefschetz=value).lefschetz == value


def test_repr_says_how_a_step_is_differentiated():
    assert repr(sp.as_system(np.square, 1)) == (
        "System(map, 1 state, no inputs; central differences)"
    )
    own: Mapping = {"jacobian": lambda x, u: np.ones((len(x), 1, 1))}
    assert "own Jacobian" in repr(sp.as_system(lambda x: x, 1, **own))
