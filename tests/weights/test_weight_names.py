"""Mappings of names to arrays: which network the names describe, and what they leave open."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError
from stillpoint.cells import (
    GRUCell,
    LeakyCell,
    LeakyRateCell,
    LSTMCell,
    ResetBeforeGRUCell,
    VanillaCell,
)

D, M = 4, 3


def drawn(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def stacked(blocks):
    return drawn(blocks * D, D), drawn(blocks * D, M), drawn(blocks * D, seed=1)


def assert_same(system, cell):
    assert type(system.dynamics) is type(cell)
    x, u = drawn(7, cell.state_size), drawn(7, cell.input_size)
    assert np.abs(system.step(x, u) - cell.step(x, u)).max() < 1e-15


W, B, b = stacked(1)
W3, B3, b3 = stacked(3)
W4, B4, b4 = stacked(4)
C = drawn(D, seed=2)
PLAIN = {"cell": "vanilla", "phi": "relu"}
LEAKY = {"cell": "leaky", "phi": "tanh", "alpha": 0.2}

CASES = {
    "cell": ({"W": W, "B": B, "b": b}, PLAIN, VanillaCell(W, B, b, "relu")),
    "cell, autonomous": ({"W": W}, PLAIN, VanillaCell(W, np.zeros((D, 0)), np.zeros(D), "relu")),
    "cell, leaky": ({"W": W, "B": B, "b": b}, LEAKY, LeakyCell(W, B, b, np.full(D, 0.2))),
    "cell, leaky rate": (
        {"W": W, "B": B, "b": b},
        LEAKY | {"cell": "leaky_rate"},
        LeakyRateCell(W, B, b, alpha=np.full(D, 0.2)),
    ),
    "cell, its leaks": (
        {"W": W, "B": B, "b": b, "alpha": np.linspace(0.1, 1, D)},
        {"cell": "leaky", "phi": "relu"},
        LeakyCell(W, B, b, np.linspace(0.1, 1, D), "relu"),
    ),
    "cell, GRU": ({"W": W3, "B": B3, "b": b3, "c": C}, {"cell": "gru"}, GRUCell(W3, B3, b3, C)),
    "cell, other GRU": (
        {"W": W3, "B": B3, "b": b3},
        {"cell": "reset_before_gru"},
        ResetBeforeGRUCell(W3, B3, b3),
    ),
    "cell, LSTM": (
        {"W": W4[:, :2], "B": B4, "b": b4, "P": drawn(2, D)},
        {"cell": "lstm"},
        LSTMCell(W4[:, :2], B4, b4, drawn(2, D)),
    ),
    "cell and a readout": (
        {"W": W, "B": B, "b": b, "C": drawn(2, D), "c": drawn(2)},
        PLAIN,
        VanillaCell(W, B, b, "relu"),
    ),
    "two linear layers": (
        {"h2h.weight": W, "h2h.bias": b, "input2h.weight": B, "input2h.bias": C, "fc.weight": B.T},
        PLAIN,
        VanillaCell(W, B, b + C, "relu"),
    ),
    "one bias": (
        {"net": {"rnn": {"h2h.weight": W, "i2h.weight": B, "i2h.bias": b}}},
        LEAKY,
        LeakyCell(W, B, b, np.full(D, 0.2)),
    ),
    "a GRU of linear layers": (
        {"h2h.weight": W3, "h2h.bias": b3, "x2h.weight": B3},
        {"cell": "gru"},
        GRUCell(W3, B3, np.concatenate([b3[: 2 * D], np.zeros(D)]), b3[2 * D :]),
    ),
    "by hand, named as in torch": (
        {"weight_hh": W, "weight_ih": B, "bias": b},
        PLAIN,
        VanillaCell(W, B, b, "relu"),
    ),
    "a GRU by hand, named as in torch": (
        {"weight_hh": W3, "weight_ih": B3, "bias": b3},
        {"cell": "reset_before_gru"},
        ResetBeforeGRUCell(W3, B3, b3),
    ),
    "Equinox": ({"weight_hh": W3, "weight_ih": B3, "bias": b3, "bias_n": C}, {}, None),
    "Keras": ({"gru/gru_cell/kernel:0": B3.T, "gru/gru_cell/recurrent_kernel:0": W3.T}, {}, None),
}
CASES["Equinox"] = (*CASES["Equinox"][:2], GRUCell(W3, B3, b3, C))


def keras_order(r_z_n):
    r, z, n = np.split(r_z_n, 3)
    return np.concatenate([z, r, n]).T


recurrent = np.concatenate([np.zeros(2 * D), C])
KERAS = {"kernel": keras_order(B3), "recurrent_kernel": keras_order(W3)}
BIASES = np.stack([keras_order(b3), keras_order(recurrent)])
CASES |= {
    "Keras": ({"gru/gru_cell": KERAS | {"bias": BIASES}}, {}, GRUCell(W3, B3, b3, C)),
    "Keras, numbered outputs": (
        {f"gru/{name}:0": value for name, value in KERAS.items()} | {"gru/bias:0": BIASES[0]},
        {},
        ResetBeforeGRUCell(W3, B3, b3),
    ),
    "Keras, no bias": (KERAS, {"cell": "gru"}, GRUCell(W3, B3, 0 * b3, 0 * C)),
}


@pytest.mark.parametrize("name", CASES)
def test_names_become_the_cell_that_they_describe(name, tmp_path):
    arrays, told, cell = CASES[name]
    assert_same(sp.read_weights(arrays, **told), cell)
    assert_same(sp.as_system(arrays, **told), cell)
    if not any(isinstance(value, dict) or "/" in key for key, value in arrays.items()):
        np.savez(tmp_path / "net.npz", loss=np.array([{}], dtype=object), **arrays)
        assert_same(sp.read_weights(tmp_path / "net.npz", **told), cell)


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name][1]])
def test_what_must_be_told_is_asked_for(name):
    arrays, told, _ = CASES[name]
    for argument in told:
        with pytest.raises(ArgumentError, match=rf"{argument}: got None"):
            sp.read_weights(arrays, **{key: told[key] for key in told if key != argument})


@pytest.mark.parametrize(
    ("arrays", "told", "words"),
    [
        ({"W": W, "B": B.T}, PLAIN, r"do not fit together: W \(4, 4\), B \(3, 4\)"),
        ({"W": W, "b": b[:2]}, PLAIN, r"do not fit together.*b \(2,\)"),
        ({"W": W3, "c": C[:2]}, {"cell": "gru"}, r"do not fit together.*c \(2,\)"),
        ({"W": W}, {"cell": "gru"}, "cell: got 'gru'.*'vanilla', 'leaky'"),
        ({"W": W}, PLAIN | {"phi": "gelu"}, "phi: got 'gelu'"),
        ({"W": W}, LEAKY | {"alpha": [0.1, 0.2]}, r"alpha: got shape \(2,\).*\(4,\)"),
        ({"W": W}, LEAKY | {"alpha": 2.0}, "alpha of LeakyCell"),
        ({"W": W}, PLAIN | {"alpha": 0.1}, "alpha: got 0.1.*leave it out"),
        ({"W": W}, PLAIN | {"regions": {"a": [9]}}, "regions"),
        ({"a": {"W": W}, "b": {"W": W}}, PLAIN, "prefix: got None.*'a'.*'b'"),
        ({"kernel": B3.T, "recurrent_kernel": drawn(2, 2, 3, 3)}, {}, "do not fit together"),
    ],
)
def test_what_does_not_fit_is_named(arrays, told, words):
    with pytest.raises(ArgumentError, match=words):
        sp.read_weights(arrays, **told)


@pytest.mark.parametrize(
    "arrays", [{}, {"a": W, "b": B}, {"weight_hh_l0": W}, {"hf.kernel": W, "if.kernel": B}]
)
def test_unknown_names_are_listed_with_what_to_do(arrays):
    with pytest.raises(UnsupportedModelError, match="no recurrent network is known by") as caught:
        sp.read_weights(arrays)
    for name in arrays:
        assert name in str(caught.value)
    assert "'W': ..." in str(caught.value)


def test_prefixes_may_be_shortened_and_the_outer_one_is_a_prefix_too():
    arrays = {"W": W, "core": {"net": {"W": 2 * W}}}
    cell = VanillaCell(W, np.zeros((D, 0)), np.zeros(D), "relu")
    assert_same(sp.read_weights(arrays, prefix="", **PLAIN), cell)
    for prefix in ("core", "core.", "core.net"):
        assert np.array_equal(sp.read_weights(arrays, prefix=prefix, **PLAIN).dynamics.W, 2 * W)


def test_weights_are_copied():
    arrays = {"W": W.copy()}
    system = sp.read_weights(arrays, **PLAIN)
    arrays["W"][:] = 0
    assert np.array_equal(system.dynamics.W, W)


def test_as_system_checks_the_rest():
    told = {"dt": 0.1, "regions": {"a": [0]}}
    system = sp.as_system({"W": W, "B": B}, D, M, **PLAIN, **told)
    assert (system.dt, list(system.state_regions)) == (0.1, ["a"])
    with pytest.raises(ArgumentError, match="state_size: got 7"):
        sp.as_system({"W": W}, 7, **PLAIN)
    with pytest.raises(ArgumentError, match="kind: VanillaCell tells this itself"):
        sp.as_system({"W": W}, kind="flow", **PLAIN)
    with pytest.raises(ArgumentError, match="cell, phi: VanillaCell tells this itself"):
        sp.as_system(VanillaCell(W, B, b), **PLAIN)


def test_a_mapping_may_hold_itself_but_not_nest_endlessly():
    held = {"W": W}
    held["again"] = [held]
    assert sp.read_weights(held, **PLAIN).state_size == D
    for _ in range(10**4):
        held = {"inner": held}
    with pytest.raises(ArgumentError, match="nests too deeply"):
        sp.read_weights(held, **PLAIN)


@pytest.mark.equinox
@pytest.mark.parametrize("kind", ["GRUCell", "LSTMCell"])
def test_equinox_agrees(kind):
    eqx, jax = pytest.importorskip("equinox"), pytest.importorskip("jax")
    module = getattr(eqx.nn, kind)(M, D, key=jax.random.key(0))
    names = [name for name in ("weight_ih", "weight_hh", "bias", "bias_n") if hasattr(module, name)]
    held = {"cell": {name: getattr(module, name) for name in names}}
    assert_same(sp.read_weights(held), sp.as_system(module).dynamics)


@pytest.mark.flax
@pytest.mark.parametrize("kind", ["SimpleCell", "GRUCell", "LSTMCell", "OptimizedLSTMCell"])
def test_flax_agrees(kind):
    linen, nnx = pytest.importorskip("flax.linen"), pytest.importorskip("flax.nnx")
    import jax
    import jax.numpy as jnp

    told = {"cell": "vanilla", "phi": "tanh"} if kind == "SimpleCell" else {}
    module = getattr(linen, kind)(features=D)
    carry = module.initialize_carry(jax.random.key(0), (1, M))
    variables = module.init(jax.random.key(0), carry, jnp.ones((1, M)))
    system = sp.read_weights(variables, **told)
    assert_same(system, sp.as_system(module, params=variables).dynamics)
    module = getattr(nnx, kind)(M, D, rngs=nnx.Rngs(0))
    system = sp.read_weights(nnx.to_pure_dict(nnx.state(module, nnx.Param)), **told)
    assert_same(system, sp.as_system(module).dynamics)
