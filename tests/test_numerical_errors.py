"""NumPy's settings for floating-point errors are the caller's: they change no answer.

Every verb sets them for itself, so underflow in a matrix product, or a state that leaves what
float64 holds, is no error of the caller's.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import solvers
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, StackedCell, VanillaCell

_RNG = np.random.default_rng(0)
_D = 3


def _weights(gates: int, scale: float = 3.0) -> dict[str, np.ndarray]:
    return {
        "W": scale * _RNG.standard_normal((gates * _D, _D)),
        "B": np.zeros((gates * _D, 0)),
        "b": scale * _RNG.standard_normal(gates * _D),
    }


_LAYER = VanillaCell(**_weights(1))

#: Networks in which something underflows, overflows, or divides by zero.
SYSTEMS = {
    "relu": sp.as_system(VanillaCell(3 * np.eye(_D), np.zeros((_D, 0)), np.ones(_D), "relu")),
    "steep sigmoid": sp.as_system(VanillaCell(**_weights(1, 500.0), phi="sigmoid")),
    "softplus": sp.as_system(LeakyCell(**_weights(1), alpha=np.full(_D, 1e-3), phi="softplus")),
    "gru": sp.as_system(GRUCell(**_weights(3, 60.0), c=np.zeros(_D))),
    "lstm": sp.as_system(LSTMCell(**_weights(4, 300.0))),
    "stack": sp.as_system(StackedCell([_LAYER, VanillaCell(_LAYER.W, np.eye(_D), _LAYER.b)])),
    "iterate": sp.as_system(_LAYER).iterate(2),
    "function": sp.as_system(lambda x: np.tanh(1e3 * x) * 1e-200, state_size=_D, lefschetz=1),
    "flow": sp.as_system(lambda x: -np.exp(5 * x) + 1, state_size=_D, kind="flow", dt=0.01),
}

#: What is asked of every one of them.
VERBS: dict[str, Callable[[sp.System], Any]] = {
    "find far away": lambda system: sp.find_fixed_points(system, 1e200 * _starts(system)),
    "find with Adam": lambda system: sp.find_fixed_points(
        system, _starts(system), solver=solvers.Adam(), max_steps=20
    ),
    "find all": lambda system: sp.find_all_fixed_points(system, max_starts=16),
    "find slow": lambda system: sp.find_slow_points(system, _starts(system), max_steps=30),
    "sample slow": lambda system: sp.sample_slow_states(
        system, _starts(system)[:2], speed=0.1, max_steps=5
    ),
    "find and certify": lambda system: _certified(
        system, sp.find_fixed_points(system, _starts(system), rounds=1, max_steps=30)
    ),
    "enumerate": lambda system: sp.enumerate_fixed_points(system, budget=100),
    "linearize": lambda system: _linear(sp.linearize(system, _starts(system))),
    "simulate": lambda system: system.simulate(_starts(system), steps=40),
    "step": lambda system: (system.step(1e300 * _starts(system)), system.jacobian(_starts(system))),
    "sample": lambda system: sp.sample_states(_starts(system), 4, noise=1e308),
    "components": lambda system: sp.fit_pca(1e200 * _starts(system)),
    "follow": lambda system: _tried(
        lambda: sp.follow_slow_manifold(system, _starts(system), max_steps=10)
    ),
}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.filterwarnings("ignore::stillpoint.StillpointWarning")
def test_errors_of_numpy_that_are_raised_change_no_answer(verb, name):
    plain = _told(VERBS[verb](SYSTEMS[name]))
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        strict = VERBS[verb](SYSTEMS[name])
        settings = np.geterr()
    assert set(settings.values()) == {"raise"}
    assert _told(strict) == plain


def _starts(system: sp.System) -> np.ndarray:
    return 3 * np.random.default_rng(1).standard_normal((12, system.state_size))


def _linear(lin: sp.Linearization) -> list[Any]:
    """Return what is computed where it is asked for, which is under the caller's settings too."""
    names = ("eigenvalues", "left", "time_constants", "frequencies", "index", "motion_condition")
    return [lin, *(getattr(lin, name) for name in (*names, "non_normality", "n_unstable"))]


def _certified(system: sp.System, points: sp.FixedPoints) -> list[Any]:
    return [points.census(), sp.certify(system, points, estimates=True)]


def _tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except sp.ArgumentError as error:
        return str(error)


def _told(answer: Any) -> Any:
    """Return an answer bit for bit, without what depends on the time."""
    if isinstance(answer, np.ndarray):
        return answer.dtype.str, answer.shape, answer.tobytes()
    if isinstance(answer, list | tuple):
        return [_told(member) for member in answer]
    if dataclasses.is_dataclass(answer):
        fields = (f.name for f in dataclasses.fields(answer) if f.name != "provenance")
        return [(name, _told(getattr(answer, name))) for name in fields]
    return repr(answer)
