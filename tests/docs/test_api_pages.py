"""Every public name has a page in the API reference, and the site's sources can be read."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest

import stillpoint as sp

ROOT = Path(__file__).parents[2]
API = runpy.run_path(str(ROOT / "docs" / "api_pages.py"))
EXAMPLES = sorted((ROOT / "examples").glob("[gt]*/*.py"))

pytestmark = pytest.mark.torch  # which `stillpoint.models` needs


def test_every_public_name_has_a_page():
    written = API["pages"]()
    modules = [
        sp,
        *(
            thing
            for n in sp.__all__
            if n != "compat" and isinstance(thing := getattr(sp, n), ModuleType)
        ),
    ]
    for tool in pkgutil.iter_modules(sp.compat.__path__):
        if tool.name != "shared":
            modules.append(importlib.import_module(f"stillpoint.compat.{tool.name}"))
    assert len(modules) == 12
    for module in modules:
        table = written[module.__name__]
        for name in module.__all__:
            if not isinstance(getattr(module, name), ModuleType):
                (page,) = re.findall(rf":doc:`{name} <(.*)>`", table)
                assert name in written[page]


def test_a_class_has_its_methods_and_no_others():
    written = API["pages"]()
    (members,) = re.findall(r":members: (.*)", written["stillpoint.FixedPoints"])
    assert {"census", "save", "n_unstable", "near"} <= set(members.split(", "))
    assert "methods" not in members  # settings of the class
    assert "as_places" not in written["stillpoint.compat.canns.FixedPoints"]  # NumPy's function
    assert "bit_length" not in written["stillpoint.Status"]  # of int
    assert "``FIXED_POINT``\n     - reached a fixed point" in written["stillpoint.Status"]


def test_a_name_that_is_added_gets_a_page(monkeypatch):
    monkeypatch.setattr(sp.plots, "__all__", [*sp.plots.__all__, "Added"])
    monkeypatch.setattr(sp.plots, "Added", type("Added", (), {"__doc__": "New."}), raising=False)
    API["homes"].cache_clear()
    try:
        assert "stillpoint.plots.Added" in API["pages"]()
    finally:
        API["homes"].cache_clear()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_have_a_title_and_a_figure(path):
    module = ast.parse(path.read_text())
    title, line, blank, *_ = ast.get_docstring(module).split("\n")
    assert set(line) == {"="}
    assert len(line) == len(title)
    assert blank == ""
    assert re.search(r"subplots\(|figure\(|sp\.plots\.|plot_fps\(", path.read_text())


def test_settings_of_sphinx_can_be_read():
    assert len(EXAMPLES) > 12
    names = {
        target.id
        for node in ast.walk(ast.parse((ROOT / "docs" / "conf.py").read_text()))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert {"extensions", "default_role", "nitpick_ignore_regex"} <= names
