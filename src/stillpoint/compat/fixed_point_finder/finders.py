"""FixedPointFinderTorch and FixedPointFinderTF: one search, two ways to hand over a network."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_flag, check_kind, read_inputs, read_states
from ...as_system import as_system
from ...errors import ArgumentError
from ...frameworks.base import adapter_of_model
from ...local import linearize
from ...system import System
from ..shared import ArrayFinder, FixedPointArrays, SearchSettings, raises_as_before
from ..shared.models import next_state, read_directly
from .fixed_points import FixedPoints
from .settings import TFHyperparameters


@raises_as_before
class _FixedPointFinder(ArrayFinder):
    """What the two finders do alike."""

    container: ClassVar[type[FixedPointArrays]] = FixedPoints

    def sample_states(
        self, state_traj: Any, n_inits: int, valid_bxt: Any = None, noise_scale: float = 0.0
    ) -> Float[np.ndarray, "n d"]:
        """Draw states from trajectories (trials, time, d), with Gaussian noise.

        Those of an LSTM may be a pair (h, c).
        `valid_bxt` is a mask, shape (trials, time), of the states that may be drawn.
        """
        return self._sample(state_traj, n_inits, noise_scale, valid_bxt)

    def sample_inputs_and_states(
        self,
        inputs: Any,
        state_traj: Any,
        n_inits: int,
        valid_bxt: Any = None,
        noise_scale: float = 0.0,
    ) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n d"]]:
        """Draw pairs of inputs (trials, time, m) and states; only states get noise."""
        if inputs is None:
            raise ArgumentError("inputs: got None, but those of the trajectories are wanted.")
        states, drawn = self._sample(state_traj, n_inits, noise_scale, valid_bxt, inputs)
        return drawn, states

    def find_fixed_points(
        self, initial_states: Any, inputs: Any, cond_ids: Any = None
    ) -> tuple[FixedPoints, FixedPoints]:
        """Search for states that stand still under constant input.

        Parameters
        ----------
        initial_states
            Shape (n, d); of an LSTM also a pair (h, c).
        inputs
            One input, shape (1, m) or (m,), or one for each state, (n, m).
        cond_ids
            A number of the condition for each state, shape (n,), kept with its point.

        Returns
        -------
        unique_fps, all_fps
            The distinct points that converged, and the end of every start; see `Finder`.
        """
        return self._find(initial_states, inputs, cond_ids)

    def approximate_updates(
        self,
        states: Any,
        inputs: Any,
        fps: FixedPointArrays,
        do_compute_exact_update: bool = True,
    ) -> Float[np.ndarray, "k n d"] | tuple[Float[np.ndarray, "k n d"], Float[np.ndarray, "n d"]]:
        """Return first-order predictions of the next states, around each of some fixed points.

        Parameters
        ----------
        states
            Shape (n, d).
        inputs
            Shape (n, m), or (1, m) or (m,) for all of them.
        fps
            k fixed points, with their inputs.
        do_compute_exact_update
            Whether the network's own next states are returned too.

        Returns
        -------
        predictions, shape (k, n, d), or a pair of them and the next states, shape (n, d)
        """
        check_flag("do_compute_exact_update", do_compute_exact_update)
        check_kind("fps", fps, FixedPointArrays, "a container of fixed points")
        if fps.xstar is None or fps.inputs is None:
            raise ArgumentError("fps: points and inputs are needed to linearise there.")
        system = self._read_model(fps.xstar.shape[1], fps.inputs.shape[1])
        x = read_states("states", states, system.state_size)
        u = read_inputs("inputs", inputs, len(x), system.input_size)
        lin = linearize(system, fps.xstar, fps.inputs)
        predicted = lin.predict(x[:, None, :] - lin.states, u[:, None, :] - lin.inputs)
        predicted = np.swapaxes(predicted, 0, 1)
        return (predicted, system.step(x, u)) if do_compute_exact_update else predicted

    def _read_model(self, state_size: int, input_size: int) -> System:
        model = self.model
        if (system := read_directly(model)) is not None:
            return system
        if adapter_of_model(model) is None and callable(model):
            return as_system(lambda x, u: next_state(model, u, x), state_size, input_size)
        try:
            return as_system(model)
        except ArgumentError:  # it does not tell its sizes
            return as_system(model, state_size, input_size)


@raises_as_before
class FixedPointFinderTorch(_FixedPointFinder):
    """Fixed points of a torch network.

    Parameters
    ----------
    rnn
        An `nn.RNN`, `nn.GRU`, `nn.LSTM` or one of their cells (the state of an LSTM is [h, c]); a
        module or function with `output, h_next = rnn(input, h)`; or whatever has become a System
        by `stillpoint.as_system`. It is only read.
    solver, **settings
        "newton" or "adam", and fields of `hyperparameters`; see `Finder`.

    Examples
    --------
    >>> import numpy as np
    >>> twice = lambda inputs, h: (None, np.tanh(2 * h + inputs))
    >>> fpf = FixedPointFinderTorch(twice, verbose=False)
    >>> unique_fps, all_fps = fpf.find_fixed_points(np.array([[-1.0], [0.0], [2.0]]), [[0.0]])
    >>> unique_fps, len(all_fps)
    (3 fixed points: 2 stable, 1 with 1 unstable direction, 3)
    """

    positional = ("lr_init", "lr_patience", "lr_factor", "lr_cooldown")

    def __init__(self, rnn: Any, *settings: Any, solver: str = "newton", **named: Any) -> None:
        super().__init__(rnn, solver, *settings, **named)


@raises_as_before
class FixedPointFinderTF(_FixedPointFinder):
    """Fixed points of a Keras cell or a TensorFlow function.

    Parameters
    ----------
    rnn_cell
        A Keras cell, a function with `output, h_next = rnn_cell(input, h)`, or whatever has become
        a System by `stillpoint.as_system`. It is only read.
    sess
        Must be left out, as sessions ended with TensorFlow 1.
    solver, **settings
        As of `FixedPointFinderTorch`; Adam takes its constants from `adam_hps`.

    Raises
    ------
    ArgumentError
        If a session is given, or a setting or the solver is unknown.
    """

    hyperparameters: ClassVar[type[SearchSettings]] = TFHyperparameters

    def __init__(
        self, rnn_cell: Any, sess: Any = None, *, solver: str = "newton", **settings: Any
    ) -> None:
        if sess is not None:
            raise ArgumentError(
                f"sess: got {type(sess).__name__}, but networks that live in a TensorFlow 1 "
                f"session are not read. Evaluate the weights, sess.run(variables), put them into "
                f"a Keras cell or into a cell of stillpoint.cells, and pass "
                f"FixedPointFinderTF(cell)."
            )
        super().__init__(rnn_cell, solver, **settings)
