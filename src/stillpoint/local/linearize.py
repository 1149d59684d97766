"""The verb that linearises a system around any states."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.arrays import to_numpy
from .._core.validation import read_inputs, read_states
from ..system import System, check_system
from .linearization import Linearization, linearize_rows


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
        if inputs is None and system.info == known.system:
            return known
        states, inputs = known.states, known.inputs if inputs is None else inputs
    shape = np.shape(states)[:-1]
    if len(shape) == 2:
        states = np.reshape(to_numpy(states), (-1, np.shape(states)[-1]))
        if np.ndim(inputs) == 3:
            inputs = np.reshape(to_numpy(inputs), (-1, np.shape(inputs)[-1]))
    x = read_states("states", states, system.state_size)
    u = read_inputs("inputs", inputs, len(x), system.input_size)
    return linearize_rows(system, x, u, shape if len(shape) == 2 else ())
