"""mFixedPointFinder: mRNNTorch's search by its names, done by `find_fixed_points`."""

from __future__ import annotations

import numpy as np
import torch

from ..._core.validation import check_flag
from ...errors import warn
from ..rnntoolkit import FixedPointCollection, FixedPointFinderBase
from ..shared import raises_as_before
from .regional import in_order
from .system import is_leaky, n_channels, read_network

Tensor = torch.Tensor


# Activations that take every value once.
_INJECTIVE = {"tanh", "sigmoid", "softplus", "linear"}


@raises_as_before
class mFixedPointFinder(FixedPointFinderBase):  # noqa: N801
    """Fixed points of a multi-region network, or of some regions with the others held.

    Parameters
    ----------
    rnn
        An `mRNN`, `ElmanmRNN`, `MultiRegionRNN`, or an mRNNTorch object. It is only read.
    *settings, solver, **named
        "newton" or "adam", and fields of `Hyperparameters`; see `Finder`.
    """

    def find_fixed_points(
        self,
        initial_states: Tensor,
        ext_inputs: Tensor,
        *regions: str,
        optimize_h: bool = False,
        stim_inp: Tensor | None = None,
        W_rec: Tensor | None = None,
        n_rounds_q_opt: int = 1,
    ) -> tuple[FixedPointCollection, FixedPointCollection]:
        """Search for states that stand still under constant input.

        Parameters
        ----------
        initial_states
            Whole states, x of leaky and h of Elman networks; leading dimensions are flattened.
        ext_inputs
            One input, shape (m,) or (1, m), or one for each state, (n, m).
        *regions
            The regions that move; the others are held at each start's own values.
        optimize_h
            Whether a leaky network is searched where h stands still. Only states whose x stands
            still too are among the unique points.
        stim_inp
            A stimulus, shape (d,), (1, d) or (n, d).
        W_rec
            Effective recurrent weights to use instead of the network's own.
        n_rounds_q_opt
            How often q outliers are searched again, where that is asked for.

        Returns
        -------
        unique, all
            The distinct points that converged, and the end of every start; see `Finder`.
        """
        whole = read_network(self.rnn, W_rec)
        chosen = in_order(whole.state_regions, regions)
        part = whole.restrict(*chosen) if 0 < len(chosen) < len(whole.state_regions) else whole
        phi = whole.dynamics.phi  # type: ignore[attr-defined]
        if check_flag("optimize_h", optimize_h) and not is_leaky(self.rnn):
            warn("optimize_h has no effect: the state of an Elman network is h already.")
        elif optimize_h and phi not in _INJECTIVE:  # else h stands still where x does
            part = part.observe(phi)
        d = whole.state_size
        stimulus = np.zeros(d) if stim_inp is None else stim_inp
        inputs = ("ext_inputs", ext_inputs, n_channels(whole)), ("stim_inp", stimulus, d)
        return self._searched(whole, initial_states, inputs, n_rounds_q_opt, part)


class emFixedPointFinder(mFixedPointFinder):  # noqa: N801
    """The same for Elman networks."""
