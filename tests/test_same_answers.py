"""Calls return what they returned when their answers were written down."""

from __future__ import annotations

import json
from typing import Any

import pytest

import same_answers

RECORDED = json.loads(same_answers.RECORDED.read_text())

#: How far a number may be from the one that was written down, relative to max(1, its size).
TOLERANCE = 1e-13


def differences(found: Any, wanted: Any, where: str = "") -> list[str]:
    """Return the places at which two answers differ: words and counts at all, numbers too far."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = found.keys() | wanted.keys()
        pairs = [(key, found.get(key), wanted.get(key)) for key in sorted(keys)]
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = [(k, a, b) for k, (a, b) in enumerate(zip(found, wanted, strict=True))]
    elif isinstance(wanted, float) and isinstance(found, float):
        same = abs(found - wanted) <= TOLERANCE * max(1.0, abs(wanted))
        return [] if same else [f"{where}: {found!r}, not {wanted!r}"]
    else:
        return [] if found == wanted else [f"{where}: {found!r}, not {wanted!r}"]
    return [line for key, a, b in pairs for line in differences(a, b, f"{where}.{key}")]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What all calls give now."""
    if not same_answers.COMPARABLE:
        pytest.skip("the answers were written down on x86-64, whose last digits are its own")
    return same_answers.found()


@pytest.mark.parametrize("name", same_answers.CALLS)
def test_the_answer_is_the_one_written_down(name, found):
    assert differences(found[name], RECORDED[name]) == []


def test_every_answer_that_is_written_down_is_asked_for():
    assert RECORDED.keys() == same_answers.CALLS.keys()


@pytest.mark.parametrize(
    ("found", "wanted"),
    [({"n": 3}, {"n": 4}), ({"x": [1.0]}, {"x": [1.0 + 1e-12]}), ({}, {"x": None, "y": 1})],
)
def test_differences_are_seen(found, wanted):
    assert differences(found, wanted)
