"""A config of regions is read whole, or refused in words, whatever stands in the file."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from stillpoint import ArgumentError  # noqa: E402
from stillpoint.models import Connectome, MultiRegionRNN  # noqa: E402

pytestmark = pytest.mark.torch

CONFIG: dict[str, Any] = {
    "recurrent_regions": [
        {"name": "exc", "num_units": 3, "parent_region": "both", "base_firing": 0.1},
        {"name": "inh", "num_units": 2, "sign": "neg", "learnable_bias": True},
    ],
    "input_regions": [{"name": "in", "num_units": 1}],
    "recurrent_connections": [{"src_region": "exc", "dst_region": "inh", "sparsity": 0.5}],
    "input_connections": [{"src_region": "in", "dst_region": "both"}],
}

#: What JSON can hold where something else belongs.
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    2.5,
    2**70,
    10**7,
    "",
    "exc",
    [],
    [[]],
    {},
    {"name": 1},
    1e308,
]


def places(nest: Any, path: tuple = ()) -> list[tuple]:
    """Return the way to every value of a nest."""
    if not isinstance(nest, dict | list):
        return [path]
    members = nest.items() if isinstance(nest, dict) else enumerate(nest)
    return [path, *(place for key, child in members for place in places(child, (*path, key)))]


def replaced(nest: Any, path: tuple, value: Any) -> Any:
    """Return a copy of a nest with one value replaced."""
    if not path:
        return value
    nest = copy.deepcopy(nest)
    inside = nest
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return nest


def read(tmp_path: Any, text: str) -> MultiRegionRNN:
    path = tmp_path / "config.json"
    path.write_text(text)
    return MultiRegionRNN(path)


def test_any_value_in_any_place_is_read_or_refused(tmp_path):
    cases = [(path, value) for path in places(CONFIG) for value in VALUES]
    random.Random(0).shuffle(cases)
    refused = []
    for path, value in cases:
        try:
            read(tmp_path, json.dumps(replaced(CONFIG, path, value)))
        except ArgumentError as error:
            refused.append(str(error))
    assert len(refused) > len(cases) / 2
    assert all(told.startswith("connectome: ") for told in refused)
    assert max(map(len, refused)) < 1500


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"recurrent_regions": ' + "[" * 10**5, "recursion"),
        ('{"recurrent_regions": ' + "9" * 5000 + "}", "limit"),
        ('{"input_regions": [], "input_regions": []}', "'input_regions' comes twice"),
        (json.dumps(CONFIG).replace("3,", "NaN,", 1), "num_units of 'exc' is nan"),
    ],
    ids=["nested", "long number", "twice", "NaN"],
)
def test_files_that_json_takes_for_something_else_are_refused(tmp_path, text, message):
    with pytest.raises(ArgumentError, match=message):
        read(tmp_path, text)


def test_the_mark_at_the_beginning_of_a_file_does_not_count(tmp_path):
    assert read(tmp_path, "\ufeff" + json.dumps(CONFIG)).num_units == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recurrent_connections": "exc"}, "recurrent_connections is 'exc', not a list"),
        ({"recurrent_regions": [{"name": {}, "num_units": 1}]}, r"name of .*\[0\] is {}, but text"),
        ({"recurrent_regions": [{"name": "a", "num_units": 10**7}]}, "at most 50000"),
        ({1: []}, "the key 1, which is no text"),
        ({"input_connections": [{"src_region": [], "dst_region": "exc"}]}, "src_region of .* is"),
    ],
)
def test_what_is_wrong_is_told(change, message):
    with pytest.raises(ArgumentError, match=message):
        Connectome.from_dict(CONFIG | change)
