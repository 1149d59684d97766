"""Every public name of the old tools is here, or the documentation says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from old_names import TOOLS, names, table, takes  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "compat.md"


def test_what_is_missing_or_different_has_a_reason():
    unexplained = [name for name in names() if name.status != "same" and not name.reason]
    assert not unexplained


def test_every_reason_is_of_a_name():
    known = {f"{n.owner}.{n.member}".rstrip(".") for n in names()}
    told = {
        key for tool in TOOLS.values() for kind in ("different", "absent") for key in tool[kind]
    }
    assert told <= known


def test_arguments_fit_where_nothing_else_is_told():
    wrong = [name for name in names() if name.classes and not name.fits]
    assert not wrong


def test_the_table_of_the_documentation_is_what_is_here():
    assert table() in PAGE.read_text()


def test_arguments_are_compared_by_name_and_order():
    def function(a, b, *, c=1):
        return a, b, c

    assert takes(function, ("a", "b", "c"))
    assert takes(function, ("a",))
    assert not takes(function, ("b", "a"))
    assert not takes(function, ("a", "d"))
