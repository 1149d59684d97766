"""Which recurrent networks the names in a file describe, and the one that is meant."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError, UnsupportedModelError, came
from .layouts import LAYOUTS, Layout
from .stored import Stored

#: What torch's modules call their weights, those that pruning and normalisation compute, too.
_OF_TORCH = re.compile(r"(parametrizations\.)?(weight|bias)_(ih|hh|hr)(_l\d+)?((_|\.)\w+)?$")

#: So many networks, or arrays, are listed in a message.
_LISTED = 8


@dataclass(frozen=True)
class Network:
    """The names of a network's weights.

    Attributes
    ----------
    prefix
        What stands in front of all of them, without the dot.
    layout
        What the weights of a layer are called.
    layers
        For each layer, bottom first: the full names by those of the layout.
    problem
        Why it has no step that is known; empty where it may have one.
    """

    prefix: str
    layout: Layout
    layers: Sequence[Mapping[str, str]]
    problem: str

    @property
    def shown(self) -> str:
        """The name of its recurrent weights, for messages."""
        return self.layers[0][self.layout.required[0]]


def find_networks(stored: Stored) -> list[Network]:
    """Return the networks whose weights are all there, in the order of the file.

    Examples
    --------
    >>> names = dict.fromkeys(("rnn.weight_ih_l0", "rnn.weight_hh_l0", "readout.weight"))
    >>> [network.prefix for network in find_networks(Stored(names))]
    ['rnn']
    """
    return [
        Network(prefix, layout, layers, _problem(stored, prefix, layers))
        for name in stored.arrays
        for layout in LAYOUTS
        if (prefix := _prefix(name, layout)) is not None
        and (layers := list(_layers(stored.arrays, prefix, layout)))
    ]


def _prefix(name: str, layout: Layout) -> str | None:
    """Return what stands before the recurrent weights of a first layer, None if it is no such."""
    first = layout.required[0] + "_l0" * layout.numbered
    path, _, _ = f".{name}".rpartition(f".{first}")
    return path.removeprefix(".") if f".{name}" == f"{path}.{first}" else None


def _layers(arrays: Mapping[str, Any], prefix: str, layout: Layout) -> Iterator[Mapping[str, str]]:
    start = f"{prefix}." if prefix else ""
    for number in itertools.count() if layout.numbered else [0]:
        end = f"_l{number}" if layout.numbered else ""
        full = {name: f"{start}{name}{end}" for name in (*layout.required, *layout.optional)}
        if not all(full[name] in arrays for name in layout.required):
            return
        yield {name: place for name, place in full.items() if place in arrays}


def _problem(stored: Stored, prefix: str, layers: Sequence[Mapping[str, str]]) -> str:
    """Return why a network has no step that is known, as far as names and file tell."""
    read = {name for layer in layers for name in layer.values()}
    start = f"{prefix}." if prefix else ""
    own = [name.removeprefix(start) for name in stored.arrays if name.startswith(start)]
    others = [name for name in own if _OF_TORCH.match(name) and f"{start}{name}" not in read]
    if any(name.endswith("_reverse") for name in others):
        return "it reads its inputs from both ends (bidirectional), so it has no fixed points"
    if others:
        return f"beside {others[0]} it lacks weights, or it computes them at each call"
    return stored.refused.get(prefix, "")


def choose(networks: Sequence[Network], prefix: str | None, arrays: Mapping[str, Any]) -> Network:
    """Return the network that a prefix means, or the only one.

    Raises
    ------
    UnsupportedModelError
        If there is no network, with the names that there are, or none with a step that is known.
    ArgumentError
        If there are several, with their prefixes, or none of this prefix.
    """
    if not networks:
        raise UnsupportedModelError(
            f"weights: no recurrent network is known by the names {_shapes(arrays)}. Pass the "
            f"weights by the names of a cell, with rows = to, for example "
            f"sp.read_weights({{'W': ..., 'B': ..., 'b': ...}}, cell='vanilla', phi='tanh')."
        )
    meant = [network for network in networks if _is_meant(network, prefix)]
    read = [network for network in meant if not network.problem]
    if meant and not read:
        raise UnsupportedModelError(f"weights: {meant[0].shown} is not read: {meant[0].problem}.")
    exact = [network for network in read if network.prefix == prefix]
    for candidates in (read, exact):
        if len(candidates) == 1:
            return candidates[0]
    raise ArgumentError(
        f"prefix: got {came(prefix)}, but there are {len(networks)} recurrent networks in the "
        f"weights; pass one of {_prefixes(networks, arrays)}."
    )


def _is_meant(network: Network, prefix: str | None) -> bool:
    return prefix is None or f"{network.prefix}.".startswith(f"{prefix.rstrip('.')}.".lstrip("."))


def _prefixes(networks: Sequence[Network], arrays: Mapping[str, Any]) -> str:
    listed = [
        f"{network.prefix!r} ({network.layout.required[0]} of shape "
        f"{tuple(arrays[network.shown].shape)})"
        for network in networks[:_LISTED]
    ]
    return ", ".join(listed) + ", ..." * (len(networks) > _LISTED)


def _shapes(arrays: Mapping[str, Any]) -> str:
    listed = [f"{name[:80]} {tuple(arrays[name].shape)}" for name in list(arrays)[:_LISTED]]
    return (", ".join(listed) + ", ..." * (len(arrays) > _LISTED)) or "(none)"
