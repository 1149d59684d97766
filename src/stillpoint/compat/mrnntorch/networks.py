"""mRNN and ElmanmRNN: networks of regions by mRNNTorch's names."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.validation import check_sequence
from ...errors import ArgumentError
from ...models.running import check_shape, check_tensor
from ...system import System
from .assembly import Assembly, in_order

Tensor = torch.Tensor


def _of_the_network(name: str, doc: str) -> Any:
    """Return a property: an attribute of the final network, by another name."""
    return property(lambda self: getattr(self._final, name), doc=doc)


class mRNN(Assembly):  # noqa: N801
    """A leaky multi-region network under mRNNTorch's names; a `MultiRegionRNN` does the work.

    Parameters
    ----------
    config
        Path of a JSON file with regions and connections, or None to add them by hand.
    activation
        relu, tanh, sigmoid, softplus or linear.
    noise_level_act, noise_level_inp
        Standard deviations of the noise on states and inputs.
    rec_constrained, inp_constrained
        Whether Dale's law holds for recurrent and input weights.
    batch_first
        Whether sequences are (trials, time, units).
    spectral_radius
        What the recurrent weights are scaled to.
    config_finalize
        Whether the connectivity is final once the config is read.
    device
        Where the weights are.
    dt, tau
        Step and time constant.

    Examples
    --------
    >>> rnn = mRNN(activation="tanh", inp_constrained=False)
    >>> rnn.add_recurrent_region("exc", 4, "pos")
    >>> rnn.add_input_region("inp", 1)
    >>> rnn.add_recurrent_connection("exc", "exc")
    >>> rnn.add_input_connection("inp", "exc")
    >>> rnn.finalize_connectivity()
    >>> rnn.W_rec.shape
    torch.Size([4, 4])
    """

    form: ClassVar[str] = "leaky"

    W_rec = _of_the_network("W_rec", "Raw recurrent weights, before mask and signs.")
    W_rec_mask = _of_the_network("W_rec_mask", "Ones where recurrent weights exist.")
    W_rec_sign_matrix = _of_the_network("W_rec_sign_matrix", "Signs of recurrent weights.")
    W_inp = _of_the_network("W_inp", "Raw input weights, before mask and signs.")
    W_inp_mask = _of_the_network("W_inp_mask", "Ones where input weights exist.")
    W_inp_sign_matrix = _of_the_network("W_inp_sign_matrix", "Signs of input weights.")
    tonic_inp = _of_the_network("b", "The tonic input of every unit.")
    initial_condition = _of_the_network("init", "The initial state of every unit.")
    alpha = _of_the_network("alpha", "dt / tau.")

    # -- regions ------------------------------------------------------------------------------

    def get_region_indices(self, region: str) -> tuple[int, int]:
        """Return the first index of a region and one past its last."""
        inputs = self._final.connectome.input_channels
        is_input = isinstance(region, str) and region in inputs.names
        regions = inputs if is_input else self._final.regions
        indices = regions.indices(region)
        if (np.diff(indices) != 1).any():
            raise ArgumentError(
                f"region: the units of {region!r} are not next to each other, so no pair of "
                f"indices spans them; use get_region_activity, or name its regions."
            )
        return int(indices[0]), int(indices[-1]) + 1

    def get_region_activity(self, act: Tensor, *regions: str) -> Tensor:
        """Return the activity of regions or parents, in the order given; of all by default."""
        return self._final.activity(act, *regions) if regions else act

    def get_weight_subset(self, *regions: str, W: Tensor | None = None) -> Tensor:
        """Return the effective weights among regions, in the order of the model."""
        check_shape("W", W, (self.total_num_units, self.total_num_units), self._final.W_rec)
        weights = self._final.W if W is None else W
        rows = torch.as_tensor(self._final.indices(*self.ensure_order(*regions)))
        return weights[rows][:, rows] if regions else weights

    def get_projection(self, to: str, from_: str) -> Tensor:
        """Return the effective weights from a region (or input region) to a region."""
        return self._final.weights_between(to=to, source=from_)

    def get_excluded_hid_regions(self, *regions: str) -> list[str]:
        """Return the recurrent regions that are not given."""
        given = self.ensure_order(*regions)
        return [name for name in self.region_dict if name not in given]

    def ensure_order(self, *regions: str) -> tuple[str, ...]:
        """Return regions, parents expanded, in the order of the model."""
        return tuple(in_order(self._final.regions, regions))

    def combine_states(
        self,
        states_a: Tensor,
        states_b: Tensor,
        region_list_a: list[str],
        region_list_b: list[str],
    ) -> Tensor:
        """Return whole states from those of two disjoint lists of regions that cover the model."""
        widths = []
        for name, states in (("states_a", states_a), ("states_b", states_b)):
            check_tensor(name, states, states_a if isinstance(states_a, Tensor) else self.W_rec)
            widths.append(states.shape[-1] if states.ndim else 0)
        for name, listed in (("region_list_a", region_list_a), ("region_list_b", region_list_b)):
            check_sequence(name, listed, str, "a list of regions")
        sizes = [len(self._final.indices(*names)) for names in (region_list_a, region_list_b)]
        if sizes != widths or states_a.shape[:-1] != states_b.shape[:-1]:
            raise ArgumentError(
                f"states_a, states_b: got shapes {tuple(states_a.shape)} and "
                f"{tuple(states_b.shape)}, but (..., {sizes[0]}) and (..., {sizes[1]}) are wanted."
            )
        joined = torch.cat([states_a, states_b], dim=-1)
        order = torch.as_tensor(self._final.indices(*region_list_a, *region_list_b)).argsort()
        if len(order) != self.total_num_units:
            raise ArgumentError(
                f"region lists: they cover {len(order)} of {self.total_num_units} units; name "
                f"every region once: {', '.join(self.region_dict)}."
            )
        return joined[..., order]

    def __stillpoint_system__(self) -> System:
        return self._final.system()

    # -- running ------------------------------------------------------------------------------

    def forward(
        self,
        inp: Tensor,
        x0: Tensor,
        h0: Tensor | None = None,
        stim_input: Tensor | None = None,
        noise: bool = False,
        W_rec: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the sequences of x and h."""
        return self._final(inp, x0, h0, stimulus=stim_input, weights=W_rec, noisy=noise)


class ElmanmRNN(mRNN):
    """The Elman form under mRNNTorch's names: the state is h itself."""

    form: ClassVar[str] = "elman"

    def forward(  # type: ignore[override]
        self,
        inp: Tensor,
        h0: Tensor,
        stim_input: Tensor | None = None,
        noise: bool = False,
        W_rec: Tensor | None = None,
    ) -> Tensor:
        """Return the sequence of h."""
        return self._final(inp, h0, stimulus=stim_input, weights=W_rec, noisy=noise)[1]
