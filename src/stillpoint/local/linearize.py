"""The verb that linearises a system around any states."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from .._core.validation import read_floats, read_inputs, read_states, shape_of
from ..system import System, check_system
from .linearization import Linearization, linearize_rows

# Differences are taken more finely for states that are smaller than this.
_SMALL = 1e-2


@np.errstate(all="ignore")
def linearize(system: System, states: Any, inputs: Any = None) -> Linearization:
    """Linearise a system around states.

    Parameters
    ----------
    system
        A map or a flow.
    states
        Shape (n, d), or trajectories (trials, time, d), whose states are taken trial after trial
        (`unflatten` gives results that shape again), or the points of a search, which bring their
        inputs. Fixed points under their own inputs contain their linearisation; that is returned.
    inputs
        Laid out like the states, or (m,) for all of them.

    Raises
    ------
    ArgumentError
        If shapes do not fit the system.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
    >>> sp.linearize(system, np.zeros((1, 1))).eigenvalues.real.round(6)
    array([[2.]])
    """
    check_system(system)
    known = getattr(states, "linearization", None)
    if isinstance(known, Linearization):
        if inputs is None and system.info == known.system and known.leading is None:
            return known
        states, inputs = known.states, known.inputs if inputs is None else inputs
    *shape, d = shape_of(states) or (0,)
    if len(shape) == 2:
        states = read_floats("states", states).reshape(math.prod(shape), d)
        if len(wide := shape_of(inputs)) == 3:
            inputs = read_floats("inputs", inputs).reshape(math.prod(wide[:2]), wide[2])
    x = read_states("states", states, system.state_size)
    u = read_inputs("inputs", inputs, len(x), system.input_size)
    size = np.abs(x).max(axis=0, initial=0.0)
    fine = np.where((size > 0) & (size < _SMALL), size, 1.0)
    system = replace(system, dynamics=system.dynamics.for_states_of_size(fine))
    return linearize_rows(system, x, u, tuple(shape) if len(shape) == 2 else ())
