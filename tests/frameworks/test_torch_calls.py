"""How torch modules are called: the network that is read is the one that the user has, or none."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError

torch = pytest.importorskip("torch")
nn, prune = torch.nn, pytest.importorskip("torch.nn.utils.prune")
pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm`:FutureWarning"),
]

D, M = 4, 2


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def own_step(module, system, x, u):
    """Return what a call of one of torch's own modules makes of flat rows."""
    state = system.unpack(x)
    state = tuple(map(torch.tensor, state)) if isinstance(state, tuple) else torch.tensor(state)
    inputs = torch.tensor(u)
    if isinstance(module, nn.RNNBase):
        inputs = inputs[:, None] if module.batch_first else inputs[None]
    with torch.no_grad():
        result = module(inputs, state)
    new = result[1] if isinstance(module, nn.RNNBase) else result
    return system.pack(tuple(map(np.asarray, new)) if isinstance(new, tuple) else np.asarray(new))


def assert_read_right(module):
    system = sp.as_system(module)
    rng = np.random.default_rng(0)
    for scale in (1.0, 30.0):
        x, u = (scale * rng.normal(size=(5, k)) for k in (system.state_size, system.input_size))
        np.testing.assert_allclose(system.step(x, u), own_step(module, system, x, u), atol=1e-12)
    return system


# -- what intervenes in one of torch's own modules -------------------------------------------------


def loaded(make):
    """Return a module that has loaded the weights of another, after it was re-parametrised."""
    trained, model = make(), make()
    model.load_state_dict(trained.state_dict())
    return model


def with_prune(module):
    prune.random_unstructured(module, "weight_hh_l0", 0.5)
    return module


def with_hook(module):
    module.register_forward_hook(lambda m, i, out: (out[0], 0.5 * out[1]))
    return module


def with_pre_hook(module):
    module.register_forward_pre_hook(lambda m, args: (2 * args[0], *args[1:]))
    return module


def with_own_forward(module):
    forward = module.forward
    module.forward = lambda u, h: 0.5 * forward(u, h)
    return module


INTERVENED = {
    "weight norm, loaded": lambda: loaded(
        lambda: nn.utils.weight_norm(nn.RNN(M, D, batch_first=True), "weight_hh_l0")
    ),
    "spectral norm": lambda: nn.utils.spectral_norm(nn.GRU(M, D), "weight_hh_l0").eval(),
    "new weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.LSTM(M, D), "weight_hh_l0"),
    "pruned, loaded": lambda: loaded(lambda: with_prune(nn.GRU(M, D))),
    "hook": lambda: with_hook(nn.GRU(M, D)),
    "hook, two layers": lambda: with_hook(nn.RNN(M, D, num_layers=2, batch_first=True)),
    "pre-hook, LSTM": lambda: with_pre_hook(nn.LSTM(M, D, num_layers=2)),
    "pre-hook, projected LSTM": lambda: with_pre_hook(nn.LSTM(M, D, proj_size=3)),
    "pre-hook, cell": lambda: with_pre_hook(nn.LSTMCell(M, D)),
    "own forward": lambda: with_own_forward(nn.GRUCell(M, D)),
}


@pytest.mark.parametrize("name", INTERVENED)
def test_what_intervenes_is_part_of_the_step(name):
    system = assert_read_right(INTERVENED[name]().double())
    assert system.recognised or "torch autograd" in repr(system)  # by calls, not by its weights


def test_a_weight_that_was_pruned_and_trained_on_is_not_the_stale_one():
    module = with_prune(nn.GRU(M, D)).double()
    with torch.no_grad():
        module.weight_hh_l0_orig.mul_(3)  # as an optimiser does; the product is computed in calls
    assert_read_right(module)


def test_a_global_hook_is_part_of_the_step():
    handle = nn.modules.module.register_module_forward_hook(
        lambda m, i, out: 0.5 * out if isinstance(m, nn.GRUCell) else None
    )
    try:
        assert_read_right(nn.GRUCell(M, D).double())
    finally:
        handle.remove()


def test_a_patched_class_is_refused(monkeypatch):
    plain = nn.GRUCell.forward
    monkeypatch.setattr(nn.GRUCell, "forward", lambda self, u, h: 0.5 * plain(self, u, h))
    with pytest.raises(UnsupportedModelError, match=r"model: a call of this GRUCell takes another"):
        sp.as_system(nn.GRUCell(M, D))


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell])
def test_torchs_own_modules_are_read_in_closed_form(kind):
    assert "closed form" in repr(assert_read_right(kind(M, D).double()))


def test_quantised_modules_are_refused_by_name():
    module = nn.GRU(M, D)
    module.__class__ = type("GRU", (nn.GRU,), {"__module__": "torch.ao.nn.quantized.dynamic"})
    with pytest.raises(UnsupportedModelError, match=r"model: GRU in it is quantised"):
        sp.as_system(module)


# -- which argument and which result is the state --------------------------------------------------


class Leaky(nn.Module):
    """A network as wide as its input, so that shapes tell nothing."""

    def __init__(self, width=D):
        super().__init__()
        self.W, self.r = nn.Linear(width, width), nn.Linear(width, width)
        self.hidden_size = self.input_size = width

    def step(self, h, u):
        return 0.8 * h + 0.2 * torch.tanh(3 * self.W(h) + u)


class StateFirst(Leaky):
    def forward(self, h, x):
        h = self.step(h, x)
        return h, h


class InputFirst(Leaky):
    def forward(self, x, hidden):
        return self.step(hidden, x)


class ControlOrder(Leaky):
    def forward(self, x, u):
        return self.step(x, u)


class OneNameTells(Leaky):
    def forward(self, rates, stim):
        return self.step(rates, stim)


class ReadoutLast(Leaky):
    def forward(self, u, h):
        h = self.step(h, u)
        return h, self.r(h)


class ReadoutFirst(Leaky):
    def forward(self, u, h):
        h = self.step(h, u)
        return self.r(h), h


@pytest.mark.parametrize(
    "kind", [StateFirst, InputFirst, ControlOrder, OneNameTells, ReadoutLast, ReadoutFirst]
)
def test_names_tell_which_is_the_state(kind):
    module = kind().double()
    x, u = np.random.default_rng(0).normal(size=(2, 5, D))
    with torch.no_grad():
        wanted = module.step(torch.tensor(x), torch.tensor(u)).numpy()
    np.testing.assert_allclose(sp.as_system(module).step(x, u), wanted, atol=1e-15)


class ReadoutAndRates(Leaky):
    def forward(self, u, r):
        r = self.step(r, u)
        h = self.r(r)
        return h, r


class ReadoutOfAnInPlaceStep(Leaky):
    def forward(self, u, h):
        h += self.step(h, u) - h
        return self.r(h), h


class FirstUnitsAlone(Leaky):
    def forward(self, x, h):
        h = self.step(h, x)
        kept = torch.zeros_like(h)
        kept[:, :3] = 1
        return h * kept, h * kept


class StateThird(Leaky):
    def forward(self, x, lengths=None, h=None):  # noqa: ARG002
        return self.step(torch.zeros_like(x) if h is None else h, x)


@pytest.mark.parametrize("kind", [ReadoutAndRates, ReadoutOfAnInPlaceStep, FirstUnitsAlone])
def test_what_looks_like_the_state_is_not_taken_for_it(kind):
    module = kind().double()
    x, u = np.random.default_rng(0).normal(size=(2, 5, D))
    with torch.no_grad():
        result = module(torch.tensor(u), torch.tensor(x))
    np.testing.assert_allclose(sp.as_system(module).step(x, u), result[1].numpy(), atol=1e-15)


class StateBehindAMask(Leaky):
    def forward(self, inputs, mask=None, h=None):  # noqa: ARG002
        return self.step(torch.zeros_like(inputs) if h is None else h, inputs)


@pytest.mark.parametrize("kind", [StateThird, StateBehindAMask])
def test_a_state_that_is_not_among_the_first_two_arguments_is_not_guessed(kind):
    with pytest.raises(UnsupportedModelError, match=r"do not tell which is the state"):
        sp.as_system(kind())


def test_a_forward_of_another_order_is_its_own():
    module = nn.GRUCell(D, D).double()
    plain = module.forward
    module.forward = lambda h, x: plain(x, h)
    x, u = np.random.default_rng(0).normal(size=(2, 5, D))
    with torch.no_grad():
        wanted = plain(torch.tensor(u), torch.tensor(x)).numpy()
    np.testing.assert_allclose(sp.as_system(module).step(x, u), wanted, atol=1e-15)


@pytest.mark.parametrize("names", ["t, h, u", "t, u, h"])
def test_time_is_no_state(names):
    found = {}
    exec(f"def forward(self, {names}):\n    return self.step(h, u) - h", found)
    module = type("Driven", (Leaky,), {"forward": found["forward"]})().double()
    x, u = np.random.default_rng(0).normal(size=(2, 5, D))
    with torch.no_grad():
        wanted = module.step(torch.tensor(x), torch.tensor(u)).numpy() - x
    system = sp.as_system(module, kind="flow")
    np.testing.assert_allclose(system.step(x, u), wanted, atol=1e-15)


def test_reading_draws_no_random_numbers():
    noisy = Noisy()
    torch.manual_seed(3)
    with pytest.raises(UnsupportedModelError, match="draws noise"):
        sp.as_system(noisy)
    after = torch.rand(1)
    torch.manual_seed(3)
    assert after == torch.rand(1)


def test_a_module_that_computes_in_float64_alone_is_read():
    class Casting(Leaky):
        def forward(self, u, h):
            return self.step(h, u).float().double()

    with pytest.warns(StillpointWarning, match="float32"):
        system = sp.as_system(Casting())
    assert np.isfinite(system.step(np.ones((2, D)), np.ones((2, D)))).all()


def test_repr_says_how_a_module_is_called():
    assert "called as model(h, input)" in repr(sp.as_system(StateFirst()))
    assert "called as model(input, h)" in repr(sp.as_system(InputFirst()))


class Unnamed(Leaky):
    def forward(self, a, b):
        return self.step(a, b)


class UnnamedResults(Leaky):
    def forward(self, u, h):
        a = self.step(h, u)
        b = self.r(a)
        return a, b


def test_what_names_do_not_tell_is_refused_with_both_readings():
    with pytest.raises(
        UnsupportedModelError, match=r"`model\(input, h\).*and as `model\(h, input\).*\(a, b\)"
    ):
        sp.as_system(Unnamed())
    with pytest.raises(UnsupportedModelError, match=r"`output, state` or `state, output`"):
        sp.as_system(UnnamedResults())


def test_shapes_tell_where_they_differ():
    class Unnamed(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(M, D)

        def forward(self, a, b):
            a = self.cell(b, a)
            return a, a[:, :1]

    module = Unnamed().double()
    x, u = np.random.default_rng(0).normal(size=(5, D)), np.ones((5, M))
    step = sp.as_system(module, D, M).step(x, u)
    np.testing.assert_allclose(step, sp.as_system(module.cell).step(x, u), atol=1e-15)


# -- states in nests -------------------------------------------------------------------------------


class Nested(nn.Module):
    """An LSTM with layer normalisation."""

    def __init__(self):
        super().__init__()
        self.cell, self.norm = nn.LSTMCell(M, D), nn.LayerNorm(D)
        self.input_size, self.hidden_size = M, D

    def step(self, u, h, c):
        h, c = self.cell(u, (h, c))
        return h, self.norm(c)


class Pair(Nested):
    def forward(self, u, hc):
        h, c = self.step(u, *hc)
        return h, (h, c)


class Table(Nested):
    def forward(self, u, state):
        h, c = self.step(u, state["h"], state["c"])
        return {"c": c, "h": h}


EXAMPLE = {"h": torch.zeros(D), "c": torch.zeros(D)}


@pytest.mark.parametrize(
    ("kind", "options"),
    [(Pair, {}), (Pair, {"state": tuple(EXAMPLE.values())}), (Table, {"state": EXAMPLE})],
)
def test_nested_states_are_read(kind, options):
    module = kind().double()
    x, u = np.random.default_rng(0).normal(size=(5, 2 * D)), np.ones((5, M))
    with torch.no_grad():
        wanted = module.step(*map(torch.tensor, (u, x[:, :D], x[:, D:])))
    system = sp.as_system(module, **options)
    np.testing.assert_allclose(system.step(x, u), np.hstack(wanted), atol=1e-15)


# -- flows, and what the caller knows --------------------------------------------------------------


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))

    def forward(self, t, y):  # noqa: ARG002
        return self.net(y)


class Driven(Field):
    def forward(self, t, y):
        return self.net(y) + torch.cos(t)


def test_a_velocity_of_time_is_read_as_a_flow():
    field, y = Field().double(), np.ones((3, 2))
    with torch.no_grad():
        wanted = field.net(torch.tensor(y)).numpy()
    for model in (field, field.net):
        system = sp.as_system(model, 2, kind="flow", lefschetz=1)
        assert (system.kind, system.lefschetz, system.input_size) == ("flow", 1, 0)
        np.testing.assert_allclose(system.step(y), wanted, atol=1e-15)


def test_a_velocity_is_not_taken_for_a_map():
    with pytest.raises(ArgumentError, match=r"kind: got 'map'.*kind='flow'"):
        sp.as_system(Field(), 2, 0)


def test_a_velocity_that_depends_on_time_asks_for_one():
    with pytest.raises(ArgumentError, match=r"t: got None.*Driven is not the same at t = 0"):
        sp.as_system(Driven(), 2, kind="flow")
    field = Driven().double()
    early, late = (sp.as_system(field, 2, kind="flow", t=t).step(np.ones((1, 2))) for t in (0, 1))
    np.testing.assert_allclose(early - late, 1 - np.cos(1), atol=1e-15)


def own_jacobian(module):
    def jacobian(x, u):
        slope = 1 - torch.tanh(3 * module.W(x) + u) ** 2
        return 0.8 * torch.eye(D, dtype=x.dtype) + 0.6 * slope[:, :, None] * module.W.weight

    return jacobian


def test_modules_take_jacobians_of_their_caller():
    module = InputFirst().double()
    given = sp.as_system(module, jacobian=own_jacobian(module))
    assert "own Jacobian" in repr(given)
    x = np.ones((2, D))
    np.testing.assert_allclose(given.jacobian(x, x), sp.as_system(module).jacobian(x, x))
    transposed = own_jacobian(module)
    with pytest.raises(ArgumentError, match=r"jacobian: it is not the derivative"):
        sp.as_system(module, jacobian=lambda x, u: transposed(x, u).transpose(1, 2))


class Detached(Leaky):
    def forward(self, u, h):
        return 0.8 * h.detach() + 0.2 * torch.tanh(3 * self.W(h) + u)


class Untracked(Leaky):
    @torch.no_grad()
    def forward(self, u, h):
        return self.step(h, u)


@pytest.mark.parametrize("kind", [Detached, Untracked])
def test_a_step_that_is_cut_off_from_its_derivatives_is_refused(kind):
    with pytest.raises(UnsupportedModelError, match=r"derivatives.*not those of the step"):
        sp.as_system(kind().double())


class InPlace(Leaky):
    def forward(self, u, h):
        pushed = torch.tanh(3 * self.W(h) + u)
        h *= 0.8
        h += 0.2 * pushed
        return h


class Energy(nn.Module):
    """A flow down a potential, whose gradient the module takes itself."""

    def forward(self, t, y):  # noqa: ARG002
        with torch.enable_grad():
            y = y if y.requires_grad else y.detach().requires_grad_(True)
            return -torch.autograd.grad((y**4 / 4 - y**2 / 2).sum(), y, create_graph=True)[0]


def test_steps_in_place_and_gradients_inside_a_step_are_read():
    module = InPlace().double()
    x, u = np.random.default_rng(0).normal(size=(2, 5, D))
    with torch.no_grad():
        wanted = module.step(torch.tensor(x), torch.tensor(u)).numpy()
    np.testing.assert_allclose(sp.as_system(module).step(x, u), wanted, atol=1e-15)
    flow = sp.as_system(Energy(), 1, kind="flow")
    points = sp.find_fixed_points(flow, np.linspace(-2, 2, 21)[:, None])
    np.testing.assert_allclose(np.sort(points.xstar.ravel()), [-1, 0, 1], atol=1e-12)


# -- what is no step, and what to do ---------------------------------------------------------------


class Noisy(Leaky):
    def forward(self, u, h):
        h = self.step(h, u) + 0.1 * torch.randn_like(h)
        return h, h


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.GRU(M, D), nn.Linear(D, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Noisy, r"Noisy, called as `model\(input, h\).*draws noise"),
        (Classifier, r"Found `rnn` \(GRU\) in it: pass model\.rnn"),
        (lambda: nn.Sequential(nn.GRU(M, D)), r"Found `0` \(GRU\) in it: pass model\[0\]"),
        (lambda: nn.ModuleDict({"a": Classifier()}), r"`a\.rnn`.*pass model\['a'\]\.rnn"),
        (lambda: nn.Linear(M, D).state_dict(), r"no recurrent network.*weight \(\d, \d\).*'W'"),
    ],
)
def test_what_is_no_step_is_refused_with_what_to_do(model, words):
    with pytest.raises((ArgumentError, UnsupportedModelError), match=words):
        sp.as_system(model())


def test_sizes_do_not_help_a_network_with_a_head():
    with pytest.raises(UnsupportedModelError, match=r"Found `rnn` \(GRU\) in it: pass model\.rnn"):
        sp.as_system(Classifier(), D, M)


def test_a_module_in_float32_inside_a_function_is_named():
    cell = nn.GRUCell(M, D)
    with pytest.warns(StillpointWarning, match=r"`cell` \(GRUCell\).*copy\.deepcopy\(cell\)"):
        sp.as_system(lambda x, u: cell(u, x), D, M)
    field = Leaky()
    with pytest.warns(StillpointWarning, match=r"`model` \(Leaky\), which is in float32"):
        sp.as_system(field.step, D, D)


# -- copies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_called_module_can_be_copied_and_sent(copied):
    system = sp.as_system(StateFirst())
    x = np.ones((2, D))
    np.testing.assert_array_equal(copied(system).step(x, x), system.step(x, x))
    observed = system.observe("tanh")
    observed.residual(x, x)  # what follows from it is kept, and not sent
    np.testing.assert_array_equal(copied(observed).residual(x, x), observed.residual(x, x))
