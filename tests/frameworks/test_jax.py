"""JAX functions: batched or not, in any nest, compiled once, in float64 whatever the setting."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy
pytestmark = pytest.mark.jax

import stillpoint as sp  # noqa: E402
from stillpoint import (  # noqa: E402
    ArgumentError,
    StillpointWarning,
    UnsupportedModelError,
)
from stillpoint.frameworks.jax import tiles  # noqa: E402

D, M = 6, 2
RNG = np.random.default_rng(0)
W = 1.4 * RNG.standard_normal((D, D)) / np.sqrt(D)
B = RNG.standard_normal((D, M))
STARTS = RNG.standard_normal((300, D))
INPUT = np.array([0.3, -0.2])


def batched(x, u):
    return jnp.tanh(x @ W.T + u @ B.T)


def single(x, u):
    return jnp.tanh(W @ x + B @ u)


def with_params(x, u, params):
    return jnp.tanh(params["W"] @ x + params["B"] @ u)


def reference() -> sp.System:
    return sp.as_system(lambda x, u: np.tanh(x @ W.T + u @ B.T), D, M)


# -- how it may be written ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (batched, {}),
        (single, {}),
        (jax.jit(single), {}),
        (jax.vmap(single), {}),
        (with_params, {"params": {"W": W, "B": B}}),
        (with_params, {"params": {"W": jnp.asarray(W), "B": jnp.asarray(B)}}),
    ],
    ids=["batched", "single", "jitted", "vmapped", "params", "jax params"],
)
def test_every_way_to_write_a_step_gives_the_same_step(function, options):
    system = sp.as_system(function, D, M, framework="jax", **options)
    exact = 1e-6 if isinstance(options.get("params", {}).get("W"), jax.Array) else 1e-14
    x, u = STARTS[:20], np.broadcast_to(INPUT, (20, M))
    slope = 1 - np.tanh(x @ W.T + u @ B.T) ** 2
    np.testing.assert_allclose(system.step(x, u), np.tanh(x @ W.T + u @ B.T), atol=exact)
    np.testing.assert_allclose(system.jacobian(x, u), slope[:, :, None] * W, atol=10 * exact)
    np.testing.assert_allclose(system.input_jacobian(x, u), slope[:, :, None] * B, atol=10 * exact)
    v = RNG.standard_normal((20, D))
    np.testing.assert_allclose(
        system.jvp(x, u, v), np.einsum("nij,nj->ni", system.jacobian(x, u), v), atol=1e-13
    )
    np.testing.assert_allclose(
        system.vjp(x, u, v), np.einsum("nij,ni->nj", system.jacobian(x, u), v), atol=1e-13
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_one_state_is_not_taken_for_a_batch(size):
    """A matrix product from the left also accepts a square batch, and gives something else."""
    weights = np.random.default_rng(size).standard_normal((size, size))
    system = sp.as_system(lambda x, u: jnp.tanh(weights @ x), size, framework="jax")
    x = np.random.default_rng(1).standard_normal((size, size))
    np.testing.assert_allclose(system.step(x), np.tanh(x @ weights.T), atol=1e-14)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: (-x).at[0].add(jnp.tanh(2 * x[0])),
        lambda x: jnp.tanh(2 * x - x[0]),
        lambda x: x.at[0].set(jnp.tanh(2 * x[1])),
        lambda x: jnp.tanh(jnp.cumsum(x, axis=0)),
        lambda x: jnp.tanh(x[::-1]),
        lambda x: jnp.tanh(x / jnp.max(jnp.abs(x), axis=0)),
    ],
    ids=["add", "first", "set", "cumsum", "reverse", "max"],
)
def test_units_of_one_state_are_not_taken_for_states(step):
    x = np.random.default_rng(3).standard_normal((5, 3))
    system = sp.as_system(step, 3, framework="jax")
    with jax.enable_x64(True):
        expected = np.stack([np.asarray(step(jnp.asarray(row))) for row in x])
    np.testing.assert_allclose(system.step(x), expected, atol=1e-14)


def test_a_sum_over_units_is_no_sum_over_states():
    system = sp.as_system(lambda x, u: x / (1 + jnp.sum(x**2)), 3, framework="jax")
    x = STARTS[:4, :3]
    np.testing.assert_allclose(system.step(x), x / (1 + (x**2).sum(axis=1, keepdims=True)))


def test_a_function_of_the_state_alone():
    system = sp.as_system(lambda x: jnp.tanh(2 * x), 1, framework="jax")
    assert len(sp.find_fixed_points(system, np.linspace(-1, 1, 20)[:, None])) == 3


def test_a_flow():
    system = sp.as_system(lambda x, u: -x + jnp.tanh(2 * x), 1, kind="flow", framework="jax")
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 20)[:, None])
    assert points.is_stable.tolist() == [True, True, False]


def test_the_framework_is_found_out():
    assert sp.as_system(batched, D, M, recognise=False).dynamics.library == "jax"
    assert sp.as_system(lambda x, u: np.tanh(x), D, recognise=False).dynamics.library == "numpy"


def test_given_derivatives_are_used():
    called, right = [], sp.as_system(batched, D, M, framework="jax")

    def jacobian(x, u):
        called.append(len(x))
        return jnp.asarray(right.jacobian(np.asarray(x), np.asarray(u)))

    system = sp.as_system(batched, D, M, framework="jax", jacobian=jacobian)
    called.clear()
    system.jacobian(STARTS[:3], INPUT)
    assert called == [3]
    with pytest.raises(ArgumentError, match="jacobian: it is not the derivative"):
        sp.as_system(batched, D, M, framework="jax", jacobian=lambda x, u: 7 + jacobian(x, u))


# -- nests ----------------------------------------------------------------------------------------


class Pair(NamedTuple):
    m: np.ndarray
    h: np.ndarray


def powers(state, u):
    return {"h": state["h"] ** 3, "m": state["m"] ** 2}  # not in the order of the example


@pytest.mark.parametrize(
    ("order", "at", "slopes"),
    [(("m", "h"), (2.0, 3.0), (4.0, 27.0)), (("h", "m"), (3.0, 2.0), (27.0, 4.0))],
)
def test_variables_stand_in_the_callers_order(order, at, slopes):
    example = {name: np.zeros(1) for name in order}
    system = sp.as_system(powers, state=example, framework="jax")
    np.testing.assert_array_equal(system.jacobian(np.array([at]))[0], np.diag(slopes))
    assert list(system.state_regions) == list(order)


@pytest.mark.parametrize("names", [("a", "z"), ("z", "a")])
def test_names_do_not_matter(names):
    first, second = names

    def step(state, u):
        return {second: state[second] ** 3, first: state[first] ** 2}

    example = {first: np.zeros(1), second: np.zeros(1)}
    system = sp.as_system(step, state=example, framework="jax")
    np.testing.assert_array_equal(system.jacobian(np.array([[2.0, 3.0]]))[0], np.diag([4.0, 27.0]))


@pytest.mark.parametrize("example", [Pair(np.zeros(2), np.zeros(3)), (np.zeros(2), np.zeros(3))])
def test_points_come_back_in_the_callers_nest(example):
    def step(state, u):
        return (
            type(state)(*(value / 2 for value in state))
            if hasattr(state, "m")
            else tuple(value / 2 for value in state)
        )

    system = sp.as_system(step, state=example, framework="jax")
    points = sp.find_fixed_points(system, STARTS[:9, :5])
    split = points.unpack()
    assert type(split) is type(example)
    assert [part.shape for part in split] == [(1, 2), (1, 3)]


def test_states_of_several_axes():
    system = sp.as_system(
        lambda s, u: {"grid": 0.5 * s["grid"].swapaxes(-1, -2)},
        state={"grid": np.zeros((2, 2))},
        framework="jax",
    )
    step = system.step(np.array([[0.0, 1.0, 2.0, 3.0]]))
    assert system.unpack(step)["grid"].tolist() == [[[0.0, 1.0], [0.5, 1.5]]]


def test_a_missing_variable_is_named():
    with pytest.raises(UnsupportedModelError, match=r"got members m, but members m, h"):
        sp.as_system(
            lambda s, u: {"m": s["m"]},
            state={"m": jnp.zeros(1), "h": jnp.zeros(1)},
            framework="jax",
        )


# -- compiled once --------------------------------------------------------------------------------


def test_a_second_search_traces_nothing():
    traces = []

    def counted(x, u):
        traces.append(x.shape)
        return single(x, u)

    system = sp.as_system(counted, D, M)
    first = sp.find_fixed_points(system, STARTS, INPUT)
    after_one = len(traces)
    again = sp.find_fixed_points(system, STARTS, INPUT)
    assert len(traces) == after_one
    sp.find_fixed_points(system, STARTS[:77], INPUT)  # another number of rows
    assert len(traces) == after_one
    np.testing.assert_array_equal(first.xstar, again.xstar)


@pytest.mark.parametrize("rows", [0, 1, 15, 16, 17, 255, 256, 257, 700])
def test_tiles_cover_every_row_once(rows):
    system = sp.as_system(single, D, M)
    x = np.random.default_rng(rows).standard_normal((rows, D))
    expected = np.tanh(x @ W.T + INPUT @ B.T)
    np.testing.assert_allclose(system.step(x, INPUT), expected, atol=1e-14)
    assert system.jacobian(x, INPUT).shape == (rows, D, D)


def test_large_systems_get_small_tiles(monkeypatch):
    shapes = []
    tiled = tiles.Tiled(lambda x: shapes.append(x.shape) or x, width=2**12, double=True)
    seen = []
    monkeypatch.setattr(tiles, "_padded", lambda rows, size: seen.append(size) or rows)
    tiled(np.zeros((32, 3)))
    assert set(seen) == {16}


# -- frozen weights -------------------------------------------------------------------------------


@pytest.mark.parametrize("as_params", [True, False], ids=["params", "closure"])
def test_weights_changed_later_do_not_change_the_system(as_params):
    own = {"W": W.copy(), "B": B.copy()}
    if as_params:
        system = sp.as_system(with_params, D, M, params=own, framework="jax")
    else:
        system = sp.as_system(lambda x, u: with_params(x, u, own), D, M, framework="jax")
    own["W"][:] = 0.0
    own["B"] = np.zeros((D, M))
    for rows in (2, 300):
        x, u = STARTS[:rows], np.broadcast_to(INPUT, (rows, M))
        np.testing.assert_allclose(system.step(x, u), reference().step(x, u), atol=1e-14)
        np.testing.assert_allclose(system.jacobian(x, u), reference().jacobian(x, u), atol=1e-9)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.full((D, D), np.nan), "holds NaN"),
        (jnp.zeros((D, D), dtype=jnp.bfloat16), "bfloat16, whose numbers are too coarse"),
    ],
    ids=["NaN", "bfloat16"],
)
def test_unusable_weights_inside_are_told(weights, message):
    with pytest.raises(UnsupportedModelError, match=message):
        sp.as_system(lambda x: jnp.tanh((x @ weights).real), D, framework="jax")


def test_complex_weights_inside_are_kept():
    weights = 0.5j * np.eye(D) + 0.25
    system = sp.as_system(lambda x: jnp.tanh((x @ weights).real), D, framework="jax")
    x = np.random.default_rng(0).standard_normal((2, D))
    np.testing.assert_allclose(system.step(x), np.tanh((x @ weights).real), atol=1e-14)


# -- derivatives ----------------------------------------------------------------------------------


@jax.custom_vjp
def steep(x):
    return jnp.tanh(x)


steep.defvjp(lambda x: (jnp.tanh(x), x), lambda x, g: (g * (1 - jnp.tanh(x) ** 2),))


def called_back(x):
    return jax.pure_callback(np.tanh, jax.ShapeDtypeStruct(x.shape, x.dtype), x)


def test_a_rule_for_reverse_mode_alone_is_enough():
    system = sp.as_system(lambda x: steep(2 * x), 1, framework="jax")
    np.testing.assert_allclose(system.jacobian(np.zeros((1, 1))), [[[2.0]]])
    np.testing.assert_allclose(system.jvp(np.zeros((1, 1)), None, np.ones((1, 1))), [[2.0]])
    assert len(sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])) == 3


def test_what_cannot_be_differentiated_says_so():
    with pytest.raises(UnsupportedModelError, match=r"pass jacobian= and input_jacobian="):
        sp.as_system(called_back, 2, framework="jax")


# -- observed coordinates -------------------------------------------------------------------------


def test_a_jax_function_can_be_observed():
    system = sp.as_system(lambda x: x - 1 + 0 * jnp.tanh(x), 1, framework="jax")
    observed = system.observe(lambda x: jnp.maximum(x, 0.0))
    assert observed.residual(np.array([[-3.0]])) == 0
    points = sp.find_fixed_points(
        sp.as_system(batched, D, M).observe(lambda x: jnp.tanh(x)), STARTS[:50], INPUT
    )
    expected = sp.find_fixed_points(reference().observe("tanh"), STARTS[:50], INPUT)
    assert len(points) == len(expected) > 0
    np.testing.assert_allclose(points.xstar, expected.xstar, atol=1e-10)


# -- precision ------------------------------------------------------------------------------------


def test_the_search_is_in_float64_and_the_setting_is_left():
    assert not jax.config.jax_enable_x64
    points = sp.find_fixed_points(sp.as_system(batched, D, M), STARTS, INPUT)
    assert len(points)
    assert points.q.max() < 1e-28
    assert not jax.config.jax_enable_x64
    assert jnp.zeros(1).dtype == jnp.float32


def test_points_are_those_of_numpy():
    ours = sp.find_fixed_points(sp.as_system(batched, D, M), STARTS, INPUT)
    theirs = sp.find_fixed_points(reference(), STARTS, INPUT)
    np.testing.assert_allclose(ours.xstar, theirs.xstar, atol=1e-12)
    np.testing.assert_array_equal(ours.hits, theirs.hits)


def test_float32_alone_is_told():
    def step(x, u):
        return jnp.tanh(2 * x.astype(jnp.float32))

    with pytest.warns(StillpointWarning, match="float32 only"):
        system = sp.as_system(step, 1, framework="jax")
    assert len(sp.find_fixed_points(system, np.linspace(-1, 1, 20)[:, None])) == 3


def test_float32_inside_is_noticed():
    weights = W.astype(np.float32)

    def step(x, u):
        return 0.5 * x + 0.5 * jnp.tanh(x.astype(jnp.float32) @ weights.T)

    with pytest.warns(StillpointWarning, match="at least in parts"):
        system = sp.as_system(step, D, framework="jax")
    assert len(sp.find_fixed_points(system, STARTS[:50]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision_is_refused(dtype):
    with pytest.raises(UnsupportedModelError, match=f"{dtype}.*too coarse"):
        sp.as_system(lambda x, u: x.astype(dtype), 3, framework="jax")


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda x, u: jnp.zeros(D + 1), r"shape \(2, 7\), not \(2, 6\)"),
        (lambda x, u: jnp.tanh(np.asarray(x)), "TracerArrayConversionError"),
        (lambda x, u: x if x.sum() > 0 else -x, "TracerBoolConversionError"),
        (lambda x, u: x + np.random.rand(), "two different results"),  # noqa: NPY002
    ],
    ids=["shape", "numpy inside", "branch", "noise"],
)
def test_what_cannot_be_a_step_says_why(step, message):
    with pytest.raises(UnsupportedModelError, match=message):
        sp.as_system(step, D, M, framework="jax")


def test_a_leaking_tracer_is_told():
    kept = []

    def step(x, u):
        kept.append(jnp.tanh(x))
        return kept[-1]

    gc.freeze()  # JAX looks through all objects that there are for who refers to the tracer
    try:
        with pytest.raises(UnsupportedModelError, match=r"[Ll]eak"):
            sp.as_system(step, D, M, framework="jax")
    finally:
        gc.unfreeze()


def test_an_example_without_values():
    with pytest.raises(ArgumentError, match="no arrays"):
        sp.as_system(powers, state={}, framework="jax")


def test_nothing_is_imported_for_numpy():
    code = "import stillpoint, sys; assert not {'jax', 'torch', 'flax'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
