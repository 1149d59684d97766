"""What the configuration of a Keras model tells of its layers; nothing of it is built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..cells import ACTIVATIONS
from .stored import Told

_PLAIN = ("SimpleRNN", "SimpleRNNCell")
_GATED = ("GRU", "GRUCell", "LSTM", "LSTMCell")


def read_config(config: Any, prefixes: Iterable[str]) -> tuple[dict[str, Told], dict[str, str]]:
    """Return what a configuration tells of networks, and why some are not read, by their prefixes.

    A prefix is the names of the layers around some weights, outermost first.

    Examples
    --------
    >>> layer = {"class_name": "SimpleRNN", "config": {"name": "rnn", "activation": "relu"}}
    >>> told, refused = read_config({"layers": [layer]}, ["rnn.cell"])
    >>> told["rnn.cell"].phi
    'relu'
    """
    known = {layer["config"]["name"]: layer for layer in _layers(config)}
    told, refused = {}, {}
    for prefix in prefixes:
        around = [known[part] for part in prefix.split(".") if part in known]
        cells = [layer for layer in around if layer["class_name"] in _PLAIN + _GATED]
        if cells:
            told[prefix] = _told(cells[0]["class_name"], cells[0]["config"])
        if problems := [problem for layer in around if (problem := _problem(layer))]:
            refused[prefix] = problems[0]
    return told, refused


def _layers(config: Any) -> Iterator[Mapping[str, Any]]:
    """Yield all layers in a configuration, inner ones too."""
    if isinstance(config, Mapping):
        inner = config.get("config")
        if "class_name" in config and isinstance(inner, Mapping) and "name" in inner:
            yield config
    parts = config.values() if isinstance(config, Mapping) else config
    for part in parts if isinstance(config, Mapping | list) else []:
        yield from _layers(part)


def _problem(layer: Mapping[str, Any]) -> str:
    """Return why a layer has no step that is known; empty where it may have one."""
    kind, config = layer["class_name"], layer["config"]
    is_own = kind in _PLAIN + _GATED and layer.get("registered_name") is None
    if not is_own and "recurrent_initializer" in config:
        return f"its class, {kind}, is not one of Keras' own, and may compute something else"
    if kind == "Bidirectional":
        return "it reads its inputs from both ends (Bidirectional), so it has no fixed points"
    if config.get("go_backwards"):
        return "it reads its inputs from the last to the first (go_backwards)"
    gates = config.get("recurrent_activation", "sigmoid"), config.get("activation")
    if kind in _GATED and gates != ("sigmoid", "tanh"):
        return f"its activations are {gates[0]!r} and {gates[1]!r}, not 'sigmoid' and 'tanh'"
    if kind in _PLAIN and gates[1] not in ACTIVATIONS:
        return f"its activation is {gates[1]!r}, which is none of {', '.join(ACTIVATIONS)}"
    return ""


def _told(kind: str, config: Mapping[str, Any]) -> Told:
    if kind in _PLAIN:
        return Told("vanilla", config["activation"])
    if kind.startswith("LSTM"):
        return Told("lstm")
    return Told("gru" if config.get("reset_after", False) else "reset_before_gru")
