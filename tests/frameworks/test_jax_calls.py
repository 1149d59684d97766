"""How modules of JAX's libraries are called: which argument and which result is the state."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
nnx = pytest.importorskip("flax.nnx")
jnp = jax.numpy
pytestmark = [pytest.mark.flax, pytest.mark.equinox]

D = 3
W = np.random.default_rng(0).normal(size=(D, D))


def leaky(h, u):
    return 0.8 * h + 0.2 * np.tanh(h @ W.T + u)


def module(library, call):
    """Return a module of a library whose call is `call(h, u)` with the arguments of its source."""
    names = {"call": call, "W": W, "jnp": jnp}
    exec(f"def __call__(self, {call}", names)
    base = {"equinox": eqx.Module, "nnx": nnx.Module}[library]
    return type("Leaky", (base,), {"__call__": names["__call__"]})()


STEP = "0.8 * {h} + 0.2 * jnp.tanh({h} @ W.T + {u})"
CALLS = {
    "state first": "h, x):\n    return " + STEP.format(h="h", u="x"),
    "input first": "u, h):\n    return " + STEP.format(h="h", u="u"),
    "carry and output": "carry, inputs):\n    h = "
    + STEP.format(h="carry", u="inputs")
    + "\n    return h, h[..., :1]",
}


@pytest.mark.parametrize("library", ["equinox", "nnx"])
@pytest.mark.parametrize("call", CALLS)
def test_names_tell_which_is_the_state(library, call):
    system = sp.as_system(module(library, CALLS[call]), D, D)
    x, u = np.random.default_rng(1).normal(size=(2, 5, D))
    np.testing.assert_allclose(system.step(x, u), leaky(x, u), atol=1e-14)
    assert system.recognised.endswith("recognised: leaky rate network, tanh")
    by_calls = sp.as_system(module(library, CALLS[call]), D, D, recognise=False)
    assert "JAX autodiff" in repr(by_calls)
    np.testing.assert_allclose(by_calls.step(x, u), leaky(x, u), atol=1e-14)


@pytest.mark.parametrize("library", ["equinox", "nnx"])
def test_what_names_do_not_tell_is_refused_with_both_readings(library):
    unnamed = module(library, "a, b):\n    return " + STEP.format(h="a", u="b"))
    with pytest.raises(UnsupportedModelError, match=r"`model\(.*and as `model\(.*\(a, b\)"):
        sp.as_system(unnamed, D, D)


def test_a_cell_of_flax_with_the_arguments_exchanged():
    names = {"W": W, "jnp": jnp}
    exec(
        "def __call__(self, x, h):\n    h = " + STEP.format(h="h", u="x") + "\n    return h, h",
        names,
    )
    cell = type("Own", (nnx.RNNCellBase,), {"__call__": names["__call__"]})()
    x, u = np.random.default_rng(1).normal(size=(2, 5, D))
    np.testing.assert_allclose(sp.as_system(cell, D, D).step(x, u), leaky(x, u), atol=1e-14)


@pytest.mark.parametrize("library", ["equinox", "nnx"])
def test_a_vector_field_is_a_flow(library):
    field = module(library, "t, y, args):\n    return jnp.tanh(y) - y")
    system = sp.as_system(field, D, kind="flow", lefschetz=1)
    x = np.ones((2, D))
    np.testing.assert_allclose(system.step(x), np.tanh(x) - x, atol=1e-15)
    assert (system.kind, system.lefschetz) == ("flow", 1)
    with pytest.raises(ArgumentError, match="kind: got 'map'"):
        sp.as_system(field, D, 0)
    driven = module(library, "t, y, args):\n    return jnp.cos(t) - y")
    with pytest.raises(ArgumentError, match="t: got None"):
        sp.as_system(driven, D, kind="flow")


def test_a_canonical_cell_that_takes_another_step_is_refused(monkeypatch):
    plain = eqx.nn.GRUCell.__call__
    monkeypatch.setattr(eqx.nn.GRUCell, "__call__", lambda self, u, h: 0.5 * plain(self, u, h))
    with pytest.raises(UnsupportedModelError, match=r"a call of this GRUCell takes another step"):
        sp.as_system(eqx.nn.GRUCell(2, D, key=jax.random.key(0)))


def test_facts_of_a_standard_cell_are_its_own():
    with pytest.raises(ArgumentError, match=r"lefschetz: GRUCell tells this itself"):
        sp.as_system(eqx.nn.GRUCell(2, D, key=jax.random.key(0)), lefschetz=1)


class Counting(nnx.Module):
    def __init__(self):
        self.n = nnx.Variable(jnp.zeros(()))

    def __call__(self, h, u):
        self.n[...] = self.n[...] + 1
        return h * (1 + 0.1 * self.n[...]) + u


def test_a_module_that_counts_its_calls_is_refused():
    with pytest.raises(UnsupportedModelError, match="changes variables of its own"):
        sp.as_system(Counting(), D, D)


def test_a_layer_with_a_call_of_its_own_is_not_its_cell():
    class Squashing(nnx.RNN):
        def __call__(self, inputs, **options):
            return super().__call__(jnp.tanh(inputs), **options)

    layer = Squashing(nnx.GRUCell(2, D, rngs=nnx.Rngs(0)))
    with pytest.raises(UnsupportedModelError, match=r"Squashing has a `__call__` of its own"):
        sp.as_system(layer)


# -- draws ----------------------------------------------------------------------------------------

KEY = jax.random.key(0)


def looped(x):
    """Draw in a loop, in a branch, and under a derivative rule of its own."""
    carry = lambda k, y: y + jax.random.normal(jax.random.fold_in(KEY, k), y.shape)  # noqa: E731
    x = jax.lax.fori_loop(0, 3, carry, x)
    x = jax.lax.cond(x.sum() > 0, lambda y: y + jax.random.uniform(KEY, y.shape), lambda y: y, x)
    x, _ = jax.lax.scan(lambda y, k: (y + jax.random.laplace(k), None), x, jax.random.split(KEY, 3))
    return jax.checkpoint(lambda y: y + jax.nn.relu(jax.random.normal(KEY, y.shape)))(x)


DRAWS = {
    "normal": (lambda x: x + jax.random.normal(KEY, x.shape), 0.0),
    "of an old key": (lambda x: x + jax.random.normal(jax.random.PRNGKey(1), x.shape), 0.0),
    "uniform": (lambda x: x + jax.random.uniform(KEY, x.shape, minval=1.0, maxval=2.0), 1.5),
    "exponential": (lambda x: x + jax.random.exponential(KEY, x.shape), 1.0),
    "laplace": (lambda x: x + jax.random.laplace(KEY, x.shape), 0.0),
    "logistic": (lambda x: x + jax.random.logistic(KEY, x.shape), 0.0),
    "gumbel": (lambda x: x + jax.random.gumbel(KEY, x.shape), np.euler_gamma),
    "truncated": (
        lambda x: x + jax.random.truncated_normal(KEY, 0.0, 2.0, x.shape),
        float(scipy.stats.truncnorm(0, 2).mean()),
    ),
    "inside": (looped, 0.5),
}


@pytest.mark.parametrize("is_jitted", [False, True])
@pytest.mark.parametrize("name", DRAWS)
def test_each_draw_has_its_mean(name, is_jitted):
    step, mean = DRAWS[name]
    step = jax.jit(step) if is_jitted else step
    drawn = step(jnp.ones(2))
    system = sp.as_system(step, 2, noise="off", framework="jax")
    assert system.step(np.ones((1, 2))) == pytest.approx(1 + mean)
    np.testing.assert_allclose(system.jacobian(np.ones((1, 2)))[0], np.eye(2), atol=1e-12)
    np.testing.assert_array_equal(step(jnp.ones(2)), drawn)  # what JAX remembers has its noise
    assert not np.allclose(drawn, 1 + mean)
    assert "called as step(x, u), noise off" in repr(system)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("bernoulli", lambda x: jax.random.bernoulli(KEY, 0.9, x.shape) / 0.9),
        ("poisson", lambda x: jax.random.poisson(KEY, 3.0, x.shape)),
        ("randint", lambda x: jax.random.randint(KEY, x.shape, 0, 3)),
        ("gamma", lambda x: jax.random.gamma(KEY, 2.0, x.shape)),
        ("rademacher", lambda x: jax.random.rademacher(KEY, x.shape)),
        ("bits", lambda x: jax.random.bits(KEY, x.shape) / 2**32),
        ("rayleigh", lambda x: jax.random.rayleigh(KEY, 1.0, x.shape)),
    ],
)
def test_draws_without_a_mean_are_refused_by_name(name, draw):
    with pytest.raises(UnsupportedModelError, match=f"noise: the step draws {name}"):
        sp.as_system(lambda x: 0.5 * x + draw(x), 2, noise="off", framework="jax")


def test_a_mask_of_draws_is_refused():
    step = lambda x: jnp.tanh(x) * (jax.random.uniform(KEY, x.shape) < 0.8)  # noqa: E731
    with pytest.raises(UnsupportedModelError, match="makes a mask of numbers that it draws"):
        sp.as_system(step, 2, noise="off", framework="jax")


def test_a_function_that_only_has_the_name_of_a_draw_is_kept():
    @jax.jit
    def _normal(x):
        return 0.5 * x + 1

    assert sp.as_system(_normal, 2, noise="off", framework="jax").step(np.ones((1, 2)))[0, 0] == 1.5
