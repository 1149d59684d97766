"""Networks of regions as torch modules: the formulas, Dale's law, lesions, files and systems."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError

torch = pytest.importorskip("torch")
from stillpoint.models import Connection, Connectome, InputRegion, MultiRegionRNN, RecurrentRegion  # noqa: E402
from stillpoint.tasks import FlipFlop  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.torch

FORMS = ("leaky", "elman")
PHI = {
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log1p(np.exp(a)),
    "linear": lambda a: a,
}
D, M = 9, 3  # recurrent units and input channels of `cortex`


def cortex():
    """Return two excitatory regions under one parent and an inhibitory one between them."""
    return Connectome(
        [
            RecurrentRegion("M1", 4, base_firing=0.3, init=0.2, parent_region="ctx"),
            RecurrentRegion("inh", 2, "neg", learnable_bias=True),
            RecurrentRegion("PMd", 3, init=-0.1, parent_region="ctx", learnable_bias=True),
        ],
        [InputRegion("cue", 2), InputRegion("stop", 1, "neg")],
        [
            Connection("ctx", "inh", 0.5),
            Connection("inh", "ctx"),
            Connection("M1", "PMd", 0.25),
            Connection("M1", "M1", 0.5),
        ],
        [Connection("cue", "M1"), Connection("stop", "inh")],
    )


def network(phi="tanh", **options):
    return MultiRegionRNN(cortex(), phi, **({"dtype": torch.float64, "tau": 30.0} | options))


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def array(tensor):
    return tensor.detach().double().numpy()


def stepped(model, W, inputs, x, h, stimulus):
    """Return x and h of (trials, time, units), by the formulas, one trial and step at a time."""
    phi, a = PHI[model.phi], model.dt / model.tau
    W_in, b = array(model.W_in), array(model.b)
    xs, hs = np.zeros(stimulus.shape), np.zeros(stimulus.shape)
    for k in range(len(inputs)):
        xk, hk = x[k], h[k]
        for t in range(inputs.shape[1]):
            drive = W @ hk + W_in @ inputs[k, t] + b + stimulus[k, t]
            if model.form == "leaky":
                xk = xk + a * (drive - xk)
                hk = phi(xk)
            else:
                xk = hk = phi(drive)
            xs[k, t], hs[k, t] = xk, hk
    return xs, hs


# -- the formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("batch_first", [True, False], ids=["batch-first", "time-first"])
@pytest.mark.parametrize("phi", PHI)
@pytest.mark.parametrize("form", FORMS)
def test_sequences_follow_the_formulas(form, phi, batch_first, dtype):
    model = network(phi, form=form, batch_first=batch_first, dtype=dtype)
    inputs, stimulus = normal(5, 6, M, dtype=dtype), normal(5, 6, D, seed=1, dtype=dtype)
    x0, h0, W = (normal(*shape, seed=2, dtype=dtype) for shape in ((5, D), (5, D), (D, D)))
    laid_out = (lambda s: s) if batch_first else (lambda s: s.transpose(0, 1))
    rest = np.tile(array(model.init), (5, 1))
    still, own = np.zeros((5, 6, D)), array(model.W)

    cases = {
        "plain": ({}, (own, rest, None, still)),
        "x0": ({"x0": x0}, (own, array(x0), None, still)),
        "stimulus": ({"stimulus": laid_out(stimulus)}, (own, rest, None, array(stimulus))),
        "weights": ({"weights": W / 3}, (array(W / 3), rest, None, still)),
    }
    if form == "leaky":
        cases["h0"] = ({"x0": x0, "h0": h0}, (own, array(x0), array(h0), still))
    tolerance = 1e-12 if dtype == torch.float64 else 2e-5
    for name, (given, (weights, x, h, s)) in cases.items():
        start = h if h is not None else PHI[phi](x) if form == "leaky" else x
        expected = stepped(model, weights, array(inputs), x, start, s)
        result = model(laid_out(inputs), **given)
        assert {r.dtype for r in result} == {dtype}
        for got, wanted in zip(result, expected, strict=True):
            got = array(laid_out(got))
            np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
def test_trials_do_not_touch_each_other_and_runs_can_be_continued(form):
    model, inputs = network(form=form), normal(4, 8, M)
    x, h = model(inputs)
    torch.testing.assert_close(model(inputs[2:3])[0], x[2:3], rtol=0, atol=1e-14)
    first, _ = model(inputs[:, :5])
    rest, _ = model(inputs[:, 5:], first[:, -1])
    torch.testing.assert_close(torch.cat([first, rest], 1), x, rtol=0, atol=1e-14)
    torch.testing.assert_close(model.rates(inputs), h, rtol=0, atol=0)


def test_alpha_is_the_step_over_the_time_constant():
    assert network(dt=2.0, tau=8.0).alpha == 0.25
    assert network(dt=2.0, tau=8.0, form="elman").alpha == 1.0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"dt": 2.0, "tau": 1.0}, "dt, tau"),
        ({"dt": 0.0}, "dt, tau"),
        ({"form": "Elman"}, "form"),
        ({"phi": "tahn"}, "phi: got 'tahn'.*Did you mean 'tanh'"),
        ({"spectral_radius": 0.0}, "spectral_radius"),
        ({"spectral_radius": -1.0}, "spectral_radius"),
    ],
)
def test_wrong_options_are_named(options, named):
    with pytest.raises(ArgumentError, match=f"^{named}"):
        network(**options)


def test_a_network_needs_a_region():
    with pytest.raises(ArgumentError, match="no recurrent region"):
        MultiRegionRNN(Connectome())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([2, 5, M + 1], {}), r"inputs: got shape \(2, 5, 4\).*\(trials, time, 3\)"),
        (([2, 5, M], {"x0": [3, D]}), r"x0: got shape \(3, 9\), but \(2, 9\)"),
        (([2, 5, M], {"x0": [2, D - 1]}), r"x0: got shape \(2, 8\), but \(2, 9\)"),
        (([2, 5, M], {"weights": [D - 1, D - 1]}), r"weights: got shape \(8, 8\).*\(9, 9\)"),
        (([2, 5, M], {"stimulus": [2, 5, M]}), r"stimulus: got shape \(2, 5, 3\).*9\)"),
    ],
)
def test_wrong_shapes_are_named(arguments, message):
    shape, named = arguments
    with pytest.raises(ArgumentError, match=message):
        network()(torch.zeros(shape).double(), **{k: normal(*s) for k, s in named.items()})


# -- noise -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", ["noise", "input_noise"])
def test_the_variance_of_the_noise_is_that_of_the_formula(form, source):
    """Per step the noise that is added has the variance 2 a sigma^2 / a^2; a = 1 for Elman.

    One step of linear units from rest: it reaches x by a (leaky) or 1 (Elman), through W_in
    for the noise on inputs.
    """
    sigma, n = 0.3, 40_000
    silent = {"noise": 0.0, "input_noise": 0.0}
    model = network("linear", form=form, dt=2.0, tau=10.0, **(silent | {source: sigma}))
    u, generator = torch.zeros(n, 1, M).double(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        noise = model(u, generator=generator, noisy=True)[0][:, 0] - model(u)[0][:, 0]
    a = 0.2 if form == "leaky" else 1.0
    std = np.sqrt(2 * a * sigma**2) / a
    reach = np.eye(D) if source == "noise" else array(model.W_in)
    expected = (a * std) ** 2 * reach @ reach.T
    got = np.cov(array(noise).T)
    np.testing.assert_allclose(got, expected, atol=0.04 * np.abs(expected).max())
    assert (np.abs(array(noise).mean(axis=0)) < 0.02 * np.sqrt(np.diag(expected).max())).all()


def test_noise_is_new_at_every_step_and_in_every_trial():
    """Alone, a unit of a leaky network is an AR(1) process; its variance is 2 sigma^2/(2 - a)."""
    lonely = Connectome([RecurrentRegion("a", 2)])
    model = MultiRegionRNN(lonely, "linear", dt=1.0, tau=4.0, noise=0.5, dtype=torch.float64)
    u, generator = torch.zeros(200, 400, 0).double(), torch.Generator().manual_seed(0)
    x = array(model(u, generator=generator, noisy=True)[0])[:, 50:]
    assert x.var() == pytest.approx(2 * 0.25 / (2 - 0.25), rel=0.02)
    lagged = np.mean(x[:, 1:] * x[:, :-1]) / x.var()
    assert lagged == pytest.approx(0.75, abs=0.02)
    assert abs(np.mean(x[:100] * x[100:])) < 0.02
    assert abs(np.mean(x[..., 0] * x[..., 1])) < 0.02


@pytest.mark.parametrize("form", FORMS)
def test_noise_is_off_unless_asked_for_and_repeats_with_its_seed(form):
    model, u = network(form=form, noise=1.0, input_noise=1.0), normal(3, 4, M)
    before = torch.get_rng_state()
    seeded = lambda seed: model(u, generator=torch.Generator().manual_seed(seed), noisy=True)  # noqa: E731
    torch.testing.assert_close(model(u)[0], model(u)[0], rtol=0, atol=0)
    torch.testing.assert_close(seeded(5)[0], seeded(5)[0], rtol=0, atol=0)
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(seeded(5)[0], seeded(6)[0])
    assert not torch.equal(seeded(5)[0], model(u)[0])
    assert not torch.equal(model(u, noisy=True)[0], model(u, noisy=True)[0])


# -- Dale's law, masks and training ----------------------------------------------------------------


def trained(model, steps=15, rate=0.1):
    """Train on random targets with a step so large that raw weights change their signs."""
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=rate)
    inputs, targets = normal(6, 10, M), normal(6, 10, D, seed=1)
    losses = []
    for _ in range(steps):
        loss = torch.mean((model.rates(inputs) - targets) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("dale", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_training_keeps_signs_and_zero_blocks(form, dale):
    model = network(form=form, dale=dale, dale_inputs=dale)
    raw = {name: value.clone() for name, value in model.state_dict().items()}
    losses = trained(model)
    assert losses[-1] < losses[0]
    assert ((model.W_rec > 0) != (raw["W_rec"] > 0)).any()
    for name in raw:
        if "mask" in name or "sign" in name:
            assert torch.equal(model.state_dict()[name], raw[name]), name
    W, W_in = array(model.W), array(model.W_in)
    assert not W[array(model.W_rec_mask) == 0].any()
    assert not W_in[array(model.W_inp_mask) == 0].any()
    for to, source in (("M1", "PMd"), ("PMd", "PMd"), ("inh", "inh"), ("PMd", "cue")):
        assert not model.weights_between(to=to, source=source).any()
    signs = [W[:, [0, 1, 2, 3, 6, 7, 8]] >= 0, W[:, 4:6] <= 0, W_in[:, :2] >= 0, W_in[:, 2:] <= 0]
    assert all(held.all() for held in signs) == dale
    assert (W != 0).sum() == array(model.W_rec_mask).sum()


def test_the_effective_weights_are_mask_times_modulus_times_sign():
    model = network()
    raw, mask = array(model.W_rec), array(model.W_rec_mask)
    signs = np.repeat([1.0, -1.0, 1.0], [4, 2, 3])
    np.testing.assert_array_equal(array(model.W), mask * np.abs(raw) * signs)
    assert (raw < 0).any()
    assert (raw > 0).any()
    raw, mask = array(model.W_inp), array(model.W_inp_mask)
    np.testing.assert_array_equal(array(model.W_in), mask * np.abs(raw) * [1, 1, -1])
    free = network(dale=False, dale_inputs=True)
    np.testing.assert_array_equal(array(free.W), array(free.W_rec) * array(free.W_rec_mask))
    assert (array(free.W_in) >= 0)[:, :2].all()


def test_masks_and_signs_are_buffers():
    model = network()
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        "W_rec",
        "W_inp",
        "bias_offset",
    }
    assert {"W_rec_mask", "W_inp_mask", "W_rec_sign_matrix", "W_inp_sign_matrix"} <= {
        name for name, _ in model.named_buffers()
    }
    zeros = (model.W_rec_mask[4:6, :4] == 0).sum(dim=0)
    assert zeros.tolist() == [1, 1, 1, 1]


def test_only_learnable_biases_are_trained_and_all_are_saved():
    model = network()
    tonic = [0.3] * 4 + [0.0] * 5
    assert array(model.b).tolist() == tonic
    trained(model)
    b = array(model.b)
    assert b[:4].tolist() == tonic[:4]
    assert (b[4:] != 0).all()
    other = network(seed=7)
    assert other.load_state_dict(copy.deepcopy(model.state_dict())).missing_keys == []
    np.testing.assert_array_equal(array(other.b), b)
    u = normal(2, 5, M)
    torch.testing.assert_close(other(u)[0], model(u)[0], rtol=0, atol=0)
    fixed = MultiRegionRNN(Connectome([RecurrentRegion("a", 2, base_firing=0.5)]))
    assert not fixed.bias_offset.requires_grad


@pytest.mark.parametrize("form", FORMS)
def test_the_project_trains_it_on_its_task(form):
    from stillpoint.tasks.training import train

    connectome = Connectome(
        [RecurrentRegion("exc", 6, learnable_bias=True), RecurrentRegion("inh", 3, "neg")],
        [InputRegion("in", 1)],
        [Connection(a, b) for a in ("exc", "inh") for b in ("exc", "inh")],
        [Connection("in", "exc")],
    )
    model = MultiRegionRNN(
        connectome, "tanh", form=form, dt=1.0, tau=2.0, dale_inputs=False, spectral_radius=1.0
    )
    before, seed = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    task, options = FlipFlop(bits=1, steps=12), {"rate": 2e-2, "batch": 32, "progress": False}
    result = train(task, model, max_steps=160, **options)
    assert result.losses[-5:].mean() < 0.3 * result.losses[0]
    assert torch.equal(seed, torch.get_rng_state())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name
    W = array(result.module.W)
    assert (W[:, :6] >= 0).all()
    assert (W[:, 6:] <= 0).all()
    as_network = result.as_network()
    assert as_network.regions == {"exc": list(range(6)), "inh": [6, 7, 8]}
    inputs = task.sample(5, np.random.default_rng(1)).inputs
    with torch.no_grad():
        outputs = result.readout(result.module.rates(torch.as_tensor(inputs, dtype=torch.float32)))
    np.testing.assert_allclose(as_network.run(inputs)[1], array(outputs), atol=1e-5)


# -- spectral radius -------------------------------------------------------------------------------


@pytest.mark.parametrize("dale", [True, False])
@pytest.mark.parametrize("radius", [0.5, 1.3])
def test_the_spectral_radius_is_reached(radius, dale):
    model = network(spectral_radius=radius, dale=dale)
    assert np.abs(np.linalg.eigvals(array(model.W))).max() == pytest.approx(radius, rel=1e-12)
    unscaled = array(network(dale=dale).W)
    ratio = array(model.W)[unscaled != 0] / unscaled[unscaled != 0]
    np.testing.assert_allclose(ratio, ratio[0])


@pytest.mark.parametrize(
    "connections",
    [[], [("a", "b")], [("a", "b"), ("b", "c"), ("a", "c")]],
    ids=["none", "one", "chain"],
)
def test_a_network_without_a_loop_has_no_spectral_radius_to_scale(connections):
    """W is nilpotent, whatever eigenvalues rounding gives it."""
    connectome = Connectome(
        [RecurrentRegion(name, 3) for name in "abc"],
        recurrent_connections=[Connection(*pair) for pair in connections],
    )
    with pytest.raises(ArgumentError, match=r"spectral_radius: no unit reaches itself.*nilpotent"):
        MultiRegionRNN(connectome, spectral_radius=1.0)
    assert torch.isfinite(MultiRegionRNN(connectome).W).all()


def test_a_loop_through_several_regions_is_enough_to_scale():
    connectome = Connectome(
        [RecurrentRegion(name, 2) for name in "abc"],
        recurrent_connections=[Connection(*pair) for pair in ("ab", "bc", "ca")],
    )
    model = MultiRegionRNN(connectome, spectral_radius=2.0, dtype=torch.float64)
    assert np.abs(np.linalg.eigvals(array(model.W))).max() == pytest.approx(2.0, rel=1e-12)


# -- regions and lesions ---------------------------------------------------------------------------


def test_regions_are_read_out_in_the_order_that_is_asked_for():
    model, h = network(), normal(2, 5, D)
    assert (model.num_units, model.num_inputs) == (D, M)
    assert model.indices("PMd", "inh").tolist() == [6, 7, 8, 4, 5]
    assert torch.equal(model.activity(h, "PMd", "inh"), h[..., [6, 7, 8, 4, 5]])
    assert torch.equal(model.activity(h, "ctx"), h[..., [0, 1, 2, 3, 6, 7, 8]])
    assert torch.equal(model.activity(h[0, 0], "inh"), h[0, 0, 4:6])
    with pytest.raises(ArgumentError, match=r"got 'V1'.*'M1', 'inh', 'PMd', 'ctx'"):
        model.activity(h, "V1")


def test_weights_between_regions_are_blocks_of_the_effective_weights():
    model = network()
    W, W_in = model.W, model.W_in
    assert torch.equal(model.weights_between(to="inh", source="M1"), W[4:6, :4])
    assert torch.equal(model.weights_between(to="ctx", source="inh"), W[[0, 1, 2, 3, 6, 7, 8], 4:6])
    assert torch.equal(model.weights_between(to="inh", source="stop"), W_in[4:6, 2:])
    assert model.weights_between(to="inh", source="stop").lt(0).all()
    with pytest.raises(ArgumentError, match=r"got 'V1'.*'M1'"):
        model.weights_between(to="M1", source="V1")


@pytest.mark.parametrize("lesion", ["M1", "ctx", "M1->PMd", "ctx->inh", "cue->M1"])
@pytest.mark.parametrize("form", FORMS)
def test_lesions_make_new_networks(form, lesion):
    model, u = network(form=form), normal(3, 6, M)
    state, ran = copy.deepcopy(model.state_dict()), [s.clone() for s in model(u)]
    lesioned = model.without(lesion)

    W, W_in = array(model.W), array(model.W_in)
    regions, channels = model.regions, model.connectome.input_channels
    source, arrow, to = lesion.partition("->")
    if source in channels.names:
        W_in[np.ix_(regions.indices(to), channels.indices(source))] = 0
    elif arrow:
        W[np.ix_(regions.indices(to), regions.indices(source))] = 0
    else:
        units = regions.indices(source)
        W[units], W[:, units], W_in[units] = 0, 0, 0
    np.testing.assert_array_equal(array(lesioned.W), W)
    np.testing.assert_array_equal(array(lesioned.W_in), W_in)
    assert not np.array_equal(np.hstack([W, W_in]), np.hstack([array(model.W), array(model.W_in)]))

    with torch.no_grad():
        lesioned.W_rec.fill_(9.0)
        lesioned.bias_offset.fill_(9.0)
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert all(torch.equal(a, b) for a, b in zip(model(u), ran, strict=True))
    assert model.connectome == cortex()


def test_lesions_survive_training_and_add_up():
    model = network().without("M1->PMd", "stop->inh")
    trained(model)
    assert not model.weights_between(to="PMd", source="M1").any()
    assert not model.weights_between(to="inh", source="stop").any()
    alone = model.without("inh")
    assert not alone.weights_between(to="ctx", source="inh").any()
    assert not alone.weights_between(to="PMd", source="M1").any()
    assert model.weights_between(to="ctx", source="inh").any()
    with pytest.raises(ArgumentError, match="nothing to cut at 'M1->PMd'"):
        model.without("M1->PMd")


# -- files and other people's weights --------------------------------------------------------------


def test_a_network_is_built_from_a_table_or_a_file(tmp_path):
    table = {
        "recurrent_regions": [
            {"name": "a", "num_units": 3, "sign": "neg", "base_firing": 1, "init": 0.5}
        ],
        "input_regions": [{"name": "in", "num_units": 2}],
        "recurrent_connections": [{"src_region": "a", "dst_region": "a", "sparsity": 0.25}],
        "input_connections": [{"src_region": "in", "dst_region": "a"}],
        "__comment": "a small one",
    }
    path = tmp_path / "small.json"
    path.write_text(json.dumps(table))
    for given in (table, str(path), Connectome.from_json(path), path):
        model = MultiRegionRNN(given)
        assert (model.num_units, model.num_inputs) == (3, 2)
        assert array(model.W).max() == 0
        assert array(model.b).tolist() == [1, 1, 1]
        assert array(model.initial_state(2)).tolist() == [[0.5] * 3] * 2


def six_tensors(model, seed=3):
    """Return weights as mRNNTorch saves them: six tensors, in float32, and no bias."""
    own = model.state_dict()
    generator = torch.Generator().manual_seed(seed)
    names = ("W_rec", "W_rec_mask", "W_rec_sign_matrix", "W_inp", "W_inp_mask", "W_inp_sign_matrix")
    state = {name: own[name].float() for name in names}
    for name in ("W_rec", "W_inp"):
        state[name] = torch.randn(state[name].shape, generator=generator)
        mask = torch.rand(state[name].shape, generator=generator) < 0.5
        state[name + "_mask"] = state[name + "_mask"] * mask
    return state


class Nested(nn.Module):
    """A network as users embed it: one module among others."""

    def __init__(self):
        super().__init__()
        self.rnn = network()
        self.readout = nn.Linear(D, 2).double()


@pytest.mark.parametrize("nested", [False, True])
def test_six_tensors_are_loaded_as_they_are(nested):
    whole = Nested() if nested else network()
    model = whole.rnn if nested else whole
    state = six_tensors(model)
    given = {f"rnn.{k}": v for k, v in state.items()} if nested else dict(state)
    if nested:
        given |= {f"readout.{k}": v for k, v in whole.readout.state_dict().items()}
    keys = list(given)
    whole.load_state_dict(given)
    assert list(given) == keys
    for name, value in state.items():
        assert torch.equal(model.state_dict()[name], value.double()), name
    expected = state["W_rec_mask"] * state["W_rec"].abs() * state["W_rec_sign_matrix"]
    np.testing.assert_array_equal(array(model.W), expected.double().numpy())
    assert array(model.b).tolist() == [0.3] * 4 + [0.0] * 5


@pytest.mark.parametrize("nested", [False, True])
def test_weights_of_other_regions_are_refused_with_the_regions_there_are(nested):
    whole = Nested() if nested else network()
    state = six_tensors(whole.rnn if nested else whole)
    state["W_rec"] = torch.zeros(D + 1, D + 1)
    state["W_inp_mask"] = torch.zeros(D, M - 1)
    given = {f"rnn.{k}": v for k, v in state.items()} if nested else state
    with pytest.raises(ArgumentError) as raised:
        whole.load_state_dict(given, strict=False)
    message = str(raised.value)
    assert "W_rec has shape (10, 10), wanted (9, 9)" in message
    assert "W_inp_mask has shape (9, 2), wanted (9, 3)" in message
    assert "M1 4, inh 2, PMd 3, cue 2, stop 1" in message


def test_missing_and_unknown_tensors_are_still_errors():
    model = network()
    state = six_tensors(model)
    del state["W_inp_mask"]
    with pytest.raises(RuntimeError, match="W_inp_mask"):
        model.load_state_dict(state)
    with pytest.raises(RuntimeError, match="W_out"):
        model.load_state_dict(six_tensors(model) | {"W_out": torch.zeros(2)})


def test_weights_depend_on_the_seed_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = network(seed=4), network(seed=4), network(seed=5)
    first(normal(1, 2, M))
    first.without("M1")
    sp.as_system(first)
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert not torch.equal(first.W_rec, other.W_rec)
    assert not torch.equal(first.W_rec_mask, other.W_rec_mask)


# -- as a system -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("phi", PHI)
@pytest.mark.parametrize("form", FORMS)
def test_the_system_steps_and_differentiates_as_the_network_does(form, phi, dtype):
    model = network(phi, form=form, dtype=dtype)
    system = sp.as_system(model)
    double = network(phi, form=form)
    double.load_state_dict({k: v.double() for k, v in model.state_dict().items()})
    double.base_firing = model.base_firing.double()
    x, u = normal(4, D, seed=1), normal(4, M, seed=2)
    step = lambda x, u: double(u[:, None], x)[0][:, 0]  # noqa: E731
    close = {"rtol": 0, "atol": 1e-13}
    torch.testing.assert_close(system.step(x, u), step(x, u).detach(), **close)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda x, u: step(x[None], u[None])[0], (0, 1)))
    in_state, in_inputs = jacobian(x, u)
    torch.testing.assert_close(system.jacobian(x, u), in_state.detach(), **close)
    torch.testing.assert_close(system.input_jacobian(x, u), in_inputs.detach(), **close)


@pytest.mark.parametrize("form", FORMS)
def test_the_system_has_the_regions_and_the_time_step(form):
    model = network(form=form, dt=5.0)
    system = sp.as_system(model)
    assert (system.state_size, system.input_size) == (D, M)
    assert system.dt == (5.0 if form == "leaky" else None)  # an Elman step has no duration
    assert system.state_regions == model.regions
    assert system.state_regions.indices("ctx").tolist() == [0, 1, 2, 3, 6, 7, 8]
    assert system.input_regions.indices("stop", "cue").tolist() == [2, 0, 1]
    assert repr(system) == "System(map, 9 states, 3 inputs, regions M1, inh, PMd; closed form)"
    assert system.lefschetz == 1


@pytest.mark.parametrize("form", FORMS)
def test_the_stimulus_can_be_an_input(form):
    model = network(form=form)
    system = model.system(stimulus=True)
    assert system.input_regions.indices("stimulus").tolist() == list(range(M, M + D))
    x, u, s = normal(4, D, seed=1), normal(4, M, seed=2), normal(4, D, seed=3)
    expected = model(u[:, None], x, stimulus=s[:, None])[0][:, 0]
    together = torch.cat([u, s], dim=1)
    torch.testing.assert_close(system.step(x, together), expected.detach(), rtol=0, atol=1e-13)
    plain = sp.as_system(model)
    lin = sp.linearize(system, x, together)
    assert lin.block("M1", "stimulus").shape == (4, 4, D)
    np.testing.assert_array_equal(
        lin.block("M1", "cue"), system.input_jacobian(x, together)[:, :4, :2]
    )
    quiet = torch.cat([u, 0 * s], dim=1)
    torch.testing.assert_close(system.step(x, quiet), plain.step(x, u), rtol=0, atol=1e-14)


def test_the_stimulus_comes_behind_the_own_inputs():
    model = network()
    system = model.system(stimulus=True)
    assert list(system.input_regions["stimulus"]) == list(range(M, M + D))


def test_the_system_is_a_copy():
    model = network()
    system = sp.as_system(model)
    x, u = normal(2, D), normal(2, M)
    before = system.step(x, u)
    with torch.no_grad():
        model.W_rec.mul_(2)
        model.bias_offset.add_(1)
    assert torch.equal(system.step(x, u), before)
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("option", [{"regions": {"x": [0]}}, {"dt": 1.0}, {"state_size": D + 1}])
def test_what_the_network_brings_itself_is_not_taken_from_elsewhere(option):
    with pytest.raises(ArgumentError, match=next(iter(option))):
        sp.as_system(network(), **option)
