"""How many responses a driven network has: counted where theory says."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError

MEMORY = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
#: Held input beyond which one of the two memories is gone: the fold of x = tanh(2 x + b).
FOLD = 0.532839975354


@pytest.mark.parametrize("distance", [1e-3, 1e-2, 0.1])
def test_a_held_input_leaves_one_memory_beyond_the_fold(distance):
    found = sp.echo_index(MEMORY, np.ones((2000, 1)), [FOLD - distance, FOLD + distance])
    assert found.index.tolist() == [2, 1]
    assert found.open_share.tolist() == [0, 0]
    assert found.threshold == (FOLD - distance, FOLD + distance)


def test_units_that_do_not_meet_multiply_their_responses():
    cubes = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=3, input_size=3)
    wave = 0.2 * np.cos(np.arange(300.0))[:, None] * np.ones(3)
    found = sp.echo_index(cubes, wave, [1.0, 30.0])
    assert found.index.tolist() == [8, 1]
    assert "between 1 and 30" in found.verdict


def test_the_conditional_exponent_of_a_linear_network():
    linear = sp.as_system(lambda x, u: 0.9 * x + u, state_size=1, input_size=1)
    found = sp.echo_index(linear, np.cos(np.arange(200.0))[:, None])
    assert found.index.tolist() == [1]
    assert found.exponent[0] == pytest.approx(np.log(0.9), rel=1e-6)
    assert found.threshold == (-np.inf, 1.0)


def test_chaos_has_no_response():
    rng = np.random.default_rng(1)
    W = 0.3 * rng.standard_normal((50, 50))
    wild = sp.as_system(lambda x, u: np.tanh(x @ W.T + u), state_size=50, input_size=1)
    found = sp.echo_index(wild, 0.1 * rng.standard_normal((400, 1)), n_starts=16)
    assert found.open_share[0] == 1.0
    assert found.index[0] == 0
    assert found.threshold is None


def test_a_file_keeps_it(tmp_path):
    found = sp.echo_index(MEMORY, np.ones((50, 1)), [0.1, 1.0], n_starts=8)
    assert repr(sp.load(found.save(tmp_path / "echo.nc"))) == repr(found)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("inputs", {"inputs": np.zeros((5, 2))}),
        ("inputs", {"inputs": np.zeros((1, 1))}),
        ("amplitudes", {"amplitudes": []}),
        ("starts", {"starts": np.zeros((3, 2))}),
        ("n_starts", {"n_starts": 1}),
    ],
)
def test_what_does_not_fit_is_refused(name, options):
    with pytest.raises(ArgumentError, match=f"^{name}: "):
        sp.echo_index(MEMORY, **{"inputs": np.ones((5, 1)), **options})
