"""The verb: weights, from a file or by their names, become a `System`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._core.files import read_path
from .._core.validation import check_kind, check_option
from ..dynamics import Regions
from ..errors import ArgumentError, came
from ..system import System
from .arrays import read_array
from .cells import FORMULAS, make_cells
from .files import read_file
from .networks import choose, find_networks
from .stored import Stored, Told, flatten


def is_weights(model: Any) -> bool:
    """Whether `model` is weights without a module: a path, or a mapping of names to arrays."""
    return isinstance(model, str | os.PathLike | Mapping)


@np.errstate(all="ignore")
def read_weights(
    weights: str | os.PathLike[str] | Mapping[str, Any],
    *,
    cell: str | None = None,
    phi: str | None = None,
    alpha: Any = None,
    prefix: str | None = None,
    dt: float | None = None,
    regions: Mapping[str, Sequence[int]] | None = None,
) -> System:
    """Return a network as a `System` from its weights alone; `as_system` does the same of paths.

    Nothing that a file holds is run. Weights are found by their names: those of torch's and
    Equinox's recurrent modules, of Keras' and Flax's cells; two linear layers `h2h` and
    `input2h` (or `i2h`, `x2h`, `in2h`); and W, B, b, c, P, those of `stillpoint.cells`. Whatever
    stands in front of them is a prefix.

    Parameters
    ----------
    weights
        One of

        * a checkpoint of torch: a state dict, or anything that holds one or more;
        * an `.npz` or `.safetensors` file;
        * a `.keras` file, or an `.h5` file that Keras wrote;
        * a mapping of names to arrays of any library, nested or not.
    cell
        What is computed, where the names do not tell: "vanilla" for h' = phi(W h + B u + b),
        "leaky" for x' = (1 - alpha) x + alpha (W phi(x) + B u + b), "leaky_rate" for
        h' = (1 - alpha) h + alpha phi(W h + B u + b), "gru", "reset_before_gru" or "lstm", with
        gates stacked as in these cells.
    phi
        The activation of a vanilla or leaky cell, which only whole models of Keras tell.
    alpha
        dt / tau of a leaky cell, a number in (0, 1] or one for each unit, shape (d,).
    prefix
        Which network, where there are several: the beginning of its weights' names.
    dt
        Duration of one step, to turn eigenvalues into time constants.
    regions
        Names for groups of units: indices by name.

    Returns
    -------
    System
        The network, in float64, on NumPy arrays. A state of an LSTM is [h, c], layers follow each
        other, bottom first.

    Raises
    ------
    ArgumentError
        If something must be told and is not, or does not fit; if there are several networks.
    UnsupportedModelError
        If no network is found, if it is not one step that is known, or if the file is a program.
    FileFormatError
        If the file is damaged, or of no format that is read.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> W, B = np.array([[0.0, 2.0], [2.0, 0.0]]), np.ones((2, 1))
    >>> sp.read_weights({"h2h.weight": W, "i2h.weight": B}, cell="vanilla", phi="tanh")
    System(map, 2 states, 1 input; closed form)
    """
    if cell is not None:
        check_option("cell", cell, FORMULAS)
    if prefix is not None:
        check_kind("prefix", prefix, str, "the beginning of the weights' names")
    stored = _stored(weights)
    network = choose(find_networks(stored), prefix, stored.arrays)
    layers = [
        {name: read_array(place, stored.arrays[place]) for name, place in layer.items()}
        for layer in network.layers
    ]
    told = _told(stored.told.get(network.prefix, Told()), Told(cell, phi, alpha))
    dynamics = make_cells(network.shown, network.layout, layers, told)
    named = None if regions is None else Regions(dynamics.state_size, regions)
    return System.of(dynamics, dt=dt, state_regions=named)


def _stored(weights: Any) -> Stored:
    if not isinstance(weights, Mapping):
        return read_file(read_path("weights", weights))
    try:
        return Stored(flatten(weights))
    except RecursionError:
        raise ArgumentError("weights: the mapping nests too deeply; pass its arrays.") from None


def _told(by_file: Told, by_caller: Told) -> Told:
    """Return what is known beside the weights; the two must not contradict each other."""
    for name, here, there in zip(Told._fields, by_file, by_caller, strict=True):
        if here is not None and there is not None and here != there:
            raise ArgumentError(
                f"{name}: got {came(there)}, but the file says {here!r}; leave it out."
            )
    known = {name: value for name, value in by_file._asdict().items() if value is not None}
    return by_caller._replace(**known)
