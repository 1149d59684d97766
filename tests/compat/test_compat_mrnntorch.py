"""Scripts written for mRNNTorch's names: they run, and what they get is true."""

from __future__ import annotations

import json
import math
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError, StillpointError, StillpointWarning

torch = pytest.importorskip("torch")
from stillpoint.compat.mrnntorch import (  # noqa: E402
    ElmanmRNN,
    FixedPointCollection,
    InputRegion,
    RecurrentRegion,
    emFixedPointFinder,
    emFlowFieldFinder,
    emLinearization,
    mFixedPointFinder,
    mFlowFieldFinder,
    mLinearization,
    mRNN,
)

nn = torch.nn
pytestmark = pytest.mark.torch

REGIONS = ("exc", "inh", "exc2")
D, M = 13, 3
KINDS = {"leaky": mRNN, "elman": ElmanmRNN}
FINDERS = {"leaky": mFixedPointFinder, "elman": emFixedPointFinder}
LINEARIZATIONS = {"leaky": mLinearization, "elman": emLinearization}
FLOWS = {"leaky": mFlowFieldFinder, "elman": emFlowFieldFinder}


def built(kind="leaky", activation="tanh", *, seed=0, double=True, gain=1.5, **options):
    """Return a network of three regions, two of them under one parent, in two input regions."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if kind == "leaky":
            options = {"dt": 20, "tau": 100} | options
        rnn = KINDS[kind](activation=activation, spectral_radius=gain, **options)
        rnn.add_recurrent_region("exc", 6, "pos", base_firing=0.1, parent_region="ctx")
        rnn.add_recurrent_region("inh", 3, "neg", init=0.5, learnable_bias=True)
        rnn.add_recurrent_region("exc2", 4, parent_region="ctx")
        rnn.add_input_region("inp", 2)
        rnn.add_input_region("stop", 1, "neg")
        for source in REGIONS:
            for to in REGIONS:
                rnn.add_recurrent_connection(source, to, sparsity=0.5 if source == to else None)
        rnn.add_input_connection("inp", "exc")
        rnn.add_input_connection("stop", "inh")
        rnn.finalize_connectivity()
    return rnn.double() if double else rnn


class Foreign:
    """An object with mRNNTorch's attributes that comes from elsewhere and is no module."""

    def __init__(self, rnn, kind):
        self.kind = kind
        for name in ("W_rec", "W_inp"):
            for part in ("", "_mask", "_sign_matrix"):
                setattr(self, name + part, getattr(rnn, name + part).detach().clone())
        self.tonic_inp = rnn.tonic_inp.detach().clone()
        self.rec_constrained, self.inp_constrained = rnn.rec_constrained, rnn.inp_constrained
        self.activation_name = rnn.activation_name
        self.region_dict = {
            name: SimpleNamespace(num_units=r.num_units, parent_region=r.parent_region)
            for name, r in rnn.region_dict.items()
        }
        self.inp_dict = {
            name: SimpleNamespace(num_units=r.num_units) for name, r in rnn.inp_dict.items()
        }
        self.alpha = rnn.alpha
        if kind == "leaky":
            self.dt, self.tau = rnn.dt, rnn.tau

    def weights(self, name, constrained):
        raw, mask = getattr(self, name), getattr(self, name + "_mask")
        return (
            mask * raw.abs() * getattr(self, name + "_sign_matrix") if constrained else mask * raw
        )

    def __call__(self, inp, x0, h0=None):
        phi = {"tanh": torch.tanh, "relu": torch.relu}[self.activation_name]
        W = self.weights("W_rec", self.rec_constrained)
        W_inp = self.weights("W_inp", self.inp_constrained)
        states = x0
        h = x0 if self.kind == "elman" else phi(x0) if h0 is None else h0
        total = h @ W.T + inp[:, 0] @ W_inp.T + self.tonic_inp
        if self.kind == "elman":
            return phi(total)[:, None]
        states = states + self.alpha * (total - states)
        return states[:, None], phi(states)[:, None]


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def after(rnn, inputs, x, **options):
    """Return the state one step later, from the network itself."""
    out = rnn(inputs[:, None], x, **options)
    return (out[0] if isinstance(out, tuple) else out)[:, 0].detach()


def finder(kind, rnn, **options):
    return FINDERS[kind](rnn, **({"verbose": False, "dtype": "float64"} | options))


def searched(kind, rnn, *arguments, hps=None, **options):
    """Search, whether or not some starts are lost on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)
        return finder(kind, rnn, **(hps or {})).find_fixed_points(*arguments, **options)


both = pytest.mark.parametrize("kind", KINDS)


# -- a script --------------------------------------------------------------------------------------


class TaskModel(nn.Module):
    """A network as scripts embed it: regions in a module of the user's, with a readout."""

    def __init__(self, kind):
        super().__init__()
        options = {"dt": 0.9, "tau": 1} if kind == "leaky" else {}
        self.rnn = KINDS[kind](
            inp_constrained=False, spectral_radius=1, device="cpu", activation="tanh", **options
        )
        self.rnn.add_recurrent_region("exc", 21, "pos", learnable_bias=True)
        self.rnn.add_recurrent_region("inhib", 9, "neg", learnable_bias=True)
        self.rnn.add_input_region("inp", 3)
        self.rnn.add_recurrent_connection("exc", "exc", sparsity=0.9)
        self.rnn.add_recurrent_connection("exc", "inhib")
        self.rnn.add_recurrent_connection("inhib", "exc")
        self.rnn.add_recurrent_connection("inhib", "inhib")
        self.rnn.add_input_connection("inp", "exc")
        self.rnn.add_input_connection("inp", "inhib")
        self.rnn.finalize_connectivity()
        self.out_layer = nn.Linear(21, 3)

    def forward(self, inputs, *states):
        out = self.rnn(inputs, *states, noise=False)
        h = out[1] if isinstance(out, tuple) else out
        return self.out_layer(self.rnn.get_region_activity(h, "exc")), out


@both
def test_a_script_runs_after_its_import_line_is_changed(kind, tmp_path):
    """Train a little, save, load, sample states, search, judge the stability of every point."""
    torch.manual_seed(0)
    model = TaskModel(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    inputs = torch.sign(torch.randn(32, 12, 3)) * (torch.rand(32, 12, 3) < 0.2)
    rest = torch.zeros(32, 30)
    for _ in range(3):
        outputs, _ = model(inputs, *([rest, rest] if kind == "leaky" else [rest]))
        loss = torch.mean((outputs - inputs.cumsum(1).clamp(-1, 1)) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), tmp_path / "model.pth")
    again = TaskModel(kind)
    again.load_state_dict(torch.load(tmp_path / "model.pth", weights_only=True))
    outputs, states = again(inputs, rest)
    torch.testing.assert_close(outputs, model(inputs, rest)[0])
    trajectories = (states[0] if kind == "leaky" else states).detach()

    fp_finder = FINDERS[kind](again.rnn, lr_init=1e-3, tol_q=1e-10, tol_unique=0.01, verbose=True)
    starts = fp_finder.sample_states(trajectories, n_inits=20, noise_scale=0.1)
    assert starts.shape == (20, 30)
    assert starts.dtype == torch.float32
    unique_fps, all_fps = fp_finder.find_fixed_points(starts, torch.zeros(3))
    assert unique_fps.n >= 1
    assert all_fps.n == 20
    still = after(again.rnn, unique_fps.inputs, unique_fps.xstar)
    torch.testing.assert_close(still, unique_fps.xstar, rtol=0, atol=2e-6)

    linearization = LINEARIZATIONS[kind](again.rnn)
    for state in unique_fps.xstar:
        jacobian, _ = linearization.jacobian(torch.zeros(3), state)
        real, imag, vectors = linearization.eigendecomposition(torch.zeros(3), state)
        values = torch.complex(real, imag)
        torch.testing.assert_close(jacobian.to(vectors) @ vectors, vectors * values)
        assert torch.isfinite(values.abs()).all()

    region, _ = fp_finder.find_fixed_points(starts[:1], torch.zeros(3), "inhib")
    torch.testing.assert_close(region.xstar[:, :21], starts[:1, :21])


# -- building --------------------------------------------------------------------------------------


def test_the_constructor_has_the_arguments_and_defaults_of_old():
    rnn = mRNN()
    assert (rnn.activation_name, rnn.batch_first, rnn.spectral_radius) == ("relu", True, None)
    assert (rnn.rec_constrained, rnn.inp_constrained, rnn.dt, rnn.tau) == (True, True, 10, 100)
    positional = mRNN(None, "tanh", 0.1, 0.2, False, True, False, 1.5, True, "cpu", 5, 50)
    assert (positional.activation_name, positional.batch_first) == ("tanh", False)
    assert (positional.rec_constrained, positional.inp_constrained) == (False, True)
    assert (positional.spectral_radius, positional.dt, positional.tau) == (1.5, 5, 50)


@both
def test_weights_masks_and_sizes(kind):
    rnn = built(kind)
    assert (rnn.total_num_units, rnn.total_num_inputs) == (D, M)
    assert rnn.hid_regions == list(REGIONS)
    assert rnn.inp_regions == ["inp", "stop"]
    assert [r.num_units for r in rnn.region_dict.values()] == [6, 3, 4]
    assert rnn.region_dict["inh"].sign == "neg"
    assert rnn.inp_dict["stop"].num_units == 1
    for name in ("W_rec", "W_rec_mask", "W_rec_sign_matrix"):
        assert getattr(rnn, name).shape == (D, D)
    for name in ("W_inp", "W_inp_mask", "W_inp_sign_matrix"):
        assert getattr(rnn, name).shape == (D, M)
    assert (rnn.W_rec_sign_matrix[:, 6:9] == -1).all()
    assert (rnn.W_rec_mask[:6, :6] == 0).sum(0).tolist() == [3] * 6
    torch.testing.assert_close(rnn.tonic_inp, torch.tensor([0.1] * 6 + [0.0] * 7).double())
    assert rnn.initial_condition.tolist() == [0.0] * 6 + [0.5] * 3 + [0.0] * 4
    assert rnn.alpha == (0.2 if kind == "leaky" else 1)
    trained = {id(p) for p in rnn.parameters() if p.requires_grad}
    assert {id(rnn.W_rec), id(rnn.W_inp)} <= trained
    assert not {id(rnn.W_rec_mask), id(rnn.W_inp_sign_matrix)} & trained
    W = rnn.W_rec_mask * rnn.W_rec.abs() * rnn.W_rec_sign_matrix
    assert torch.linalg.eigvals(W).abs().max().item() == pytest.approx(1.5)


def test_regions_are_found_by_their_names():
    rnn, act = built(), normal(2, 4, D)
    assert [rnn.get_region_indices(r) for r in REGIONS] == [(0, 6), (6, 9), (9, 13)]
    assert [rnn.get_region_indices(r) for r in ("inp", "stop")] == [(0, 2), (2, 3)]
    assert torch.equal(rnn.get_region_activity(act), act)
    assert torch.equal(rnn.get_region_activity(act, "inh"), act[..., 6:9])
    both_ways = torch.cat([act[..., 9:], act[..., :6]], dim=-1)
    assert torch.equal(rnn.get_region_activity(act, "exc2", "exc"), both_ways)
    cortex = torch.cat([act[..., :6], act[..., 9:]], dim=-1)
    assert torch.equal(rnn.get_region_activity(act, "ctx"), cortex)
    assert rnn.get_excluded_hid_regions("inh") == ["exc", "exc2"]
    assert rnn.get_excluded_hid_regions("ctx") == ["inh"]
    assert rnn.get_excluded_hid_regions(*REGIONS) == []
    assert rnn.ensure_order("exc2", "exc") == ("exc", "exc2")
    with pytest.raises(ArgumentError, match="'exc', 'inh', 'exc2', 'ctx'"):
        rnn.get_region_activity(act, "stn")


def test_a_parent_whose_regions_are_apart_has_no_first_and_last_index():
    with pytest.raises(ValueError, match="ctx"):
        built().get_region_indices("ctx")


def test_parts_of_the_weights_are_effective_ones():
    rnn = built()
    W = rnn.W_rec_mask * rnn.W_rec.abs() * rnn.W_rec_sign_matrix
    W_inp = rnn.W_inp_mask * rnn.W_inp.abs() * rnn.W_inp_sign_matrix
    cortex = [*range(6), *range(9, 13)]
    assert torch.equal(rnn.get_weight_subset(), W)
    assert torch.equal(rnn.get_weight_subset("inh"), W[6:9, 6:9])
    assert torch.equal(rnn.get_weight_subset("exc2", "exc"), W[cortex][:, cortex])
    assert torch.equal(rnn.get_weight_subset("ctx"), W[cortex][:, cortex])
    other = normal(D, D)
    assert torch.equal(rnn.get_weight_subset("inh", W=other), other[6:9, 6:9])
    assert torch.equal(rnn.get_projection("inh", "exc"), W[6:9, :6])
    assert torch.equal(rnn.get_projection(to="ctx", from_="inh"), W[cortex, 6:9])
    assert torch.equal(rnn.get_projection("inh", "stop"), W_inp[6:9, 2:])


def test_states_are_combined_in_the_order_of_the_model():
    rnn, act = built(), normal(5, 2, D)
    for a, b in ((["inh"], ["exc", "exc2"]), (["exc2", "exc"], ["inh"]), (["inh"], ["ctx"])):
        parts = [rnn.get_region_activity(act, *names) for names in (a, b)]
        assert torch.equal(rnn.combine_states(*parts, a, b), act)
    with pytest.raises(ArgumentError, match="cover 9 of 13 units"):
        rnn.combine_states(act[..., :6], act[..., :3], ["exc"], ["inh"])


def test_lists_of_regions_that_overlap_cannot_be_combined():
    rnn = mRNN()
    for name in "abc":
        rnn.add_recurrent_region(name, 2)
    rnn.add_recurrent_connection("a", "b")
    rnn.finalize_connectivity()
    with pytest.raises(ArgumentError):
        rnn.combine_states(torch.zeros(1, 4), torch.zeros(1, 2), ["a", "b"], ["b"])


def test_nothing_can_be_added_or_run_at_the_wrong_time():
    rnn = built()
    with pytest.raises(StillpointError, match="before finalize_connectivity"):
        rnn.add_recurrent_region("late", 2)
    early = mRNN()
    early.add_recurrent_region("a", 2)
    with pytest.raises(StillpointError, match="call finalize_connectivity"):
        early(torch.zeros(1, 1, 0), torch.zeros(1, 2))
    with pytest.raises(StillpointError, match="finalize_connectivity"):
        mFixedPointFinder(early).find_fixed_points(torch.zeros(1, 2), torch.zeros(1))
    early.add_recurrent_connection("b", "a")
    with pytest.raises(ArgumentError, match="comes from 'b', which is unknown"):
        early.finalize_connectivity()


def test_networks_that_are_built_one_after_the_other_differ():
    def two(seed):
        torch.manual_seed(seed)
        networks = []
        for _ in range(2):
            rnn = mRNN()
            rnn.add_recurrent_region("a", 4)
            rnn.add_recurrent_connection("a", "a")
            rnn.finalize_connectivity()
            networks.append(rnn.W_rec.detach())
        return networks

    with torch.random.fork_rng(devices=[]):
        first, second = two(0)
        again, _ = two(0)
        other, _ = two(1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, second)


CONFIG = {
    "__comment_regions": ["StateLayout of regions key:", "name: str"],
    "recurrent_regions": [
        {"name": "d1", "num_units": 5, "base_firing": 0, "sign": "neg"},
        {"name": "gpe", "num_units": 4, "base_firing": 1, "init": 1, "sign": "neg"},
        {"name": "thal", "num_units": 3, "sign": "pos", "learnable_bias": True},
    ],
    "recurrent_connections": [
        {"src_region": "d1", "dst_region": "gpe", "sparsity": 0.25},
        {"src_region": "gpe", "dst_region": "thal", "sparsity": 0.25},
        {"src_region": "thal", "dst_region": "d1"},
    ],
    "input_regions": [{"num_units": 2, "name": "iti", "sign": "pos"}],
    "__comment_input_connections": [],
    "input_connections": [{"src_region": "iti", "dst_region": "d1", "sparsity": 0.25}],
}


@both
def test_networks_come_from_config_files(kind, tmp_path):
    path = tmp_path / "loop.json"
    path.write_text(json.dumps(CONFIG))
    rnn = KINDS[kind](config=str(path), spectral_radius=1.3)
    assert rnn.hid_regions == ["d1", "gpe", "thal"]
    assert rnn.tonic_inp.tolist() == [0] * 5 + [1] * 4 + [0] * 3
    assert rnn.initial_condition.tolist() == [0] * 5 + [1] * 4 + [0] * 3
    assert (rnn.W_rec_mask[5:9, :5] == 0).sum(0).tolist() == [1] * 5
    assert rnn.W_rec_mask[:5, 9:].all()
    assert not rnn.W_rec_mask[:5, :5].any()
    assert torch.linalg.eigvals(rnn.get_weight_subset()).abs().max().item() == pytest.approx(
        1.3, rel=1e-5
    )
    assert after(rnn, torch.zeros(2, 2), torch.zeros(2, 12)).shape == (2, 12)
    open_ended = KINDS[kind](config=str(path), config_finalize=False)
    open_ended.add_recurrent_region("snr", 2, "neg")
    open_ended.add_recurrent_connection("d1", "snr")
    open_ended.finalize_connectivity()
    assert open_ended.get_region_indices("snr") == (12, 14)
    path.write_text(json.dumps(CONFIG | {"recurrent_conections": []}))
    with pytest.raises(ArgumentError, match="did you mean 'recurrent_connections'"):
        KINDS[kind](config=str(path))


@both
def test_old_weights_are_loaded_as_they_are(kind):
    """Six tensors, alone or under the name that the network has in a module."""
    rnn, other = built(kind, seed=1), built(kind, seed=2)
    names = [f"W_{part}{end}" for part in ("rec", "inp") for end in ("", "_mask", "_sign_matrix")]
    six = {name: getattr(other, name).detach().clone() for name in names}
    rnn.load_state_dict(six)
    outer = nn.ModuleDict({"rnn": built(kind, seed=3)})
    outer.load_state_dict({f"rnn.{name}": value for name, value in six.items()})
    for name in names:
        assert torch.equal(getattr(rnn, name), six[name])
        assert torch.equal(getattr(outer["rnn"], name), six[name])
    x, u = normal(3, D), normal(3, M)
    assert torch.equal(after(rnn, u, x), after(other, u, x))
    with pytest.raises(ArgumentError, match=r"W_rec has shape \(2, 2\).*exc 6, inh 3, exc2 4"):
        rnn.load_state_dict(six | {"W_rec": torch.zeros(2, 2)})


# -- running ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_first", [True, False])
@both
def test_sequences_are_those_of_the_formulas(kind, batch_first):
    rnn = built(kind, batch_first=batch_first)
    inputs, stim, x0 = normal(4, 6, M), normal(4, 6, D, seed=1), normal(4, D, seed=2)
    W = normal(D, D, seed=3) / 4
    lay = (lambda s: s) if batch_first else (lambda s: s.transpose(0, 1))
    W_inp = rnn.W_inp_mask * rnn.W_inp.abs() * rnn.W_inp_sign_matrix
    x, h, expected = x0, x0 if kind == "elman" else torch.tanh(x0), []
    for t in range(6):
        total = h @ W.T + inputs[:, t] @ W_inp.T + rnn.tonic_inp + stim[:, t]
        x = torch.tanh(total) if kind == "elman" else x + 0.2 * (total - x)
        h = x if kind == "elman" else torch.tanh(x)
        expected.append((x, h))
    out = rnn(lay(inputs), x0, stim_input=lay(stim), noise=False, W_rec=W)
    out = (out, out) if kind == "elman" else out
    for k in (0, 1):
        together = torch.stack([pair[k] for pair in expected], dim=1)
        torch.testing.assert_close(lay(out[k]), together, rtol=0, atol=1e-12)
    noisy = rnn(lay(inputs), x0, noise=True)
    quiet = rnn(lay(inputs), x0)
    first = (lambda s: s) if kind == "elman" else (lambda s: s[0])
    assert not torch.equal(first(noisy), first(quiet))
    assert torch.equal(first(rnn(lay(inputs), x0)), first(quiet))


def test_the_rates_at_the_start_can_be_given():
    rnn, x0, h0 = built(), normal(2, D), normal(2, D, seed=1)
    x, h = rnn(torch.zeros(2, 1, M).double(), x0, h0)
    W = rnn.get_weight_subset()
    expected = x0 + 0.2 * (-x0 + h0 @ W.T + rnn.tonic_inp)
    torch.testing.assert_close(x[:, 0], expected, rtol=0, atol=1e-13)
    assert torch.equal(h, torch.tanh(x))


# -- the finder ------------------------------------------------------------------------------------

DEFAULTS = {
    "lr_init": 1e-4,
    "lr_patience": 5,
    "lr_factor": 0.95,
    "lr_cooldown": 0,
    "tol_q": 1e-12,
    "tol_dq": 1e-20,
    "max_iters": 5000,
    "do_rerun_q_outliers": False,
    "outlier_q_scale": 10.0,
    "do_exclude_distance_outliers": True,
    "outlier_distance_scale": 10.0,
    "tol_unique": 1e-3,
    "max_n_unique": math.inf,
    "dtype": "float32",
    "random_seed": 0,
    "verbose": True,
    "super_verbose": False,
    "n_iters_per_print_update": 100,
    "batch_first": True,
}


@both
def test_the_settings_and_their_defaults(kind):
    hps = FINDERS[kind].default_hps()
    assert hps == DEFAULTS
    hps["lr_init"] = 123.0
    assert FINDERS[kind].default_hps() == DEFAULTS
    FINDERS[kind](built(kind), **DEFAULTS)
    by_position = FINDERS[kind](built(kind), *DEFAULTS.values())
    assert by_position.hps == FINDERS[kind](built(kind)).hps


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr_int": 1e-3}, "hyper-parameter: got 'lr_int'.*Did you mean 'lr_init'"),
        ({"tol_uniqe": 1e-3}, "Did you mean 'tol_unique'"),
        ({"solver": "newtn"}, "solver: got 'newtn'.*Did you mean 'newton'"),
        ({"dtype": "float31"}, "dtype"),
    ],
)
def test_unknown_settings_are_answered_by_the_nearest(options, message):
    with pytest.raises(ArgumentError, match=message):
        mFixedPointFinder(built(), **options)


@pytest.mark.parametrize("foreign", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@both
def test_every_unique_point_is_a_fixed_point_of_the_network_itself(kind, activation, foreign):
    rnn = built(kind, activation, gain=0.9 if activation == "relu" else 3.0)
    network = Foreign(rnn, kind) if foreign else rnn
    starts, inputs = 2 * normal(40, D), normal(40, M, seed=1)
    unique, ends = searched(kind, network, starts, inputs)
    assert unique.n >= 10  # one for every start that did not end at a slow point
    assert ends.n == 40
    torch.testing.assert_close(
        after(network, unique.inputs, unique.xstar), unique.xstar, rtol=0, atol=1e-11
    )
    torch.testing.assert_close(
        unique.F_xstar, after(rnn, unique.inputs, unique.xstar), rtol=0, atol=1e-12
    )
    assert (unique.qstar <= 1e-22).all()
    assert torch.equal(ends.x_init, starts)
    assert torch.equal(ends.inputs, inputs)
    torch.testing.assert_close(
        ends.qstar, 0.5 * ((ends.F_xstar - ends.xstar) ** 2).sum(1), rtol=1e-3, atol=1e-20
    )
    for point in unique:
        row = torch.where((starts == point.x_init).all(dim=1))[0]
        assert torch.equal(inputs[row], point.inputs)
        assert point in ends


def test_float32_is_what_scripts_get_by_default():
    rnn = built(double=False, gain=0.8)
    unique, _ = mFixedPointFinder(rnn, verbose=False).find_fixed_points(
        normal(10, D).float(), torch.zeros(M)
    )
    assert unique.xstar.dtype == unique.qstar.dtype == unique.inputs.dtype == torch.float32
    still = after(rnn, unique.inputs, unique.xstar)
    torch.testing.assert_close(still, unique.xstar, rtol=0, atol=2e-6)


@both
def test_every_column_that_scripts_read_is_filled(kind):
    for found in searched(kind, built(kind), normal(8, D), torch.zeros(M).double()):
        for name in ("xstar", "x_init", "inputs", "F_xstar", "qstar", "dq", "n_iters"):
            assert isinstance(getattr(found, name), torch.Tensor), name
            assert len(getattr(found, name)) == found.n
        assert not found.n_iters.is_floating_point()


@both
def test_inputs_and_stimuli_come_as_vectors_as_one_row_or_as_many(kind):
    rnn, starts = built(kind), normal(12, D)
    u, stim = normal(M, seed=1), normal(D, seed=2)
    results = [
        searched(kind, rnn, starts, lift(u), stim_inp=lift(stim))
        for lift in (lambda v: v, lambda v: v[None], lambda v: v.expand(12, -1))
    ]
    paths = searched(kind, rnn, starts.reshape(3, 4, D), u.expand(3, 4, M), stim_inp=stim)
    for unique, ends in (*results, paths):
        assert torch.equal(unique.xstar, results[0][0].xstar)
        assert torch.equal(ends.xstar, results[0][1].xstar)
        assert torch.equal(ends.inputs, u.expand(12, -1))
    unique = results[0][0]
    still = after(rnn, unique.inputs, unique.xstar, stim_input=stim.expand(unique.n, 1, -1))
    torch.testing.assert_close(still, unique.xstar, rtol=0, atol=1e-11)
    without, _ = searched(kind, rnn, starts, u)
    assert not torch.allclose(without.xstar[0], unique.xstar[0], atol=1e-3)
    alone, _ = searched(kind, rnn, starts[0], u, stim_inp=stim)
    torch.testing.assert_close(alone.xstar, results[0][1].xstar[:1], rtol=0, atol=1e-9)


@pytest.mark.parametrize("wrong", ["inputs", "stim_inp"])
def test_inputs_with_the_wrong_number_of_rows_are_refused(wrong):
    given = {"inputs": torch.zeros(M).double(), "stim_inp": torch.zeros(D).double()}
    given[wrong] = given[wrong].expand(3, -1)
    with pytest.raises(ArgumentError, match=r"3.*4|4.*3"):
        mFixedPointFinder(built()).find_fixed_points(
            torch.zeros(4, D).double(), given["inputs"], stim_inp=given["stim_inp"]
        )


@both
def test_other_weights_can_be_used(kind):
    rnn, W = built(kind), normal(D, D, seed=5) / 3
    unique, _ = searched(kind, rnn, normal(20, D), torch.zeros(M).double(), W_rec=W)
    torch.testing.assert_close(
        after(rnn, unique.inputs, unique.xstar, W_rec=W), unique.xstar, rtol=0, atol=1e-11
    )
    assert unique.n >= 1
    own = after(rnn, unique.inputs, unique.xstar)
    assert (own - unique.xstar).abs().max() > 1e-3
    with pytest.raises(ArgumentError, match=r"W_rec: got shape \(2, 2\)"):
        finder(kind, rnn).find_fixed_points(
            normal(2, D), torch.zeros(M).double(), W_rec=torch.zeros(2, 2)
        )


@pytest.mark.parametrize("foreign", [False, True])
@both
def test_regions_move_and_the_others_are_held_at_each_starts_own_values(kind, foreign):
    rnn = built(kind)
    network = Foreign(rnn, kind) if foreign else rnn
    starts, u = normal(15, D), normal(M, seed=1)
    kept, held = [*range(6), *range(9, 13)], [6, 7, 8]
    results = [
        searched(kind, network, starts, u, *regions)
        for regions in (("exc", "exc2"), ("exc2", "exc"), ("ctx",))
    ]
    for unique, ends in results:
        assert torch.equal(unique.xstar, results[0][0].xstar)
        assert torch.equal(ends.xstar[:, held], starts[:, held])
        assert torch.equal(ends.x_init, starts)
        assert unique.xstar.shape[1] == D
        moved = after(rnn, unique.inputs, unique.xstar) - unique.xstar
        assert moved[:, kept].abs().max() < 1e-11
        assert moved[:, held].abs().max() > 1e-3
        torch.testing.assert_close(unique.F_xstar - unique.xstar, moved, rtol=0, atol=1e-12)
    whole, _ = searched(kind, network, starts, u, "inh", "exc", "exc2")
    everything, _ = searched(kind, network, starts, u)
    assert torch.equal(whole.xstar, everything.xstar)
    with pytest.raises(ArgumentError, match="'exc', 'inh', 'exc2', 'ctx'"):
        finder(kind, network).find_fixed_points(starts, u, "stn")


def test_one_context_gives_one_point_where_there_is_one():
    """Three inhibitory units with weak weights among them contract under every context."""
    rnn = built(gain=None)
    with torch.no_grad():
        rnn.W_rec[6:9, 6:9] *= 0.5 / torch.linalg.norm(rnn.W_rec[6:9, 6:9])
    starts = normal(20, D)
    shared = starts.clone()
    shared[:, :6], shared[:, 9:] = starts[0, :6], starts[0, 9:]
    own, _ = searched("leaky", rnn, starts, torch.zeros(M).double(), "inh")
    one, ends = searched("leaky", rnn, shared, torch.zeros(M).double(), "inh")
    assert (own.n, one.n, ends.n) == (20, 1, 20)


def silent():
    """Return a ReLU network whose second unit comes to rest silent, at -3."""
    rnn = mRNN(activation="relu", rec_constrained=False, dt=50, tau=100)
    rnn.add_recurrent_region("a", 1, base_firing=1.0)
    rnn.add_recurrent_region("b", 1, base_firing=-1.0)
    rnn.add_input_region("i", 1)
    for pair in ("aa", "ab"):
        rnn.add_recurrent_connection(*pair)
    rnn.add_input_connection("i", "a")
    rnn.finalize_connectivity()
    with torch.no_grad():
        rnn.W_rec.copy_(torch.tensor([[0.5, 0.0], [-1.0, 0.0]]))
    return rnn.double()


def test_a_search_in_h_gives_points_whose_x_stands_still_too():
    rnn = silent()
    starts = torch.tensor([[1.0, -8.0], [3.0, -0.5], [2.0, -3.0]]).double()
    with pytest.warns(StillpointWarning, match="the observed coordinates stand still"):
        unique, ends = finder("leaky", rnn).find_fixed_points(
            starts, torch.zeros(1), optimize_h=True
        )
    torch.testing.assert_close(unique.xstar, torch.tensor([[2.0, -3.0]]).double())
    assert ends.n == 3
    torch.testing.assert_close(torch.relu(ends.F_xstar), torch.relu(ends.xstar))
    assert (ends.qstar[:2] > 1e-3).all()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
def test_a_search_in_h_finds_what_a_plain_one_finds_where_every_x_has_its_own_h(activation):
    rnn = built("leaky", gain=0.8, activation=activation)
    starts = normal(40, D)
    plain, seen = (
        searched("leaky", rnn, starts, torch.zeros(M), optimize_h=flag)[0] for flag in (False, True)
    )
    assert plain.n >= 1
    torch.testing.assert_close(seen.xstar, plain.xstar)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("double", [False, True])
def test_linearisation_answers_in_the_precision_of_the_network(kind, double):
    rnn = built(kind, gain=0.8, double=double)
    dtype = torch.float64 if double else torch.float32
    lin, x, u = LINEARIZATIONS[kind](rnn), torch.zeros(D, dtype=dtype), torch.zeros(M, dtype=dtype)
    state, driven = lin.jacobian(u, x)
    assert state.dtype == driven.dtype == lin(u, x, u, x).dtype == dtype
    assert (state @ x).dtype == dtype
    real, imaginary, vectors = lin.eigendecomposition(u, x)
    assert real.dtype == imaginary.dtype == dtype
    assert vectors.dtype == (torch.complex128 if double else torch.complex64)


def test_what_is_known_before_the_connectivity_is_final():
    rnn = mRNN(activation="softplus", noise_level_act=0.2, noise_level_inp=0.1, dt=20, tau=100)
    rnn.add_recurrent_region("a", 2, base_firing=0.5, init=0.25)
    rnn.add_recurrent_region("b", 3)
    rnn.add_input_region("i", 1)
    assert (rnn.get_region_indices("b"), rnn.get_region_indices("i")) == ((2, 5), (0, 1))
    assert (rnn.get_region_size("a"), rnn.get_region_size("i"), rnn["b"].num_units) == (2, 1, 3)
    assert rnn.tonic_inp.tolist() == [0.5, 0.5, 0.0, 0.0, 0.0]
    assert rnn.initial_condition.tolist() == [0.25, 0.25, 0.0, 0.0, 0.0]
    assert rnn.region_mask_dict["b"].tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert [name for name, _ in rnn.named_rec_regions("x.")] == ["x.a", "x.b"]
    assert [region.num_units for _, region in rnn.named_inp_regions()] == [1]
    assert rnn.get_excluded_inp_regions() == ["i"]
    assert rnn.activation(torch.zeros(1)).item() == pytest.approx(np.log(2))
    assert (rnn.sigma_recur, rnn.sigma_input, rnn.alpha) == (0.2, 0.1, 0.2)
    assert rnn.hid_noise_const == pytest.approx(np.sqrt(2 * 0.2 * 0.2**2) / 0.2)
    assert rnn.inp_noise_const == pytest.approx(np.sqrt(2 * 0.2 * 0.1**2) / 0.2)
    with pytest.raises(ArgumentError, match="region: got 'c'"):
        rnn["c"]
    with pytest.raises(ArgumentError, match="region: got"):
        rnn.get_region_indices(["a"])
    rnn.add_recurrent_connection("a", "b")
    rnn.finalize_rec_connectivity()
    assert (rnn.rec_finalized, rnn.inp_finalized) == (True, False)
    made = rnn.W_rec.clone()
    with pytest.raises(StillpointError, match="final"):
        rnn.add_recurrent_region("late", 1)
    rnn.add_input_connection("i", "a")
    rnn.finalize_inp_connectivity()
    assert torch.equal(rnn.W_rec, made)
    assert rnn.W_inp.shape == (5, 1)
    assert rnn.tonic_inp.tolist() == [0.5, 0.5, 0.0, 0.0, 0.0]


def test_either_kind_of_weights_may_be_made_first():
    rnn = mRNN(activation="tanh", spectral_radius=1.5)
    rnn.add_input_region("i", 1)
    rnn.add_recurrent_region("a", 3)
    rnn.add_input_connection("i", "a")
    rnn.finalize_inp_connectivity()
    made = rnn.W_inp.clone()
    rnn.add_recurrent_connection("a", "a")
    rnn.finalize_connectivity()
    assert torch.equal(rnn.W_inp, made)
    assert torch.linalg.eigvals(rnn.get_weight_subset()).abs().max().item() == pytest.approx(1.5)


@both
def test_regions_know_their_connections(kind):
    rnn = built(kind)
    matrices = rnn.W_rec, rnn.W_rec_mask, rnn.W_rec_sign_matrix
    inh = rnn["inh"]["exc"]
    for found, whole in zip(
        (inh.parameter, inh.weight_mask, inh.sign_matrix), matrices, strict=True
    ):
        assert torch.equal(found, whole[:6, 6:9])
    for made, whole in zip(rnn.gen_w(rnn.region_dict), matrices, strict=True):
        assert torch.equal(made, whole)
    assert torch.equal(rnn.inp_dict["stop"][1].parameter, rnn.W_inp[6:9, 2:])
    assert rnn["inp"].has_connection_to("exc")
    assert not rnn["inp"].has_connection_to("inh")
    assert not rnn["inp"]["inh"].weight_mask.any()
    assert rnn.region_dict["inh"].init.tolist() == [0.5] * 3
    assert isinstance(rnn.region_dict["inh"].base_firing, torch.nn.Parameter)
    with pytest.raises(KeyError, match="idx: got 'nobody'"):
        rnn["exc"]["nobody"]


def test_connections_of_a_parent_are_those_of_its_regions():
    rnn = mRNN(activation="tanh")
    for name in ("a", "b"):
        rnn.add_recurrent_region(name, 2, parent_region="both")
    rnn.add_recurrent_region("c", 1)
    rnn.add_recurrent_connection("both", "c")
    assert [rnn[name].has_connection_to("c") for name in "abc"] == [True, True, False]
    assert rnn["a"]["c"].parameter.shape == (1, 2)
    assert rnn._get_child_regions("both") == ("a", "b")


def test_regions_by_themselves():
    region = RecurrentRegion(4, base_firing=0.5, sign="neg", parent_region="all")
    region.add_connection("to", 8, sparsity=0.25)
    region.add_connection("none", 2, zero_connection=True)
    assert (region["to"].weight_mask == 0).sum(0).tolist() == [2] * 4
    assert torch.equal(region["to"].sign_matrix, -region["to"].weight_mask)
    assert not region[1].weight_mask.any()
    assert (region.has_connection_to("to"), region.has_connection_to("none")) == (True, False)
    assert (region.masks["ones"].tolist(), region.masks["zeros"].tolist()) == ([1] * 4, [0] * 4)
    assert (region.base_firing.tolist(), region.parent_region) == ([0.5] * 4, "all")
    with pytest.raises(AssertionError, match="dst_region_name: 'to' is connected already"):
        region.add_connection("to", 8)
    with pytest.raises(AssertionError, match="sign: got 'up'"):
        InputRegion(num_units=2, sign="up")


def test_initial_states_for_a_batch():
    x, h = built().batched_initial_condition(2)
    assert x.shape == h.shape == (2, D)
    assert torch.equal(x, h)
    assert torch.equal(built("elman").batched_initial_condition(2), x)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_go_both_ways(kind):
    rnn, other = built(kind, seed=1), built(kind, seed=2)
    six = {"W_rec", "W_rec_mask", "W_rec_sign_matrix", "W_inp", "W_inp_mask", "W_inp_sign_matrix"}
    state = rnn.state_dict()
    assert set(state) == six
    other.load_state_dict(state)
    torch.testing.assert_close(other.W_rec, rnn.W_rec)
    model = torch.nn.Sequential(rnn)
    assert set(model.state_dict()) == {f"0.{name}" for name in six}
    weights = torch.randn_like(rnn.W_rec)
    rnn.W_rec = torch.nn.Parameter(weights)
    torch.testing.assert_close(rnn.W_rec, weights)
    torch.testing.assert_close(sp.as_system(rnn).dynamics.W, rnn.apply_dales_law(
        weights, rnn.W_rec_mask, rnn.W_rec_sign_matrix))  # fmt: skip
    scaled = rnn.set_spectral_radius(weights)
    assert rnn.compute_spectral_radius(scaled).item() == pytest.approx(rnn.spectral_radius)
    with pytest.raises(ArgumentError, match="W_rec: got shape"):
        rnn.W_rec = torch.nn.Parameter(torch.eye(2).double())
    with pytest.raises(ArgumentError, match="W_rec_mask: got None"):
        rnn.W_rec_mask = None
    with torch.no_grad():
        rnn.network.bias_offset += rnn.network.learnable_bias
    assert set(rnn.state_dict()) == six | {"network.bias_offset"}
    other.load_state_dict(rnn.state_dict())
    torch.testing.assert_close(other.tonic_inp, rnn.tonic_inp)


@pytest.mark.parametrize(
    ("name", "value", "made_with"),
    [
        ("activation", nn.Sigmoid(), {"activation": "sigmoid"}),
        ("activation", "relu", {"activation": "relu"}),
        ("dt", 10, {"dt": 10}),
        ("tau", 40, {"tau": 40}),
        ("rec_constrained", False, {"rec_constrained": False}),
        ("inp_constrained", False, {"inp_constrained": False}),
    ],
)
def test_a_setting_counts_after_the_weights_are_made(name, value, made_with):
    rnn, other = built(), built(**made_with)
    other.load_state_dict(rnn.state_dict())
    setattr(rnn, name, value)
    states, inputs = torch.randn(5, D), torch.randn(5, M)
    moved = sp.as_system(rnn).step(states, inputs)
    assert np.array_equal(moved, sp.as_system(other).step(states, inputs))
    assert not np.array_equal(moved, sp.as_system(built()).step(states, inputs))
    with pytest.raises(ArgumentError, match=name):
        setattr(rnn, name, None)


def test_states_are_combined_with_their_axes_or_as_rows():
    rnn = built()
    parts = normal(2, 5, 6), normal(2, 5, 7)
    whole = rnn.combine_states(*parts, ["exc"], ["inh", "exc2"])
    assert whole.shape == (2, 5, D)
    rows = rnn.combine_states(*parts, ["exc"], ["inh", "exc2"], keep_dims=False)
    torch.testing.assert_close(rows, whole.reshape(10, D))


def test_regions_take_a_device_by_position_and_by_name():
    rnn = mRNN(device="cpu")
    rnn.add_recurrent_region("a", 2, "pos", 0.5, 0.0, "cpu", "parent", True)
    rnn.add_recurrent_region("b", 1, device="cpu")
    rnn.add_input_region("i", 1, "pos", "cpu")
    assert rnn.region_dict["a"].parent_region == "parent"
    assert rnn.region_dict["a"].learnable_bias
    assert rnn.region_dict["b"].parent_region is None


def test_a_search_in_h_says_so_where_it_means_nothing():
    rnn = built("elman", gain=0.8)
    with pytest.warns(StillpointWarning, match="optimize_h has no effect"):
        unique, _ = finder("elman", rnn).find_fixed_points(
            normal(5, D), torch.zeros(M), optimize_h=True
        )
    assert unique.n >= 1


def test_what_did_not_converge_is_told_and_is_not_among_the_points():
    """Three steps of Adam lead nowhere."""
    rnn, starts = built(), normal(6, D)
    slow = finder("leaky", rnn, solver="adam", max_iters=3)
    message = r"of 6 starts 6 gave no fixed point: 6 used up its steps.*among all ends"
    with pytest.warns(StillpointWarning, match=message):
        unique, ends = slow.find_fixed_points(starts, torch.zeros(M))
    assert (unique.n, ends.n) == (0, 6)
    assert unique.xstar.shape == (0, D)
    assert (ends.n_iters == 3).all()
    assert (ends.qstar > 1e-12).all()
    torch.testing.assert_close(
        ends.F_xstar, after(rnn, ends.inputs, ends.xstar), rtol=0, atol=1e-12
    )


def test_adam_runs_with_the_settings_that_are_given():
    rnn = silent()
    starts = torch.tensor([[1.0, -2.0], [2.5, -4.0]]).double()
    options = {"solver": "adam", "lr_init": 1e-2, "max_iters": 1500, "lr_patience": 20}
    unique, ends = finder("leaky", rnn, **options).find_fixed_points(starts, torch.zeros(1))
    assert unique.n == 1
    torch.testing.assert_close(
        unique.xstar, torch.tensor([[2.0, -3.0]]).double(), rtol=0, atol=1e-5
    )
    assert (ends.n_iters > 100).all()
    timid = finder("leaky", rnn, **(options | {"lr_init": 1e-9, "max_iters": 100}))
    with pytest.warns(StillpointWarning, match="gave no fixed point"):
        loose, _ = timid.find_fixed_points(starts, torch.zeros(1))
    assert loose.n == 0
    generous, _ = finder(
        "leaky", rnn, **(options | {"tol_q": 1e-2, "tol_unique": 0.5})
    ).find_fixed_points(starts, torch.zeros(1))
    assert generous.n >= 1


def bistable(kind="elman"):
    """x' = tanh(2 x): the origin is unstable, +-.9575 are stable."""
    rnn = KINDS[kind](activation="tanh")
    rnn.add_recurrent_region("a", 1)
    rnn.add_input_region("i", 1)
    rnn.add_recurrent_connection("a", "a")
    rnn.add_input_connection("i", "a")
    rnn.finalize_connectivity()
    with torch.no_grad():
        rnn.W_rec.fill_(2.0)
    return rnn.double()


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_a_random_subset_is_kept(most):
    starts = torch.linspace(-2, 2, 31).double()[:, None]
    options = {"max_n_unique": most, "do_exclude_distance_outliers": False}
    unique, ends = finder("elman", bistable(), **options).find_fixed_points(starts, torch.zeros(1))
    assert unique.n == min(most, 3)
    assert ends.n == 31
    again, _ = finder("elman", bistable(), **options).find_fixed_points(starts, torch.zeros(1))
    assert torch.equal(again.xstar, unique.xstar)


def crowded():
    """Many starts at the origin and one far off, so that the far point is an outlier."""
    return torch.cat([1e-2 * normal(60, 1), torch.ones(1, 1).double()])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0.0]),
        ({"outlier_distance_scale": 1e3}, [-0.957504, 0.0, 0.957504]),
        ({"do_exclude_distance_outliers": False}, [-0.957504, 0.0, 0.957504]),
        ({"do_rerun_q_outliers": True}, [0.0]),
        (
            {"do_rerun_q_outliers": True, "do_exclude_distance_outliers": False},
            [-0.957504, 0.0, 0.957504],
        ),
    ],
    ids=["default", "far-reaching", "all", "again", "all-again"],
)
def test_points_far_from_the_starts_are_left_out(options, expected):
    unique, ends = finder("elman", bistable(), **options).find_fixed_points(
        crowded(), torch.zeros(1)
    )
    np.testing.assert_allclose(np.sort(unique.xstar[:, 0].numpy()), expected, atol=1e-6)
    assert ends.n == 61


def test_outliers_are_searched_again_from_where_they_ended():
    """150 steps of Adam bring some starts down to a small q; a second round goes on."""
    rnn, starts = bistable("leaky"), torch.tensor([[0.9], [1.9], [2.0], [6.0]]).double()
    options = {"solver": "adam", "lr_init": 1e-2, "max_iters": 150, "tol_q": 1e-10}
    options |= {"outlier_q_scale": 1.0, "do_exclude_distance_outliers": False}
    once, first = searched("leaky", rnn, starts, torch.zeros(1), hps=options)
    again = options | {"do_rerun_q_outliers": True}
    _, second = searched("leaky", rnn, starts, torch.zeros(1), hps=again, n_rounds_q_opt=1)
    _, third = searched("leaky", rnn, starts, torch.zeros(1), hps=again, n_rounds_q_opt=4)
    assert first.n == second.n == third.n == 4
    assert second.qstar.max() < first.qstar.max()
    assert third.qstar.max() < second.qstar.max()
    assert once.n <= 4


def test_points_are_chosen_once_after_all_rounds():
    """What later rounds find counts among the most points, and is near the starts of all."""
    starts = torch.tensor([[0.95], [0.96], [-6.0], [-0.2]]).double()
    options = {"solver": "adam", "lr_init": 1e-2, "max_iters": 150, "tol_q": 1e-10}
    options |= {"outlier_q_scale": 0.5, "do_exclude_distance_outliers": False}

    def after_rounds(**more):
        arguments = (bistable(), starts, torch.zeros(1))
        return searched("elman", *arguments, hps=options | more, n_rounds_q_opt=6)[0]

    everything = after_rounds(do_rerun_q_outliers=True)
    assert everything.n > after_rounds().n
    assert after_rounds(do_rerun_q_outliers=True, max_n_unique=1).n == 1
    distance = (everything.xstar - starts.mean()).abs()
    reach = distance.sort(dim=0)[0][:2].mean() / (starts - starts.mean()).abs().mean()
    close = {"do_exclude_distance_outliers": True, "outlier_distance_scale": reach.item()}
    near = after_rounds(do_rerun_q_outliers=True, **close)
    torch.testing.assert_close(near.xstar, everything.xstar[distance.argmin()][None])


@both
def test_the_network_and_the_starts_are_only_read(kind):
    rnn, starts = built(kind).train(), normal(6, D)
    given, before = starts.clone(), {k: v.clone() for k, v in rnn.state_dict().items()}
    learnable = [p.requires_grad for p in rnn.parameters()]
    seed = torch.get_rng_state()
    searched(kind, rnn, starts, torch.zeros(M).double())
    searched(kind, rnn, starts, torch.zeros(M).double(), "inh")
    assert torch.equal(starts, given)
    assert [p.requires_grad for p in rnn.parameters()] == learnable
    assert rnn.training
    assert torch.equal(torch.get_rng_state(), seed)
    for name, value in rnn.state_dict().items():
        assert torch.equal(value, before[name])


def test_states_are_sampled_by_the_seed_that_is_given():
    paths = normal(4, 10, D).float()
    draw = lambda seed: mFixedPointFinder(built(), random_seed=seed).sample_states(paths, 7, 0.5)  # noqa: E731
    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))
    plain = mFixedPointFinder(built()).sample_states(paths, n_inits=7)
    rows = {tuple(row.tolist()) for row in paths.reshape(-1, D)}
    assert {tuple(row.tolist()) for row in plain} <= rows


# -- objects from elsewhere ------------------------------------------------------------------------


def test_what_lacks_the_attributes_is_refused_with_their_names():
    with pytest.raises(ArgumentError, match=r"GRU, which lacks W_rec, W_rec_mask, .*region_dict"):
        mFixedPointFinder(nn.GRU(2, 3)).find_fixed_points(torch.zeros(1, 3), torch.zeros(2))


def test_a_softplus_of_another_sharpness_is_not_taken_for_the_usual_one():
    foreign = Foreign(built(), "leaky")
    foreign.activation_name, foreign.softplus_beta = "softplus", 1.0
    mLinearization(foreign)
    foreign.softplus_beta = 3.0
    with pytest.raises(ArgumentError, match="softplus_beta"):
        mLinearization(foreign)


@both
def test_an_object_from_elsewhere_is_linearised_like_ours(kind):
    rnn = built(kind, rec_constrained=False)
    foreign = Foreign(rnn, kind)
    x, u = normal(D), normal(M, seed=1)
    for regions in ((), ("inh",), ("exc2", "exc"), ("ctx",)):
        ours = LINEARIZATIONS[kind](rnn, *regions).jacobian(u, x)
        theirs = LINEARIZATIONS[kind](foreign, *regions).jacobian(u, x)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


# -- linearisation ---------------------------------------------------------------------------------


def differentiated(kind, rnn, u, x, h=None):
    """Return the Jacobians of x' (or of h' where h is given) by torch, in the state and input."""
    arguments = (u[None, None], x[None]) if h is None else (u[None, None], x[None], h[None])
    jacobians = torch.autograd.functional.jacobian(rnn, arguments)
    if kind == "leaky":
        jacobians = jacobians[0 if h is None else 1]
    in_input, in_state = jacobians[0], jacobians[-1]
    return in_state[0, 0, :, 0, :], in_input[0, 0, :, 0, 0, :]


PLACES = {"exc": range(6), "inh": range(6, 9), "exc2": range(9, 13)}
CHOICES = {
    (): REGIONS,
    ("inh",): ("inh",),
    ("exc2", "inh"): ("inh", "exc2"),
    ("ctx",): ("exc", "exc2"),
}


def places(regions):
    return [i for name in regions for i in PLACES[name]]


@pytest.mark.parametrize("regions", CHOICES, ids="-".join)
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
@both
def test_jacobians_are_those_of_the_network(kind, activation, regions):
    rnn = built(kind, activation)
    x, u = normal(D), normal(M, seed=1)
    in_state, in_input = differentiated(kind, rnn, u, x)
    lin = LINEARIZATIONS[kind](rnn, *regions)
    rows = places(CHOICES[regions])
    others = [i for i in range(D) if i not in rows]
    assert lin.region_list == list(CHOICES[regions])
    close = {"rtol": 0, "atol": 1e-13}
    for lift in (lambda v: v, lambda v: v[None]):
        state, inputs = lin.jacobian(lift(u), lift(x))
        torch.testing.assert_close(state, in_state[rows][:, rows], **close)
        torch.testing.assert_close(inputs, in_input[rows], **close)
        static, inputs = lin.jacobian(u, x, excluded_regions=True)
        torch.testing.assert_close(static, in_state[rows][:, others or rows], **close)
        torch.testing.assert_close(inputs, in_input[rows], **close)
    real, imag, vectors = lin.eigendecomposition(u, x)
    values = torch.complex(real, imag)
    block = in_state[rows][:, rows].to(vectors)
    torch.testing.assert_close(block @ vectors, vectors * values[None, :], rtol=0, atol=1e-12)


@pytest.mark.parametrize("regions", CHOICES, ids="-".join)
def test_jacobians_in_h_are_those_at_fixed_x(regions):
    """a diag(phi'(x')) W, also for rates that do not belong to x."""
    rnn = built()
    x, u, rows = normal(D), normal(M, seed=1), places(CHOICES[regions])
    others = [i for i in range(D) if i not in rows]
    lin = mLinearization(rnn, *regions)
    close = {"rtol": 0, "atol": 1e-13}
    for h in (torch.tanh(x), normal(D, seed=2)):
        in_h, in_input = differentiated("leaky", rnn, u, x, h)
        state, inputs = lin.jacobian(u, x, h=h, dh=True)
        torch.testing.assert_close(state, in_h[rows][:, rows], **close)
        torch.testing.assert_close(inputs, in_input[rows], **close)
        static, _ = lin.jacobian(u, x, excluded_regions=True, h=h, dh=True)
        torch.testing.assert_close(static, in_h[rows][:, others or rows], **close)
        real, imag, _ = lin.eigendecomposition(u, x, h=h, dh=True)
        moduli = torch.complex(real, imag).abs().sort().values
        expected = torch.linalg.eigvals(in_h[rows][:, rows]).abs().sort().values
        torch.testing.assert_close(moduli, expected, rtol=0, atol=1e-10)
        after_x = rnn(u[None, None], x[None], h[None])[0][0, 0].detach()
        slope = 1 - torch.tanh(after_x) ** 2
        W = rnn.get_weight_subset()
        torch.testing.assert_close(in_h, 0.2 * slope[:, None] * W.detach(), **close)
    with pytest.raises(ArgumentError, match=r"^h: got None"):
        lin.jacobian(u, x, dh=True)


@pytest.mark.parametrize("regions", [(), ("exc2", "inh"), ("ctx",)], ids="-".join)
@pytest.mark.parametrize(("kind", "dh"), [("leaky", False), ("leaky", True), ("elman", False)])
def test_predictions_err_in_second_order(kind, dh, regions):
    rnn = built(kind)
    lin = LINEARIZATIONS[kind](rnn, *regions)
    rows = places(CHOICES[regions])
    others = [i for i in range(D) if i not in rows]
    x, u = normal(D), normal(M, seed=1)
    rates = kind == "leaky" and dh
    h = torch.tanh(x) if rates else None
    options = {"h": h, "dh": dh} if kind == "leaky" else {}
    moves = normal(7, len(rows), seed=2), normal(M, seed=3), normal(len(others), seed=4)

    def error(size):
        dx, du, static = (size * move for move in moves)
        moved = (x if h is None else h).repeat(7, 1)
        moved[:, rows] += dx
        moved[:, others] += static
        inputs = (u + du).expand(7, 1, -1)
        if rates:
            exact = rnn(inputs, x.repeat(7, 1), moved)[1][:, 0]
        else:
            exact = after(rnn, inputs[:, 0], moved)
        predicted = lin(u, x, du, dx, static if others else None, **options)
        assert predicted.shape == (7, len(rows))
        assert torch.equal(predicted, lin.forward(u, x, du, dx, static, **options))
        return (predicted - exact[:, rows]).abs().max().item()

    errors = np.array([error(size) for size in (1e-2, 1e-3)])
    assert np.log10(errors[0] / errors[1]) == pytest.approx(2, abs=0.15)


@pytest.mark.parametrize("name", ["stimulus", "held"])
def test_names_of_inputs_that_systems_add_are_refused(name):
    rnn = mRNN(activation="tanh")
    rnn.add_recurrent_region("a", 2)
    with pytest.raises(ArgumentError, match=f"'{name}' is the name of inputs that systems add"):
        rnn.add_input_region(name, 3)
    with pytest.raises(ArgumentError, match="'a'"):
        rnn.add_recurrent_region("a", 2)
    assert rnn.hid_regions == ["a"]


def test_a_bias_that_was_zero_when_weights_were_saved_is_zero_again():
    rnn = built()
    state = {name: value.clone() for name, value in rnn.state_dict().items()}
    before = rnn.tonic_inp.clone()
    with torch.no_grad():
        rnn.network.bias_offset += 1.0
    rnn.load_state_dict(state)
    assert torch.equal(rnn.tonic_inp, before)


def test_weights_that_are_made_first_stay_the_same_parameters():
    rnn = mRNN(activation="tanh")
    rnn.add_recurrent_region("a", 2)
    rnn.add_input_region("i", 1)
    rnn.add_recurrent_connection("a", "a")
    rnn.add_input_connection("i", "a")
    rnn.finalize_rec_connectivity()
    weights = rnn.W_rec.requires_grad_(False)
    rnn.eval()
    rnn.finalize_inp_connectivity()
    assert rnn.W_rec is weights
    assert not rnn.network.training
    given = torch.full((2, 2), 9.0)
    rnn.W_rec = given
    rnn.load_state_dict(built_like(rnn))
    assert (given == 9.0).all()


def built_like(rnn):
    """Return weights of zeros."""
    return {name: torch.zeros_like(value) for name, value in rnn.state_dict().items()}


@both
def test_analyses_are_of_the_weights_that_the_network_has_now(kind):
    rnn = built(kind)
    lin = LINEARIZATIONS[kind](rnn)
    flows = FLOWS[kind](rnn, normal(5, D), 3)
    x, u = normal(D), normal(M, seed=1)
    with torch.no_grad():
        rnn.W_rec.mul_(0.5)
    assert torch.equal(lin.jacobian(u, x)[0], LINEARIZATIONS[kind](rnn).jacobian(u, x)[0])
    fresh = FLOWS[kind](rnn, normal(5, D), 3)
    for find in ("find_nonlinear_flow", "find_linear_flow"):
        more = (u[None],) if find == "find_linear_flow" else ()
        (old,), (new,) = (getattr(f, find)(x[None], u[None], *more) for f in (flows, fresh))
        assert torch.equal(old.x_vels, new.x_vels)


def test_an_elman_network_is_linearised_by_the_names_of_its_state():
    rnn = built("elman")
    x, u = normal(D), normal(M, seed=1)
    lin = emLinearization(rnn, "inh")
    state, _ = lin.jacobian(u, h=x)
    static, _ = lin.jacobian(input=u, h=x, excluded_regions=True)
    assert (state.shape, static.shape) == ((3, 3), (3, 10))
    moves = {"delta_input": u, "delta_h": normal(3), "delta_h_static": normal(10)}
    wanted = lin(u, x, *moves.values())
    assert torch.equal(lin(input=u, h=x, **moves), wanted)
    assert torch.equal(lin.forward(u, h=x, **moves), wanted)
    assert torch.equal(lin.eigendecomposition(u, h=x)[0], lin.eigendecomposition(u, x)[0])
    assert torch.equal(lin.zero_states, torch.zeros(1, D))


# -- flow fields -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("regions", [(), ("exc2", "inh"), ("ctx",)], ids="-".join)
@both
def test_a_flow_is_that_of_the_chosen_regions(kind, regions, cancelled):
    rnn = built(kind)
    rows = places(CHOICES[regions])
    states, inputs, push = normal(6, D), normal(6, M, seed=1), normal(6, D, seed=2)
    finder = FLOWS[kind](
        rnn, states, 4, 0.5, 0.25, region_list=list(regions), cancel_other_regions=cancelled
    )
    assert finder.region_list == list(CHOICES[regions])
    flows = finder.find_nonlinear_flow(states, inputs, stim_input=push)
    for k, flow in enumerate(flows):
        whole = (states[k] * (not cancelled)).repeat(16, 1)
        whole[:, rows] = finder.inverse_transform(flow.grid)
        with torch.no_grad():
            given = inputs[k].expand(16, 1, -1), whole
            pushed = {"stim_input": push[k].expand(16, 1, -1)}
            moved = (
                rnn(*given, **pushed)[:, 0]
                if kind == "elman"
                else rnn(*given, torch.tanh(whole), **pushed)[0][:, 0]
            )
        expected = finder.transform(moved[:, rows]) - flow.grid.reshape(-1, 2)
        found = torch.stack([flow.x_vels, flow.y_vels], dim=-1).reshape(-1, 2)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("regions", [(), ("exc2", "inh")], ids="-".join)
@both
def test_a_linear_flow_is_that_of_the_linearisation(kind, regions):
    rnn = built(kind)
    rows = places(CHOICES[regions])
    states, inputs, change = normal(3, D), normal(3, M, seed=1), normal(3, M, seed=2)
    held = normal(3, D - len(rows), seed=3)
    finder = FLOWS[kind](rnn, states, num_points=3, region_list=regions)
    lin = LINEARIZATIONS[kind](rnn, *regions)
    for k, flow in enumerate(finder.find_linear_flow(states, inputs, change, held)):
        deviation = finder.inverse_transform(flow.grid) - states[k][rows]
        after = lin(inputs[k], states[k], change[k], deviation, held[k] if regions else None)
        found = torch.stack([flow.x_vels, flow.y_vels], dim=-1).reshape(-1, 2)
        expected = finder.transform(after) - flow.grid.reshape(-1, 2)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_other_weights_and_the_precision_of_the_network_count_for_flows():
    rnn = built(double=False)
    states, inputs = normal(4, D).float(), torch.zeros(4, M)
    finder = mFlowFieldFinder(rnn, states, 3)
    own = finder.find_nonlinear_flow(states, inputs)
    same = finder.find_nonlinear_flow(states, inputs, W=rnn.get_weight_subset())
    none = finder.find_nonlinear_flow(states, inputs, W=torch.zeros(D, D))
    assert own[0].x_vels.dtype == own[0].grid.dtype == torch.float32
    assert torch.equal(own[0].x_vels, same[0].x_vels)
    assert not torch.equal(own[0].x_vels, none[0].x_vels)


# -- the collection --------------------------------------------------------------------------------


def collection(n=4, *, seed=0, **changed):
    """Return points on a line, one apart, with every column filled."""
    tensors = {
        "xstar": torch.arange(n, dtype=torch.float32)[:, None] + torch.tensor([[0.0, 10.0]]),
        "x_init": normal(n, 2, seed=seed).float(),
        "inputs": torch.zeros(n, 1),
        "F_xstar": torch.arange(n, dtype=torch.float32)[:, None] + torch.tensor([[0.0, 10.0]]),
        "qstar": 1e-20 * torch.arange(n, 0, -1).float(),
        "dq": torch.full((n,), 1e-25),
        "n_iters": torch.arange(n),
    }
    return FixedPointCollection(**(tensors | changed))


COLUMNS = ("xstar", "x_init", "inputs", "F_xstar", "qstar", "dq", "n_iters")


def assert_same(a, b):
    for name in COLUMNS:
        mine, theirs = getattr(a, name), getattr(b, name)
        assert (mine is None) == (theirs is None), name
        assert mine is None or torch.equal(mine, theirs), name


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (1, [1]),
        (-1, [3]),
        (np.int64(2), [2]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, 2), [0, 2]),
        ([3, 0], [3, 0]),
        (torch.tensor([3, 0]), [3, 0]),
        (torch.tensor([True, False, False, True]), [0, 3]),
        ([], []),
    ],
    ids=str,
)
def test_indexing_gives_a_collection(index, rows):
    points = collection()
    chosen = points[index]
    assert isinstance(chosen, FixedPointCollection)
    assert len(chosen) == chosen.n == len(rows)
    for name in COLUMNS:
        assert torch.equal(getattr(chosen, name), getattr(points, name)[rows]), name
    if rows:
        chosen.xstar[0] = 99.0
        assert (points.xstar != 99.0).all()


def test_indices_end_where_the_points_end():
    for index in (4, -5):
        with pytest.raises(IndexError):
            collection()[index]


def test_iterating_gives_one_point_at_a_time():
    points = collection()
    listed = list(points)
    assert [p.n for p in listed] == [1, 1, 1, 1]
    assert_same(FixedPointCollection.concatenate(listed), points)
    assert all(p in points for p in points)


@pytest.mark.parametrize("index", [2, slice(2, 3), [2]], ids=str)
def test_points_are_replaced_in_place(index):
    points, other = collection(), collection(1, seed=5)
    other.xstar += 100
    points[index] = other
    assert_same(points[2], other)
    assert_same(points[[0, 1, 3]], collection()[[0, 1, 3]])


def test_points_are_found_within_the_tolerance_inputs_included():
    points = collection()
    near = collection()[2]
    near.xstar += 5e-4
    assert points.find(near).tolist() == [2]
    assert near in points
    far = collection()[2]
    far.xstar += 8e-4  # in both variables: farther than 1e-3
    assert points.find(far).numel() == 0
    assert far not in points
    driven = collection()[2]
    driven.inputs += 1.0
    assert driven not in points
    other_size = FixedPointCollection(torch.zeros(1, 3), inputs=torch.zeros(1, 1))
    assert points.find(other_size).numel() == 0
    bare = FixedPointCollection(points.xstar)
    assert bare.find(bare[1]).tolist() == [1]
    moved = collection()
    moved.F_xstar = moved.F_xstar + 3
    assert moved.find(moved[1], use_F_xstar=True).tolist() == [1]
    assert moved.find(points[3], use_F_xstar=True).tolist() == [0]


def test_of_copies_the_one_with_the_smallest_q_is_kept():
    points = collection(6)
    points.xstar[4] = points.xstar[1] + 4e-4
    points.xstar[5] = points.xstar[0]
    points.inputs[5] = 1.0
    unique = points.get_unique()
    assert unique.qstar.tolist() == points.qstar[[0, 2, 3, 4, 5]].tolist()
    shuffled = points[[5, 4, 3, 2, 1, 0]].get_unique()
    order = shuffled.n_iters.argsort()
    assert_same(shuffled[order], unique[unique.n_iters.argsort()])
    bare = FixedPointCollection(torch.zeros(3, 2))
    assert bare.get_unique().n == 1
    alike = collection(3, F_xstar=torch.zeros(3, 2))
    assert (alike.get_unique().n, alike.get_unique(use_F_xstar=True).n) == (3, 1)


def test_states_are_mapped_and_nothing_else():
    points, U = collection(), torch.tensor([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]])
    mapped = points.transform(U, offset=torch.tensor([1.0, 2.0, 3.0]))
    for name in ("xstar", "x_init", "F_xstar"):
        expected = getattr(points, name) @ U + torch.tensor([1.0, 2.0, 3.0])
        assert torch.equal(getattr(mapped, name), expected)
    for name in ("inputs", "qstar", "dq", "n_iters"):
        assert torch.equal(getattr(mapped, name), getattr(points, name))
    assert_same(points, collection())
    assert torch.equal(points.transform(U).xstar, points.xstar @ U)


def test_collections_are_put_together():
    first, second = collection(3), collection(2, seed=1)
    together = FixedPointCollection.concatenate([first, second])
    assert together.n == 5
    assert_same(together[:3], first)
    assert_same(together[3:], second)
    first.update(second)
    assert_same(first, together)
    partial = FixedPointCollection.concatenate([second, FixedPointCollection(torch.zeros(1, 2))])
    assert partial.n == 3
    assert partial.qstar is None
    with pytest.raises(ArgumentError, match="at least one"):
        FixedPointCollection.concatenate([])


def test_columns_have_one_row_per_point():
    with pytest.raises(ArgumentError, match="qstar: got 3 rows, but 4 are wanted"):
        collection(4, qstar=torch.zeros(3))
    x = torch.zeros(2, 2)
    points = FixedPointCollection(x)
    x += 1
    assert not points.xstar.any()
    assert repr(points) == "FixedPointCollection(2 points, 2 states)"


@pytest.mark.parametrize("columns", [{}, {"dq": None, "inputs": None}], ids=["all", "some"])
def test_collections_survive_saving(tmp_path, columns):
    points = collection(5, tol_unique=0.25, **columns)
    points.save(str(tmp_path / "points.fps"))
    content = (tmp_path / "points.fps").read_bytes()
    assert content[:2] == b"PK"
    restored = FixedPointCollection(torch.zeros(1, 1))
    restored.restore(str(tmp_path / "points.fps"))
    assert_same(restored, points)
    assert restored.tol_unique == 0.25
    assert restored.n_iters.dtype == torch.int64


class Trap:
    """What a pickle can do when it is read."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


@pytest.mark.parametrize("content", ["dict", "array", "trap", "torn", "other"])
def test_pickled_and_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "points.fps"
    if content == "array":
        with path.open("wb") as file:
            np.savez(file, xstar=np.array([Trap()], dtype=object), tol_unique=1.0)
    elif content == "other":
        with path.open("wb") as file:
            np.savez(file, x=np.zeros(3))
    elif content == "torn":
        collection().save(path)
        path.write_bytes(path.read_bytes()[:200])
    else:
        pickled = {"xstar": [[0.0]]} if content == "dict" else Trap()
        path.write_bytes(pickle.dumps(pickled))
    points = collection()
    with pytest.raises(FileFormatError, match="holds no collection"):
        points.restore(path)
    assert_same(points, collection())
    with pytest.raises(FileNotFoundError):
        points.restore(tmp_path / "absent.fps")
