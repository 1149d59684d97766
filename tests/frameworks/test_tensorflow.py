"""The TensorFlow adapter: functions agree with their known derivatives, and are traced once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError

tf = pytest.importorskip("tensorflow")
from stillpoint.frameworks import tensorflow as adapter  # noqa: E402

pytestmark = pytest.mark.tensorflow

D, M = 3, 2  # units, inputs
RNG = np.random.default_rng(0)
W, B = RNG.normal(size=(D, D)), RNG.normal(size=(D, M))
X, U, V = RNG.normal(size=(5, D)), RNG.normal(size=(5, M)), RNG.normal(size=(5, D))


def step(x, u):
    return tf.tanh(x @ W.T + u @ B.T)


def as_system(function=step, state_size=D, input_size=M, **options):
    return sp.as_system(function, state_size, input_size, framework="tensorflow", **options)


def slopes():
    return 1 - np.tanh(X @ W.T + U @ B.T) ** 2


# -- steps and derivatives -------------------------------------------------------------------------


def test_a_step_and_its_derivatives_are_the_known_ones():
    system = as_system()
    close = {"rtol": 0, "atol": 1e-13}
    jacobian = slopes()[:, :, None] * W
    np.testing.assert_allclose(system.step(X, U), np.tanh(X @ W.T + U @ B.T), **close)
    np.testing.assert_allclose(system.jacobian(X, U), jacobian, **close)
    np.testing.assert_allclose(system.input_jacobian(X, U), slopes()[:, :, None] * B, **close)
    pushed, pulled = np.einsum("nij,nj->ni", jacobian, V), np.einsum("nij,ni->nj", jacobian, V)
    np.testing.assert_allclose(system.jvp(X, U, V), pushed, **close)
    np.testing.assert_allclose(system.vjp(X, U, V), pulled, **close)


def test_a_search_finds_the_known_points():
    system = as_system(lambda x: tf.tanh(2 * x), state_size=1, input_size=0)
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    np.testing.assert_allclose(
        np.sort(points.xstar[:, 0]), [-0.95750402407729, 0, 0.95750402407729], atol=1e-13
    )


def test_a_flow_keeps_its_kind():
    system = as_system(lambda x: -x, input_size=0, kind="flow", lefschetz=1)
    assert (system.kind, system.lefschetz) == ("flow", 1)


@pytest.mark.parametrize("input_size", [0, M])
def test_nothing_is_traced_after_the_system_is_made(input_size):
    traces = []

    def counted(x, u):
        traces.append(x.shape)
        return tf.tanh(x @ W.T) + tf.reduce_sum(u, axis=1, keepdims=True)

    system = as_system(counted, input_size=input_size)
    traces.clear()
    for n in (1, 2, 5, 64, 0, 7):
        x, u = np.ones((n, D)), np.ones((n, input_size))
        assert system.step(x, u).shape == (n, D)
        assert system.jacobian(x, u).shape == (n, D, D)
        assert system.input_jacobian(x, u).shape == (n, D, input_size)
        assert system.jvp(x, u, x).shape == system.vjp(x, u, x).shape == (n, D)
    sp.find_fixed_points(system, RNG.normal(size=(50, D)), np.zeros(input_size))
    assert not traces


def test_a_function_is_recognised_and_takes_tensors():
    system = sp.as_system(step, D, M)
    assert isinstance(system.step(tf.constant(X), tf.constant(U)), np.ndarray)
    np.testing.assert_array_equal(system.step(tf.constant(X), U), system.step(X, U))


def test_a_function_that_ignores_its_inputs_or_its_state():
    system = as_system(lambda x, _: tf.ones_like(x))
    assert not system.jacobian(X, U).any()
    assert not system.input_jacobian(X, U).any()
    assert not system.jvp(X, U, V).any()
    assert not system.vjp(X, U, V).any()


def test_a_decorated_step_may_loop_over_tensors():
    @tf.function
    def relax(x, u):
        for _ in tf.range(3):
            x = x + 0.5 * (tf.tanh(x @ W.T + u @ B.T) - x)
        return x

    expected = X
    for _ in range(3):
        expected = expected + 0.5 * (np.tanh(expected @ W.T + U @ B.T) - expected)
    system = as_system(relax)
    np.testing.assert_allclose(system.step(X, U), expected, rtol=0, atol=1e-13)
    by_differences = sp.as_system(lambda x, u: system.step(x, u), D, M, framework="numpy")
    np.testing.assert_allclose(
        system.jacobian(X, U), by_differences.jacobian(X, U), rtol=0, atol=1e-9
    )


def test_jacobians_of_the_caller_are_used():
    called, right = [], as_system()

    def jacobian(x, u):
        called.append(len(x))
        return tf.constant(right.jacobian(x.numpy(), u.numpy()))

    def input_jacobian(x, u):
        called.append(-len(x))
        return tf.constant(right.input_jacobian(x.numpy(), u.numpy()))

    system = as_system(jacobian=jacobian, input_jacobian=input_jacobian)
    called.clear()
    system.jacobian(X, U)
    system.input_jacobian(X, U)
    assert called == [len(X), -len(X)]


def test_differentiate():
    _, jacobian = adapter.read_observable(lambda x: tf.sin(x @ W.T), X.shape[1])
    got = jacobian(X)
    np.testing.assert_allclose(got, np.cos(X @ W.T)[:, :, None] * W, rtol=0, atol=1e-13)


# -- states of several variables -------------------------------------------------------------------


class Pair(NamedTuple):
    m: Any
    h: Any


@dataclass
class Record:
    m: Any
    h: Any


NESTS = {
    "dict": (lambda m, h: {"m": m, "h": h}, (itemgetter("m"), itemgetter("h"))),
    "other names": (lambda m, h: {"h": m, "a": h}, (itemgetter("h"), itemgetter("a"))),
    "list": (lambda m, h: [m, h], (itemgetter(0), itemgetter(1))),
    "nested tuple": (lambda m, h: (m, (h,)), (itemgetter(0), lambda state: state[1][0])),
    "named tuple": (Pair, (attrgetter("m"), attrgetter("h"))),
    "dataclass": (Record, (attrgetter("m"), attrgetter("h"))),
}


@pytest.mark.parametrize(("nest", "leaves"), NESTS.values(), ids=NESTS)
def test_states_of_several_variables_keep_the_callers_order(nest, leaves):
    def squares_and_cubes(state, u):
        m, h = (leaf(state) for leaf in leaves)
        result = nest(m**2, h**3)
        return dict(reversed(result.items())) if isinstance(result, dict) else result

    system = as_system(squares_and_cubes, None, 0, state=nest(np.zeros(1), np.zeros(1)))
    at = np.array([[2.0, 3.0]])
    np.testing.assert_array_equal(system.step(at), [[4.0, 27.0]])
    np.testing.assert_array_equal(system.jacobian(at), [np.diag([4.0, 27.0])])
    points = sp.find_fixed_points(system, np.array([[0.9, 0.1]]))
    assert type(points.unpack()) is type(nest(0, 0))


def test_variables_keep_their_shapes():
    def turn(state, u):
        return {"a": tf.transpose(state["a"], (0, 2, 1)), "b": state["b"] + u}

    example = {"a": tf.zeros((2, 2)), "b": tf.zeros(1)}
    system = sp.as_system(turn, state=example, input_size=1)
    x = np.arange(10.0).reshape(2, 5)
    np.testing.assert_array_equal(
        system.step(x, np.ones(1)), x[:, [0, 2, 1, 3, 4]] + [0, 0, 0, 0, 1]
    )
    np.testing.assert_array_equal(system.jacobian(x, np.ones(1))[1], np.eye(5)[[0, 2, 1, 3, 4]])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda s, u: {"a": s["a"]}, "members a, but members a, b is wanted"),
        (lambda s, u: {"a": s["a"], "b": s["a"]}, r"b: got shape \(None, 2\)"),
    ],
)
def test_a_state_that_is_not_like_the_example(function, message):
    with pytest.raises(UnsupportedModelError, match=message):
        as_system(function, None, 0, state={"a": np.zeros(2), "b": np.zeros(1)})


# -- functions that are no step --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, u: tf.random.normal(tf.shape(x), dtype=x.dtype) + x, "different results"),
        (lambda x, u: x + np.random.default_rng().normal(size=D), "different results"),
        (lambda x, u: x - tf.reduce_mean(x, axis=0), "mixes the rows"),
        (lambda x, u: x[:, :2], r"shape \(2, 2\)"),
        (lambda x, u: tf.zeros((x.shape[0], D)), r"tf\.shape\(x\)\[0\]"),
        (lambda x, u: tf.constant(x.numpy()), r"no \.numpy\(\)"),
        (lambda x, u: tf.numpy_function(np.tanh, [x], x.dtype), "calls Python"),
        (tf.function(lambda x, u: tf.py_function(tf.tanh, [x], x.dtype)), "calls Python"),
        (lambda x, u: [x, x], "list, not a tensor"),
        (lambda x, u: tf.cast(x, tf.float16), "float16"),
        (lambda x, u: x @ tf.ones((7, 7), x.dtype), "state_size"),
    ],
    ids=[
        "noise",
        "frozen noise",
        "mixing",
        "shape",
        "rows",
        "values",
        "NumPy",
        "Python",
        "list",
        "half",
        "size",
    ],
)
def test_what_is_no_step_is_refused(function, message):
    with pytest.raises(UnsupportedModelError, match=message):
        as_system(function)


def test_the_graph_mode_of_version_1_is_refused():
    with tf.Graph().as_default(), pytest.raises(UnsupportedModelError, match="version 1"):
        as_system()


def test_a_jacobian_of_another_shape_is_refused():
    with pytest.raises(ArgumentError, match=r"jacobian: returned shape \(2, 3\)"):
        as_system(jacobian=lambda x, u: tf.zeros((2, D)))


def test_a_function_that_works_in_float32_only_says_so():
    with pytest.warns(StillpointWarning, match="float32"):
        system = as_system(lambda x: tf.tanh(2 * tf.cast(x, tf.float32)), 1, 0)
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), [-0.957504, 0, 0.957504], atol=1e-5)
    with pytest.warns(StillpointWarning, match="float32"):
        as_system(lambda x, u: tf.tanh(x @ tf.constant(W, tf.float32)))


def test_importing_stillpoint_imports_neither_tensorflow_nor_keras():
    code = "import sys, stillpoint; assert not {'tensorflow', 'keras'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
