"""BrainPy and BrainState: objects with their state in variables are read, and left as they were."""

from __future__ import annotations

from collections import OrderedDict, deque

import numpy as np
import pytest

pytest.importorskip("brainpy")
pytestmark = pytest.mark.brainpy

import brainpy as bp  # noqa: E402
import brainpy.math as bm  # noqa: E402
import brainstate  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from brainpy.math.defaults import env  # noqa: E402

import stillpoint as sp  # noqa: E402
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError  # noqa: E402
from stillpoint.cells.base import Cell  # noqa: E402
from stillpoint.tasks import load_network  # noqa: E402


class Powers(bp.DynamicalSystem):
    """m' = m^2 and h' = h^3, with a variable beside the state."""

    def __init__(self):
        super().__init__()
        self.m = bm.Variable(jnp.full(1, 5.0))
        self.h = bm.Variable(jnp.full(1, 7.0))
        self.gain = bm.Variable(jnp.ones(1))

    def update(self):
        self.m.value = self.gain.value * self.m.value**2
        self.h.value = self.h.value**3
        self.gain.value = 2 * self.gain.value


class Rates(bp.DynamicalSystem):
    """A vanilla network in the user's own words, its weights in one of three places."""

    def __init__(self, W, B, b, keep=bm.TrainVar, *, mode=None):
        super().__init__(mode=mode)
        self.W, self.B, self.b = (keep(jnp.asarray(weights)) for weights in (W, B, b))
        self.r = bp.init.variable_(bm.zeros, (len(b),), self.mode)
        self.last = None

    def update(self, x):
        self.last = x @ self.B
        self.r.value = bm.tanh(self.r.value @ self.W + self.last + self.b)
        return self.r.value


class Noisy(bp.DynamicalSystem):
    """A state with noise from one of several generators."""

    def __init__(self, draw):
        super().__init__()
        self.x = bm.Variable(jnp.zeros(2))
        self.draw = draw
        self.rng = getattr(draw, "__self__", None)  # a generator, where it is one's method

    def update(self):
        self.x.value = self.x.value + bm.as_jax(self.draw(2))


class NoisyModule(brainstate.nn.Module):
    """The same with a generator among the states of a module of BrainState."""

    def __init__(self):
        super().__init__()
        self.h = brainstate.HiddenState(jnp.zeros(2))
        self.rng = brainstate.random.RandomState(3)

    def update(self):
        self.h.value = self.h.value + self.rng.randn(2)


class Logging(bp.DynamicalSystem):
    """Keeps what it computes in containers of every kind, one inside the other."""

    def __init__(self):
        super().__init__()
        self.V = bm.Variable(jnp.ones(2))
        self.log, self.tuple = [1], ([], {"seen": {1}})
        self.d = OrderedDict(k=3, inside={"log": deque([2], maxlen=5)})
        self.count = np.zeros(3)

    def update(self):
        self.log.append(self.V.value)
        self.tuple[0].append(self.V)
        self.tuple[1]["seen"].add(len(self.log))
        self.d["k"] += 1
        self.d["inside"]["log"].append(self.V.value)
        self.d["new"] = self.V.value
        self.d.move_to_end("k")
        self.count[0] += 1
        self.V.value = bm.tanh(2 * self.V.value)


class Pair(brainstate.nn.Module):
    """Two hidden states without an input."""

    def __init__(self):
        super().__init__()
        self.a = brainstate.HiddenState(jnp.ones(2))
        self.b = brainstate.HiddenState(jnp.ones(1))

    def update(self):
        self.a.value = jnp.tanh(2 * self.a.value)
        self.b.value = self.b.value / 2


def small(keep=bm.TrainVar, **options) -> Rates:
    rng = np.random.default_rng(0)
    W, B, b = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 3), (2, 3), 3))
    return Rates(W, B, b, keep, **options)


def contents(model) -> list:
    """Return everything that a step could change, to be compared by identity."""
    variables = list(model.vars(method="relative").values())
    held = [variable._value for variable in variables]
    flags = [value for variable in variables for value in vars(variable).values()]
    return [*variables, *held, *flags, *vars(model).values(), brainstate.random.DEFAULT._value]


def deep(value):
    """Return what a container holds, however deep, with the identity of all but arrays."""
    if isinstance(value, dict):
        return id(value), [(key, deep(held)) for key, held in value.items()]
    if isinstance(value, list | tuple | set | deque):
        return id(value), [deep(held) for held in value]
    assert not isinstance(value, jax.core.Tracer)
    return id(value), value.tobytes() if isinstance(value, np.ndarray) else None


def is_untouched(before: list, model) -> bool:
    after = contents(model)
    return len(before) == len(after) and all(a is b for a, b in zip(before, after, strict=True))


# -- the object ---------------------------------------------------------------------------------


def test_the_object_is_left_as_it_was_and_no_tracer_leaks():
    model = small()
    before = contents(model)
    with jax.checking_leaks():
        system = sp.as_system(model, input_size=2)
        system.jacobian(np.zeros((20, 3)), np.zeros(2))
    assert is_untouched(before, model)
    assert model(jnp.ones(2)).shape == (3,)


def test_the_object_is_left_as_it_was_after_an_error():
    model = small()
    before = contents(model)
    with pytest.raises(UnsupportedModelError, match=r"Rates is not one step of 3 states and 5 inp"):
        sp.as_system(model, input_size=5)
    assert is_untouched(before, model)
    noisy = Noisy(bm.random.randn)
    before = contents(noisy)
    with pytest.raises(UnsupportedModelError, match="two different results"):
        sp.as_system(noisy)
    assert is_untouched(before, noisy)


def test_containers_hold_what_they_held():
    model = Logging()
    model.nodes(), model.vars()  # for which BrainPy makes places
    before = deep(vars(model))
    sp.as_system(model).jacobian(np.zeros((2, 2)))
    assert deep(vars(model)) == before
    assert (model.log, model.d["k"], model.tuple[1]) == ([1], 3, {"seen": {1}})
    assert list(model.d) == ["k", "inside"]
    with pytest.raises(UnsupportedModelError, match="not one step"):
        sp.as_system(model, input_size=5)
    assert deep(vars(model)) == before


def test_containers_of_a_variable_hold_what_they_held():
    class Nested(brainstate.nn.Module):
        def __init__(self):
            super().__init__()
            self.h = brainstate.HiddenState(jnp.ones(2))
            self.beside = brainstate.ShortTermState({"steps": jnp.zeros(1)})

        def update(self):
            self.beside.value["steps"] = self.beside.value["steps"] + self.h.value
            self.h.value = jnp.tanh(self.h.value)

    model = Nested()
    held = model.beside.value
    before = deep(held)
    sp.as_system(model)
    assert model.beside.value is held
    assert deep(held) == before


def test_a_step_that_depends_on_what_it_counts_is_refused():
    class Counting(Logging):
        def update(self):
            super().update()
            self.V.value = self.V.value / self.d["k"]

    with pytest.raises(UnsupportedModelError, match="Counting returned two different results"):
        sp.as_system(Counting())


def aligned(weights) -> np.ndarray:
    """Return a NumPy array whose memory JAX may use without a copy."""
    buffer = np.empty(weights.nbytes + 64, dtype=np.uint8)
    start = -buffer.ctypes.data % 64
    array = buffer[start : start + weights.nbytes].view(weights.dtype).reshape(weights.shape)
    array[:] = weights
    return array


@pytest.mark.parametrize("keep", [bm.TrainVar, bm.Array, aligned, jnp.array])
def test_weights_that_change_later_do_not_change_the_system(keep):
    model, at = small(keep), (np.ones((1, 3)), np.ones(2))
    first, second = (sp.as_system(model, input_size=2) for _ in range(2))
    before = first.step(*at), first.jacobian(*at)
    if keep is jnp.array:
        model.W = jnp.zeros((3, 3))
    else:
        model.W[:] = 0.0
    np.testing.assert_array_equal(second.step(*at), before[0])  # compiled only now
    np.testing.assert_array_equal(second.jacobian(*at), before[1])
    assert not np.allclose(sp.as_system(model, input_size=2).step(*at), before[0])


def test_canonical_cells_do_not_share_weights():
    cell = bp.dyn.RNNCell(2, 3, activation="tanh", mode=bm.TrainingMode(1))
    system = sp.as_system(cell)
    before = system.step(np.ones((1, 3)), np.ones(2))
    cell.Wh[:] = 0.0
    np.testing.assert_array_equal(system.step(np.ones((1, 3)), np.ones(2)), before)


def test_global_settings_stay(monkeypatch):
    def settings():
        key = jax.random.key_data(brainstate.random.DEFAULT.value)
        return jax.config.jax_enable_x64, dict(env.settings), key.tolist(), bm.float_

    monkeypatch.setitem(env.settings, "t", 3.0)
    before = settings()
    sp.as_system(small(), input_size=2)
    sp.as_system(Pair(), state=("a", "b"))
    assert settings() == before
    assert bp.share["t"] == 3.0
    assert small().W.dtype == jnp.float32


def test_time_is_told_and_what_is_shared_is_put_back():
    class Clock(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.x = bm.Variable(jnp.zeros(1))

        def update(self):
            self.x.value = self.x.value + bp.share["dt"] + bp.share["t"]
            bp.share.save(note=self.x.value)

    np.testing.assert_allclose(sp.as_system(Clock()).step(np.zeros((1, 1))), bm.get_dt())
    assert "note" not in bp.share.get_shargs()


# -- the state ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("names", "diagonal"), [(("m", "h"), (4, 27)), (["h", "m"], (27, 4))])
def test_the_order_of_the_state_is_the_order_given(names, diagonal):
    system = sp.as_system(Powers(), state=names)
    at = system.pack({"m": np.full((1, 1), 2.0), "h": np.full((1, 1), 3.0)})
    np.testing.assert_array_equal(system.jacobian(at)[0], np.diag(diagonal))
    assert list(system.unpack(at)) == list(names)
    assert list(system.state_regions.names) == list(names)


def test_variables_beside_the_state_keep_their_values():
    system = sp.as_system(Powers(), state="m")
    assert system.state_size == 1
    np.testing.assert_array_equal(system.step(np.full((1, 1), 3.0)), [[9.0]])
    np.testing.assert_array_equal(system.step(np.full((1, 1), 3.0)), [[9.0]])


def test_points_come_as_dictionaries():
    points = sp.find_fixed_points(sp.as_system(Powers(), state=("h", "m")), np.full((4, 2), 0.9))
    assert list(points.unpack()) == ["h", "m"]
    assert points.unpack()["m"].shape == (len(points), 1)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (None, r"several variables: m \(1,\), h \(1,\), gain \(1,\)\..*state=\('m', 'h'\)"),
        (("m", "hh"), r"state: got 'hh', but the allowed values are .*Did you mean 'h'"),
        (("m", "m"), r"every variable is wanted once"),
        ((), r"every variable is wanted once"),
        ({"m": 1}, r"the names of the state variables are wanted"),
    ],
)
def test_a_state_that_cannot_be_told_is_asked_for(state, message):
    with pytest.raises(ArgumentError, match=message):
        sp.as_system(Powers(), state=state)


def test_variables_of_children_have_paths():
    class Chain(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.cell = bp.dyn.RNNCell(1, 2, activation="tanh")
            self.out = bp.dyn.RNNCell(2, 1, activation="tanh")

        def update(self, x):
            return self.out(self.cell(x))

    system = sp.as_system(Chain(), state=("out.state", "cell.state"), input_size=1)
    assert system.state_size == 3
    assert system.jacobian(np.zeros((1, 3)), np.zeros(1))[0, 1:, 0].tolist() == [0.0, 0.0]


def test_an_lstm_with_other_names_is_differentiated():
    cell = brainstate.nn.LSTMCell(2, 3)
    cell.init_state()
    system, turned = sp.as_system(cell), sp.as_system(cell, state=("c", "h"))
    assert isinstance(system.dynamics, Cell)
    assert not isinstance(turned.dynamics, Cell)
    x, u = np.random.default_rng(0).normal(size=(4, 6)), np.ones(2)
    other = turned.step(np.roll(x, 3, axis=1), u)
    np.testing.assert_allclose(np.roll(system.step(x, u), 3, axis=1), other, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "silu"], ids=["read", "called"])
@pytest.mark.parametrize("mode", [None, bm.TrainingMode(1)])
def test_the_parts_of_an_lstm_have_names(activation, mode):
    cell = bp.dyn.LSTMCell(2, 3, activation=activation, mode=mode)
    whole, named, turned = (
        sp.as_system(cell, state=state) for state in (None, ("h", "c"), ("c", "h"))
    )
    assert isinstance(named.dynamics, Cell) == (activation == "tanh")
    assert (list(named.state_regions), list(turned.state_regions)) == (["h", "c"], ["c", "h"])
    x, u = np.random.default_rng(0).normal(size=(4, 6)), np.ones(2)
    expected = whole.step(x, u)
    np.testing.assert_allclose(named.step(x, u), expected, atol=1e-12)
    other = turned.step(np.roll(x, 3, axis=1), u)
    np.testing.assert_allclose(np.roll(other, 3, axis=1), expected, atol=1e-12)
    np.testing.assert_array_equal(named.unpack(x)["c"], x[:, 3:])
    np.testing.assert_array_equal(turned.unpack(x)["h"], x[:, 3:])
    cell.state.value = jnp.ones_like(cell.state.value)
    np.testing.assert_allclose(  # a part alone: the other keeps its value
        sp.as_system(cell, state="c").step(x[:, 3:], u),
        whole.step(np.concatenate([np.ones((4, 3)), x[:, 3:]], axis=1), u)[:, 3:],
        atol=1e-12,
    )


def test_only_lstms_have_parts():
    for cell, state in [(bp.dyn.GRUCell, "h"), (bp.dyn.LSTMCell, ("h", "state"))]:
        with pytest.raises(ArgumentError, match="state: got 'h', but the allowed values are"):
            sp.as_system(cell(2, 3), state=state)


def test_arrays_of_higher_rank_are_states_too():
    class Field(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.v = bm.Variable(jnp.ones((2, 3)))

        def update(self):
            self.v.value = bm.tanh(2 * self.v.value)

    points = sp.find_fixed_points(sp.as_system(Field()), np.ones((3, 6)))
    assert points.unpack()["v"].shape == (1, 2, 3)


# -- batches ------------------------------------------------------------------------------------


def test_a_batch_of_one_is_one_state():
    system = sp.as_system(small(mode=bm.TrainingMode(1)), input_size=2)
    single = sp.as_system(small(), input_size=2)
    x, u = np.random.default_rng(1).normal(size=(5, 3)), np.ones(2)
    np.testing.assert_allclose(system.step(x, u), single.step(x, u), atol=1e-14)
    np.testing.assert_allclose(system.jacobian(x, u), single.jacobian(x, u), atol=1e-14)
    cell = brainstate.nn.URLSTMCell(2, 3)
    cell.init_state(1)
    assert sp.as_system(cell).state_size == 6
    chain = brainstate.nn.Sequential(cell, brainstate.nn.Linear(3, 1))
    assert sp.as_system(chain, state=("layers.0.h", "layers.0.c")).input_size == 2


def test_a_larger_batch_is_refused():
    model = small(mode=bm.BatchingMode(4))
    with pytest.raises(ArgumentError, match=r"variable r holds a batch of 4 .*batch_size=1"):
        sp.as_system(model, input_size=2)
    cell = brainstate.nn.URLSTMCell(2, 3)
    cell.init_state(4)
    with pytest.raises(ArgumentError, match="variable h holds a batch of 4"):
        sp.as_system(cell)


@pytest.mark.parametrize("kind", ["RNNCell", "GRUCell", "LSTMCell"])
def test_standard_cells_hold_one_state_too(kind):
    cell = getattr(bp.dyn, kind)(2, 3, mode=bm.TrainingMode(32))
    with pytest.raises(ArgumentError, match=r"variable state holds a batch of 32 .*reset_state\("):
        sp.as_system(cell)
    cell.reset_state(1)
    assert isinstance(sp.as_system(cell).dynamics, Cell)


def test_standard_cells_of_brainstate_hold_one_state_if_any():
    cell = brainstate.nn.LSTMCell(2, 3)
    assert sp.as_system(cell).state_size == 6
    cell.init_state(4)
    with pytest.raises(ArgumentError, match="variable h holds a batch of 4"):
        sp.as_system(cell)
    cell.reset_state(batch_size=1)
    assert sp.as_system(cell).state_size == 6


# -- inputs -------------------------------------------------------------------------------------


def test_the_number_of_inputs_is_told_or_asked_for():
    assert sp.as_system(bp.dyn.RNNCell(2, 3, activation="gelu")).input_size == 2
    assert sp.as_system(Powers(), state=("m", "h")).input_size == 0
    with pytest.raises(ArgumentError, match=r"Rates.update takes an input, x, of unknown size"):
        sp.as_system(small())
    with pytest.raises(ArgumentError, match=r"input_size: got 3, but the model has 2"):
        sp.as_system(bp.dyn.GRUCell(2, 3), input_size=3)


# -- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_half_precision_is_refused(dtype):
    cell = bp.dyn.GRUCell(2, 3)
    cell.Wh = jnp.asarray(cell.Wh, dtype)
    with pytest.raises(UnsupportedModelError, match=r"Wh of GRUCell is b?float16"):
        sp.as_system(cell)
    for keep in (bm.TrainVar, jnp.asarray):
        model = small(lambda weights, keep=keep: keep(weights.astype(dtype)))
        with pytest.raises(UnsupportedModelError, match=r"W of Rates is b?float16"):
            sp.as_system(model, input_size=2)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("name", ["log", "d", "tuple", "V"])
def test_half_precision_is_refused_wherever_it_is(dtype, name):
    model = Logging()
    {
        "log": lambda array: model.log.append({"w": array}),
        "d": lambda array: model.d["inside"].update(w=array),
        "tuple": lambda array: model.tuple[0].append(bm.asarray(array)),
        "V": lambda array: vars(model).update(V=bm.Variable(array)),
    }[name](jnp.ones(2, dtype))
    with pytest.raises(UnsupportedModelError, match=rf"{name}[.\w]* .*{np.dtype(dtype)}, whose"):
        sp.as_system(model)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    for keep in (bm.TrainVar, bm.Array, jnp.asarray, np.asarray, lambda weights: [weights]):
        model = small(
            lambda weights, keep=keep: keep(bad * weights if weights.ndim > 1 else weights)
        )
        with pytest.raises(ArgumentError, match=r"model: [WB][.0]* of Rates holds NaN or infinite"):
            sp.as_system(model, input_size=2)
    model = small()
    model.r.value = model.r.value * bad  # the state is told
    assert sp.as_system(model, input_size=2).state_size == 3
    cell = bp.dyn.GRUCell(2, 3)
    cell.Wh = jnp.asarray(cell.Wh) * bad
    with pytest.raises(ArgumentError, match="model: Wh of GRUCell holds NaN"):
        sp.as_system(cell)
    cell = brainstate.nn.URLSTMCell(2, 3)
    cell.init_state()
    cell.W.weight.value = jax.tree.map(lambda array: array * bad, cell.W.weight.value)
    with pytest.raises(ArgumentError, match=r"W\.weight of URLSTMCell holds NaN"):
        sp.as_system(cell)


@pytest.mark.parametrize(
    "draw",
    [bm.random.randn, bm.random.RandomState(3).randn, np.random.default_rng(0).standard_normal],
    ids=["global", "own", "numpy"],
)
def test_noise_is_refused(draw):
    with pytest.raises(UnsupportedModelError, match=r"Noisy returned two different results"):
        sp.as_system(Noisy(draw))


def test_a_models_own_generator_is_put_back():
    hidden = Noisy(bm.random.RandomState(3).randn)
    hidden.rng, rng = {"in": [hidden.rng]}, hidden.rng
    own = Noisy(bm.random.RandomState(3).randn)
    module = NoisyModule()
    for model, generator in [(own, own.rng), (module, module.rng), (hidden, rng)]:
        before = generator._value
        with pytest.raises(UnsupportedModelError, match="returned two different results"):
            sp.as_system(model)
        assert generator._value is before


def test_a_module_without_state_is_refused():
    with pytest.raises(UnsupportedModelError, match=r"no variable .*model.init_state\(\)"):
        sp.as_system(brainstate.nn.URLSTMCell(2, 3))
    model = Pair()
    model.a.value = {"of": jnp.ones(2)}
    with pytest.raises(UnsupportedModelError, match="variable a holds dict"):
        sp.as_system(model, state="a")
    with pytest.raises(UnsupportedModelError, match="Linear has no variable"):
        sp.as_system(brainstate.nn.Linear(2, 3))
    with pytest.raises(ArgumentError, match="params"):
        sp.as_system(bp.dyn.GRUCell(2, 3), params={})


def test_a_step_in_float32_only_is_said_to_be_so():
    class Cast(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.x = bm.Variable(jnp.ones(1))

        def update(self):
            self.x.value = jnp.asarray(bm.tanh(2 * self.x.value), jnp.float32)

    why = pytest.warns(StillpointWarning, match="Cast: stepped in float32, as float64 fails: MathE")
    with why, pytest.warns(StillpointWarning, match="float32 only"):
        system = sp.as_system(Cast())
    assert system.dynamics.arrays.resolution > 1e-8


# -- BrainState ---------------------------------------------------------------------------------


def test_several_hidden_states_are_named():
    with pytest.raises(ArgumentError, match=r"Pair has several variables: a \(2,\), b \(1,\)"):
        sp.as_system(Pair())
    model = Pair()
    before = [dict(vars(state)) for state in model.states().values()]
    points = sp.find_fixed_points(sp.as_system(model, state=("b", "a")), np.ones((2, 3)))
    np.testing.assert_allclose(points.unpack()["a"], [[0.957504, 0.957504]], atol=1e-6)
    for was, state in zip(before, model.states().values(), strict=True):
        assert all(vars(state)[name] is value for name, value in was.items())


def test_masked_and_foreign_layers():
    cell = brainstate.nn.ValinaRNNCell(1, 2, activation="tanh")
    cell.W = brainstate.nn.Linear(3, 2, w_mask=np.array([[1, 1], [1, 0], [0, 1]], np.float32))
    assert sp.as_system(cell).jacobian(np.zeros((1, 2)), np.zeros(1))[0, 0, 1] == 0.0
    cell.W = brainstate.nn.SignedWLinear(3, 2)
    cell.init_state()
    assert not isinstance(sp.as_system(cell, recognise=False).dynamics, Cell)
    assert sp.as_system(cell).recognised.endswith("recognised: vanilla network, tanh")


# -- trained networks ---------------------------------------------------------------------------


def flip_flop(model, starts, **options):
    system = sp.as_system(model, **options)
    return sp.find_fixed_points(system, starts, np.zeros(3), rounds=2)


def test_a_trained_rnn_has_its_27_points():
    net = load_network("tanh").cell
    cell = bp.dyn.RNNCell(
        3,
        16,
        Wi_initializer=jnp.asarray(net.B.T),
        Wh_initializer=jnp.asarray(net.W.T),
        b_initializer=jnp.asarray(net.b),
        activation="tanh",
    )
    starts = np.random.default_rng(0).uniform(-1, 1, size=(512, 16))
    points, own = (
        flip_flop(cell, starts),
        flip_flop(Rates(net.W.T, net.B.T, net.b), starts, input_size=3),
    )
    assert len(points) == len(own) == 27
    assert points.is_stable.sum() == own.is_stable.sum() == 8
    np.testing.assert_allclose(points.unpack()["state"], own.unpack()["r"], atol=1e-6)


def test_a_trained_lstm_has_its_27_points():
    net = load_network("lstm").cell
    order = np.r_[:16, 32:48, 16:32, 48:64]  # i, f, g, o to i, g, f, o
    bias = net.b - np.repeat([0.0, 1.0, 0.0, 0.0], 16)  # BrainPy adds 1 to the forget gate
    cell = bp.dyn.LSTMCell(
        3,
        16,
        Wi_initializer=jnp.asarray(net.B[order].T),
        Wh_initializer=jnp.asarray(net.W[order].T),
        b_initializer=jnp.asarray(bias[order]),
    )
    starts = np.random.default_rng(0).uniform(-1, 1, size=(512, 32))
    points = flip_flop(cell, starts)
    assert len(points) == 27
    assert points.is_stable.sum() == 8


@pytest.mark.parametrize("kind", [bp.dyn.RNNCell, brainstate.nn.ValinaRNNCell])
def test_a_cell_whose_update_was_replaced_is_refused(kind, monkeypatch):
    cell = kind(2, 3)
    if kind is brainstate.nn.ValinaRNNCell:
        brainstate.nn.init_all_states(cell)
    plain = kind.update
    monkeypatch.setattr(kind, "update", lambda self, u: plain(self, 2 * u))
    with pytest.raises(UnsupportedModelError, match=r"a call of this \w+ takes another step"):
        sp.as_system(cell)


def test_what_is_known_of_a_called_system_is_taken():
    assert sp.as_system(Powers(), state=("m", "h"), lefschetz=1).lefschetz == 1
