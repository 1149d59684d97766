"""The Equinox adapter: what is special about its modules; they are left as they were."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError
from stillpoint.frameworks.base import ModelSpec, adapter
from stillpoint.tasks import load_network

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")

import jax.numpy as jnp  # noqa: E402
from cells_of_equinox import LAYERS, D, Layers, Leaky, M, cell  # noqa: E402

pytestmark = pytest.mark.equinox


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def rows(system, n=4):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, system.state_size)), rng.normal(size=(n, system.input_size))


# -- models that are refused, or that miss something ----------------------------------------------


@pytest.mark.parametrize("missing", ["state_size", "input_size"])
def test_a_module_that_does_not_tell_its_sizes_asks_for_them(rng, missing):
    sizes = {"state_size": D, "input_size": M}
    del sizes[missing]
    with pytest.raises(ArgumentError, match=rf"{missing}: got None, and Layers.*{missing}=\.\.\."):
        sp.as_system(cell(Layers, rng), **sizes)


@pytest.mark.parametrize("name", ["state_size", "input_size"])
def test_sizes_that_contradict_the_module_are_refused(rng, name):
    with pytest.raises(ArgumentError, match=rf"{name}: got 9"):
        sp.as_system(cell(eqx.nn.GRUCell, rng), **{name: 9})


@pytest.mark.parametrize("name", ["state", "params"])
def test_what_a_cell_tells_itself_is_refused(rng, name):
    with pytest.raises(ArgumentError, match=rf"{name}: GRUCell tells this itself"):
        sp.as_system(cell(eqx.nn.GRUCell, rng), **{name: np.zeros(D)})


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("module", [eqx.nn.GRUCell, Leaky])
def test_half_precision_is_refused(rng, module, dtype):
    model = jax.tree.map(lambda a: a.astype(dtype) if eqx.is_array(a) else a, cell(module, rng))
    with pytest.raises(
        UnsupportedModelError, match=rf"model: \w+ of {module.__name__} is {np.dtype(dtype).name}"
    ):
        sp.as_system(model)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["W", "B"])
def test_weights_that_are_not_finite_are_refused(rng, name, bad):
    model = eqx.tree_at(lambda m: getattr(m, name), cell(Leaky, rng), replace_fn=lambda a: a * bad)
    with pytest.raises(ArgumentError, match=rf"model: {name} of Leaky holds NaN"):
        sp.as_system(model)


def test_a_model_without_values_is_refused():
    model = eqx.filter_eval_shape(eqx.nn.GRUCell, M, D, key=jax.random.key(0))
    with pytest.raises(UnsupportedModelError, match=r"weight_ih of GRUCell has a shape, but no"):
        sp.as_system(model)


def test_a_module_that_is_not_one_step_is_refused():
    model = eqx.nn.Linear(D, D, key=jax.random.key(0))
    with pytest.raises(UnsupportedModelError, match=r"Linear was called as `model\(input, h\)`"):
        sp.as_system(model, state_size=D, input_size=M)


@pytest.mark.parametrize("integer", [np.int64, np.int32])
def test_sizes_may_be_of_any_integer_type(rng, integer):
    model = cell(Plain, rng)
    dynamics, _ = adapter("equinox").read_model(model, ModelSpec(integer(M), integer(M)))
    assert (type(dynamics.state_size), dynamics.state_size) == (int, M)


@pytest.mark.parametrize("size", [0, True])
def test_what_is_no_size_is_refused(rng, size):
    with pytest.raises(ArgumentError, match=rf"state_size: got {size!r}, but a whole number"):
        sp.as_system(cell(Plain, rng), state_size=size, input_size=M)


# -- functions that Equinox has wrapped ------------------------------------------------------------


class Plain(eqx.Module):
    """As many states as inputs, which do different things; the step is a method too."""

    W: jax.Array

    def __init__(self, m, _, *, key):
        self.W = jax.random.normal(key, (m, 2 * m))

    def __call__(self, input, h):  # noqa: A002
        return self.step(h, input)

    def step(self, h, input):  # noqa: A002
        return jnp.tanh(self.W @ jnp.concatenate([h, input], axis=-1))


def with_parameter(_, h, u, model):
    return model.step(h, u)


WRAPPED = {
    "filter_jit": lambda model: eqx.filter_jit(lambda h, u: model.step(h, u)),
    "filter_vmap": lambda model: eqx.filter_vmap(lambda h, u: model.step(h, u)),
    "filter_checkpoint": lambda model: eqx.filter_checkpoint(lambda h, u: model.step(h, u)),
    "twice": lambda model: eqx.filter_vmap(eqx.filter_jit(lambda h, u: model.step(h, u))),
    "Partial": lambda model: eqx.Partial(with_parameter, None, model=model),
    "method": lambda model: model.step,
    "filter_jit of a method": lambda model: eqx.filter_jit(model.step),
    "filter_jit of a cell": eqx.filter_jit,
    "Partial of a cell": eqx.Partial,
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_what_equinox_has_wrapped_is_called_like_what_is_inside(rng, wrap):
    model = cell(Plain, rng)
    system = sp.as_system(wrap(model), state_size=M, input_size=M)
    x, u = rows(system)
    with jax.enable_x64(True):
        expected = jax.vmap(model.step)(x, u)
    np.testing.assert_allclose(system.step(x, u), expected, rtol=0, atol=1e-12)


# -- what is read ---------------------------------------------------------------------------------


def test_points_of_an_lstm_go_back_as_its_pair(rng):
    model = cell(eqx.nn.LSTMCell, rng)
    system = sp.as_system(model)
    points = sp.find_fixed_points(system, rows(system, 32)[0], np.zeros(M))
    h, c = points.unpack()
    np.testing.assert_array_equal(np.concatenate([h, c], axis=1), points.xstar)
    with jax.enable_x64(True):
        new_h, new_c = jax.vmap(model, in_axes=(None, 0))(jnp.zeros(M), (h, c))
    np.testing.assert_allclose(new_h, h, rtol=0, atol=1e-10)
    np.testing.assert_allclose(new_c, c, rtol=0, atol=1e-10)


def test_points_of_a_module_go_back_as_its_own_state(rng):
    system = sp.as_system(cell(Layers, rng), input_size=M, state=LAYERS)
    points = sp.find_fixed_points(system, rows(system, 16)[0], np.zeros(M))
    assert len(points)
    state = points.unpack()
    assert state["bottom"].shape == (len(points), D)
    assert [part.shape for part in state["top"]] == [(len(points), D - 1)] * 2


class Damped(eqx.nn.GRUCell):
    """A subclass that does something else with the weights of its parent."""

    def __call__(self, input, hidden, *, key=None):  # noqa: A002, ARG002
        return 0.5 * super().__call__(input, hidden)


def test_a_subclass_of_a_standard_cell_is_called(rng):
    model = cell(Damped, rng)
    system = sp.as_system(model)
    x, u = rows(system)
    with jax.enable_x64(True):
        np.testing.assert_allclose(system.step(x, u), jax.vmap(model)(u, x), rtol=0, atol=1e-12)


def test_an_equinox_gru_has_the_27_points_of_the_flip_flop_network():
    shipped = load_network("gru").cell
    d, m = shipped.state_size, shipped.input_size
    model = eqx.nn.GRUCell(m, d, key=jax.random.key(0))
    model = eqx.tree_at(
        lambda g: (g.weight_hh, g.weight_ih, g.bias, g.bias_n),
        model,
        [jnp.asarray(a, jnp.float32) for a in (shipped.W, shipped.B, shipped.b, shipped.c)],
    )
    states = np.random.default_rng(0).uniform(-1, 1, size=(2000, d))
    points = sp.find_fixed_points(sp.as_system(model), states, np.zeros(m))
    assert len(points) == 27
    assert points.q.max() <= 1e-24


# -- what happens to the user's module ------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "told"),
    [(eqx.nn.LSTMCell, {}), (Leaky, {}), (Layers, {"input_size": M, "state": LAYERS})],
    ids=["read", "called", "nest"],
)
def test_a_search_leaves_the_module_as_it_was(rng, module, told):
    model = cell(module, rng)
    leaves = jax.tree.leaves(model)
    kept = [np.array(leaf) for leaf in leaves]
    x64 = jax.config.jax_enable_x64
    with jax.checking_leaks():
        system = sp.as_system(model, **told)
        points = sp.find_fixed_points(system, rows(system, 16)[0], np.zeros(M), max_steps=20)
        sp.linearize(system, points)
    assert jax.config.jax_enable_x64 == x64
    for leaf, same, old in zip(jax.tree.leaves(model), leaves, kept, strict=True):
        assert leaf is same
        assert np.asarray(leaf).tobytes() == old.tobytes()


@pytest.mark.parametrize("module", [eqx.nn.GRUCell, Leaky], ids=["read", "called"])
def test_arrays_that_are_donated_or_written_to_do_not_change_the_system(rng, module):
    model = cell(module, rng)
    with_numpy = jax.tree.map(lambda a: np.array(a) if eqx.is_array(a) else a, model)
    systems = [sp.as_system(model), sp.as_system(with_numpy)]
    expected = sp.as_system(model).jacobian(*rows(systems[0]))
    for array in jax.tree.leaves(eqx.filter(model, eqx.is_array)):
        array.delete()
    for array in jax.tree.leaves(eqx.filter(with_numpy, eqx.is_array_like)):
        if isinstance(array, np.ndarray):
            array.fill(0)
    for system in systems:  # nothing is compiled before the first call
        np.testing.assert_array_equal(system.jacobian(*rows(system)), expected)
