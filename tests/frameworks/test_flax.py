"""The Flax adapter: what is special about nnx and linen; the models are left as they were."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError
from stillpoint.cells import GRUCell
from stillpoint.tasks import load_network

jax = pytest.importorskip("jax")
pytest.importorskip("flax")

import jax.numpy as jnp  # noqa: E402
from cells_of_flax import D, M, OwnLinenCell, OwnNNXCell, linen_cell, nnx_cell  # noqa: E402
from flax import linen, nnx  # noqa: E402

pytestmark = pytest.mark.flax

N = 4  # rows


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def rows(system, n=N):
    rng = np.random.default_rng(1)
    return rng.normal(size=(n, system.state_size)), rng.normal(size=(n, system.input_size))


# -- models that are refused, or that miss something ----------------------------------------------


@pytest.mark.parametrize("cell", [linen.GRUCell, linen.MGUCell, OwnLinenCell])
def test_linen_cells_need_their_params(cell):
    with pytest.raises(ArgumentError, match=rf"params: got None, but {cell.__name__}.*params=var"):
        sp.as_system(cell(features=D), input_size=M)


@pytest.mark.parametrize("params", [3.0, [np.zeros(3)], {}])
def test_params_that_are_no_variables_are_refused(params):
    with pytest.raises(ArgumentError, match=r"params: got \w+, but the variables of GRUCell"):
        sp.as_system(linen.GRUCell(features=D), params=params)


def test_params_of_another_cell_are_refused(rng):
    _, variables = linen_cell(linen.SimpleCell, rng)
    with pytest.raises(ArgumentError, match=r"params: got h, i, but GRUCell has a layer hr"):
        sp.as_system(linen.GRUCell(features=D), params=variables)


@pytest.mark.parametrize("gate", [linen.sigmoid, linen.hard_sigmoid], ids=["read", "called"])
def test_params_of_a_cell_of_another_size_are_refused(rng, gate):
    _, variables = linen_cell(linen.GRUCell, rng)
    with pytest.raises(ArgumentError, match=rf"has {D} features, but GRUCell .*features={D + 2};"):
        sp.as_system(linen.GRUCell(features=D + 2, gate_fn=gate), params=variables)


def test_params_may_be_passed_with_or_without_their_collection(rng):
    cell, variables = linen_cell(linen.LSTMCell, rng)
    whole, inner = (sp.as_system(cell, params=p) for p in (variables, variables["params"]))
    np.testing.assert_array_equal(whole.step(*rows(whole)), inner.step(*rows(whole)))


def test_a_bound_linen_cell_brings_its_params(rng):
    cell, variables = linen_cell(linen.GRUCell, rng)
    passed, bound = sp.as_system(cell, params=variables), sp.as_system(cell.bind(variables))
    np.testing.assert_array_equal(passed.step(*rows(passed)), bound.step(*rows(passed)))


def test_partitioned_params_are_read(rng):
    cell, variables = linen_cell(linen.GRUCell, rng)
    boxed = jax.tree.map(lambda a: linen.Partitioned(a, (None,) * a.ndim), variables)
    plain, partitioned = (sp.as_system(cell, params=p) for p in (variables, boxed))
    np.testing.assert_array_equal(plain.step(*rows(plain)), partitioned.step(*rows(plain)))


def test_nnx_cells_hold_their_params(rng):
    with pytest.raises(ArgumentError, match=r"params: GRUCell tells this itself"):
        sp.as_system(nnx_cell(nnx.GRUCell, rng), params={})


def test_standard_cells_tell_their_state(rng):
    with pytest.raises(ArgumentError, match=r"state: GRUCell tells this itself"):
        sp.as_system(nnx_cell(nnx.GRUCell, rng), state=np.zeros(D))


@pytest.mark.parametrize("name", ["state_size", "input_size"])
def test_sizes_that_contradict_the_cell_are_refused(rng, name):
    with pytest.raises(ArgumentError, match=rf"{name}: got 9"):
        sp.as_system(nnx_cell(nnx.GRUCell, rng), **{name: 9})


def test_sizes_that_cannot_be_deduced_are_asked_for(rng):
    cell, variables = linen_cell(OwnLinenCell, rng)
    with pytest.raises(ArgumentError, match=r"input_size: got None, and OwnLinenCell.*input_size="):
        sp.as_system(cell, params=variables)


class WithoutCarry(nnx.Module):
    """A step that does not say what its carry is."""

    def __init__(self):
        self.kernel = nnx.Param(jnp.full((M, D), 0.5))

    def __call__(self, carry, inputs):
        carry = jnp.tanh(0.5 * carry + inputs @ self.kernel[...])
        return carry, carry


def test_a_module_without_an_initial_carry_asks_for_its_state():
    with pytest.raises(ArgumentError, match=r"state_size: got None, and WithoutCarry has no"):
        sp.as_system(WithoutCarry(), input_size=M)
    assert sp.as_system(WithoutCarry(), state_size=D, input_size=M).state_size == D
    assert sp.as_system(WithoutCarry(), state=np.zeros(D), input_size=M).state_size == D


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_refused(dtype):
    # Orthogonal kernels, the default, cannot be drawn in half precision.
    options = {"param_dtype": dtype, "recurrent_kernel_init": nnx.initializers.normal()}
    model = nnx.GRUCell(M, D, rngs=nnx.Rngs(0), **options)
    with pytest.raises(UnsupportedModelError, match=rf"model: \w.*{np.dtype(dtype).name}.*coarse"):
        sp.as_system(model)
    cell = linen.GRUCell(features=D, **options)
    variables = cell.init(jax.random.key(0), jnp.zeros(D, dtype), jnp.zeros(M, dtype))
    with pytest.raises(UnsupportedModelError, match=rf"model: \w.*{np.dtype(dtype).name}.*coarse"):
        sp.as_system(cell, params=variables)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("cell", [nnx.GRUCell, OwnNNXCell])
def test_weights_that_are_not_finite_are_refused(rng, cell, bad):
    model = nnx_cell(cell, rng)
    layer = model.dense_h if cell is nnx.GRUCell else model.recurrent
    layer.kernel[...] = layer.kernel[...].at[0, 0].set(bad)
    with pytest.raises(ArgumentError, match=rf"model: \w+\.kernel of {cell.__name__} holds NaN"):
        sp.as_system(model)


def test_a_model_without_values_is_refused():
    model = nnx.eval_shape(lambda: nnx.GRUCell(M, D, rngs=nnx.Rngs(0)))
    with pytest.raises(UnsupportedModelError, match=r"kernel of GRUCell has a shape, but no value"):
        sp.as_system(model)


class Noisy(OwnNNXCell):
    """A cell with noise of its own, which evaluation mode does not switch off."""

    def __init__(self, *, rngs):
        super().__init__(rngs=rngs)
        self.rngs = rngs

    def __call__(self, carry, inputs):
        carry, v = super().__call__(carry, inputs)
        noise = 0.1 * jax.random.normal(self.rngs(), v.shape)
        return {**carry, "v": v + noise}, v


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: Noisy(rngs=nnx.Rngs(0)), "Noisy.*draws random numbers"),
        (lambda: nnx.Linear(D, D, rngs=nnx.Rngs(0)), r"Linear was called as `model\(input, h\)`"),
        (lambda: nnx.Bidirectional(None, None), "Bidirectional.*both ends"),
        (lambda: linen.Bidirectional(None, None), "Bidirectional.*both ends"),
        (lambda: nnx.RNN(nnx.GRUCell(M, D, rngs=nnx.Rngs(0)), reverse=True), "RNN.*model.cell"),
        (lambda: linen.RNN(linen.GRUCell(D), reverse=True).bind({}), "RNN.*from the last to the"),
    ],
    ids=["noise", "linear", *(f"{n}-{lib}" for n in ("both", "back") for lib in ("nnx", "linen"))],
)
def test_what_is_not_one_step_is_refused(model, words):
    with pytest.raises(UnsupportedModelError, match=f"model: .*{words}"):
        sp.as_system(model(), state_size=None if "Noisy" in words else D, input_size=M)


def test_a_convolutional_cell_is_refused(rng):
    cell = linen.ConvLSTMCell(features=2, kernel_size=(2,))
    carry = cell.initialize_carry(jax.random.key(0), (4, M))
    variables = cell.init(jax.random.key(0), carry, jnp.zeros((4, M)))
    with pytest.raises(UnsupportedModelError, match=r"ConvLSTMCell.*not one step"):
        sp.as_system(cell, params=variables, input_size=M)


# -- what is read ---------------------------------------------------------------------------------


class Loud(nnx.Linear):
    """A layer that does something else."""

    def __call__(self, inputs, out_sharding=None):  # noqa: ARG002
        return 2 * super().__call__(inputs)


@pytest.mark.parametrize("change", ["layer", "product"])
def test_a_standard_cell_with_another_layer_is_called(rng, change):
    model = nnx_cell(nnx.GRUCell, rng)
    if change == "layer":
        model.dense_h = Loud(D, 3 * D, use_bias=False, rngs=nnx.Rngs(0))
    else:
        model.dense_h.dot_general = lambda *args, **kwargs: -jax.lax.dot_general(*args, **kwargs)
    system = sp.as_system(model, recognise=False)
    assert not isinstance(system.dynamics, GRUCell)
    x, u = rows(system)
    with jax.enable_x64(True):
        stepped = model(x, u)[0]
    for one in (system, sp.as_system(model)):  # which is a GRU by its values
        np.testing.assert_allclose(one.step(x, u), stepped, rtol=0, atol=1e-12)


def test_a_recurrent_bias_that_the_user_added_is_read(rng):
    model = nnx_cell(nnx.GRUCell, rng)
    model.dense_h = nnx.Linear(D, 3 * D, bias_init=nnx.initializers.normal(), rngs=nnx.Rngs(0))
    system = sp.as_system(model)
    assert isinstance(system.dynamics, GRUCell)
    x, u = rows(system)
    with jax.enable_x64(True):
        np.testing.assert_allclose(system.step(x, u), model(x, u)[0], rtol=0, atol=1e-12)


class Halved(nnx.GRUCell):
    """A subclass that does something else with the weights of its parent."""

    def __call__(self, carry, inputs):
        carry, y = super().__call__(carry, inputs)
        return 0.5 * carry, y


@pytest.mark.parametrize("name", ["Halved", "GRUCell"])
def test_a_subclass_of_a_standard_cell_is_called(rng, name):
    model = nnx_cell(type(name, (Halved,), {}), rng)
    system = sp.as_system(model)
    x, u = rows(system)
    with jax.enable_x64(True):
        np.testing.assert_allclose(system.step(x, u), model(x, u)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("phi", [nnx.tanh, nnx.gelu], ids=["read", "called"])
@pytest.mark.parametrize("cell", [nnx.SimpleCell, linen.SimpleCell], ids=["nnx", "linen"])
def test_a_cell_that_computes_in_less_is_analysed_in_float64(rng, cell, phi, dtype):
    options = {"dtype": dtype, "activation_fn": phi}
    if cell is nnx.SimpleCell:
        model, params = nnx_cell(cell, rng, **options), None
    else:
        model, params = linen_cell(cell, rng, **options)
    system = sp.as_system(model, params=params)
    assert system.dynamics.arrays.dtype == np.float64
    assert model.dtype == dtype
    if cell is nnx.SimpleCell:
        model.dtype = model.dense_i.dtype = model.dense_h.dtype = jnp.float64
    else:
        model = model.clone(dtype=jnp.float64).bind(params)
    x, u = rows(system)
    with jax.enable_x64(True):
        np.testing.assert_allclose(system.step(x, u), model(x, u)[0], rtol=0, atol=1e-12)


def test_dropout_is_off_in_the_systems_own_copy(rng):
    model = nnx_cell(OwnNNXCell, rng)
    model.train()
    evaluated = nnx.clone(model)
    evaluated.eval()
    system = sp.as_system(model)
    x, u = rows(system)
    with jax.enable_x64(True):
        expected = system.pack(evaluated(system.unpack(x), u)[0])
    np.testing.assert_allclose(system.step(x, u), expected, rtol=0, atol=1e-12)
    assert not model.dropout.deterministic


@pytest.mark.parametrize("gate", [nnx.sigmoid, nnx.hard_sigmoid], ids=["read", "called"])
@pytest.mark.parametrize("library", [nnx, linen], ids=["nnx", "linen"])
def test_points_of_an_lstm_go_back_as_its_carry(rng, library, gate):
    if library is nnx:
        model, params = nnx_cell(nnx.LSTMCell, rng, gate_fn=gate), None
    else:
        model, params = linen_cell(linen.LSTMCell, rng, gate_fn=gate)
    system = sp.as_system(model, params=params)
    assert list(system.state_regions) == ["h", "c"]
    points = sp.find_fixed_points(system, rows(system, 32)[0], np.zeros(M))
    assert len(points)
    carry = points.unpack()
    assert isinstance(carry, tuple)
    c, h = carry
    np.testing.assert_array_equal(np.concatenate([h, c], axis=1), points.xstar)
    u = np.zeros((len(h), M))
    with jax.enable_x64(True):
        new_c, new_h = (model(carry, u) if params is None else model.apply(params, carry, u))[0]
    np.testing.assert_allclose(new_h, h, rtol=0, atol=1e-10)
    np.testing.assert_allclose(new_c, c, rtol=0, atol=1e-10)


@pytest.mark.parametrize("library", [nnx, linen], ids=["nnx", "linen"])
def test_a_flax_gru_has_the_27_points_of_the_flip_flop_network(library):
    cell = load_network("gru").cell
    d, m = cell.state_size, cell.input_size
    if library is nnx:
        model, params = nnx.GRUCell(m, d, param_dtype=jnp.float32, rngs=nnx.Rngs(0)), None
        recurrent = nnx.Linear(d, 3 * d, rngs=nnx.Rngs(0))  # with a bias, for the candidate's
        recurrent.kernel[...] = jnp.asarray(cell.W.T, jnp.float32)
        recurrent.bias[...] = jnp.asarray(np.concatenate([np.zeros(2 * d), cell.c]), jnp.float32)
        model.dense_h = recurrent
        model.dense_i.kernel[...] = jnp.asarray(cell.B.T, jnp.float32)
        model.dense_i.bias[...] = jnp.asarray(cell.b, jnp.float32)
    else:
        model, gates = linen.GRUCell(features=d), "rzn"
        W, B, b = (np.split(weights, 3) for weights in (cell.W, cell.B, cell.b))
        params = {f"h{gate}": {"kernel": W[k].T} for k, gate in enumerate(gates)}
        params |= {f"i{gate}": {"kernel": B[k].T, "bias": b[k]} for k, gate in enumerate(gates)}
        params["hn"]["bias"] = cell.c
    system = sp.as_system(model, params=params)
    states = np.random.default_rng(0).uniform(-1, 1, size=(2000, d))
    points = sp.find_fixed_points(system, states, np.zeros(m))
    assert len(points) == 27
    assert points.q.max() <= 1e-24


# -- what happens to the user's model -------------------------------------------------------------


def derivatives(system):
    """Return the Jacobian in state and input; nothing is compiled before the first call."""
    at = rows(system)
    return np.concatenate([system.jacobian(*at), system.input_jacobian(*at)], axis=2)


def assert_untouched(model, before):
    after = jax.tree.leaves(nnx.state(model))
    for leaf, old in zip(after, jax.tree.leaves(before), strict=True):
        assert not isinstance(leaf, jax.core.Tracer)
        assert leaf is old


@pytest.mark.parametrize(
    "build",
    [
        lambda rng: nnx_cell(nnx.GRUCell, rng),
        lambda rng: nnx_cell(nnx.SimpleCell, rng, activation_fn=nnx.gelu),
        lambda rng: nnx_cell(nnx.LSTMCell, rng, gate_fn=nnx.hard_sigmoid),
        lambda rng: nnx_cell(OwnNNXCell, rng),
        lambda rng: nnx.RNN(nnx_cell(OwnNNXCell, rng)),
    ],
    ids=["GRUCell", "SimpleCell", "LSTMCell", "own", "RNN"],
)
def test_a_search_leaves_the_module_as_it_was(rng, build):
    model = build(rng)
    graph, state = nnx.split(model)
    kept = jax.tree.map(lambda a: a, state)
    x64 = jax.config.jax_enable_x64
    with jax.checking_leaks():
        system = sp.as_system(model)
        points = sp.find_fixed_points(system, rows(system, 16)[0], np.zeros(M), max_steps=20)
        sp.linearize(system, points)
        system.jvp(rows(system)[0], np.zeros(M), rows(system)[0])
    assert_untouched(model, kept)
    assert nnx.split(model)[0] == graph
    assert jax.config.jax_enable_x64 == x64


def test_a_noisy_module_that_is_refused_keeps_its_random_streams():
    model = Noisy(rngs=nnx.Rngs(0))
    kept = jax.tree.map(lambda a: a, nnx.state(model))
    with jax.checking_leaks(), pytest.raises(UnsupportedModelError):
        sp.as_system(model)
    assert_untouched(model, kept)


@pytest.mark.parametrize("cell", [nnx.GRUCell, OwnNNXCell], ids=["read", "called"])
def test_training_a_module_on_does_not_change_the_system(rng, cell):
    model = nnx_cell(cell, rng)
    system, expected = sp.as_system(model), derivatives(sp.as_system(model))
    for array in jax.tree.leaves(nnx.state(model, nnx.Param)):
        array.delete()  # as donation to a training step does
    nnx.update(model, jax.tree.map(lambda a: jnp.zeros(a.shape), nnx.state(model, nnx.Param)))
    np.testing.assert_array_equal(derivatives(system), expected)


@pytest.mark.parametrize("cell", [linen.GRUCell, OwnLinenCell], ids=["read", "called"])
def test_changing_the_params_does_not_change_the_system(rng, cell):
    model, variables = linen_cell(cell, rng)
    arrays = jax.tree.map(np.array, variables)  # NumPy's arrays can be written to
    kept = jax.tree.map(np.copy, arrays)
    system, twin = (sp.as_system(model, params=arrays, input_size=M) for _ in range(2))
    expected = derivatives(twin)
    jax.tree.map(np.testing.assert_array_equal, arrays, kept)
    jax.tree.map(lambda a: a.fill(0), arrays)
    np.testing.assert_array_equal(derivatives(system), expected)


def test_importing_stillpoint_imports_no_flax_and_no_equinox():
    program = (
        "import sys, stillpoint as sp, numpy as np\n"
        "sp.as_system(lambda x, u: np.tanh(x), state_size=1)\n"
        "assert not {'jax', 'flax', 'equinox'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_linen_is_read_without_nnx():
    program = (
        "import sys, jax, numpy as np, stillpoint as sp\n"
        "from flax import linen\n"
        "cell = linen.GRUCell(features=2)\n"
        "params = cell.init(jax.random.key(0), np.zeros(2), np.zeros(1))\n"
        "assert sp.as_system(cell, params=params).state_size == 2\n"
        "assert 'flax.nnx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
