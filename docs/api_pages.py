"""The pages of the API reference, one for each public name, found by introspection.

`conf.py` writes them before a build; nothing here needs Sphinx.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from enum import Enum
from functools import cache, cached_property
from types import ModuleType
from typing import Any

PACKAGE = "stillpoint"
_TABLE = (".. list-table::", "   :widths: 30 70", "")


def namespaces() -> list[str]:
    """Return the package, its public modules, and the modules of `compat`."""
    top = importlib.import_module(PACKAGE)
    modules = [name for name in top.__all__ if isinstance(getattr(top, name), ModuleType)]
    public = [f"{PACKAGE}.{name}" for name in modules if name != "compat"]
    compat = importlib.import_module(f"{PACKAGE}.compat")
    tools = [f"{compat.__name__}.{m.name}" for m in pkgutil.iter_modules(compat.__path__)]
    return [PACKAGE, *public, *(name for name in tools if not name.endswith(".shared"))]


def names_of(namespace: str) -> dict[str, Any]:
    """Return the public names of a namespace, other namespaces left out."""
    module = importlib.import_module(namespace)
    things = {name: getattr(module, name) for name in module.__all__}
    return {name: thing for name, thing in things.items() if not isinstance(thing, ModuleType)}


@cache
def homes() -> dict[str, str]:
    """Return for every public name the name under which it is described, its own in most cases."""
    first: dict[Any, str] = {}
    told = {}
    for namespace in namespaces():
        for name, thing in names_of(namespace).items():
            full = f"{namespace}.{name}"
            named = callable(thing)  # numbers and texts may be equal by chance
            told[full] = first.setdefault(thing, full) if named else full
    return told


def pages() -> dict[str, str]:
    """Return the text of every page, by its name without a suffix."""
    told = homes()
    written = {"index": _index()}
    for namespace in namespaces():
        things = names_of(namespace)
        written[namespace] = _namespace(namespace, {n: told[f"{namespace}.{n}"] for n in things})
        for name, thing in things.items():
            if told[f"{namespace}.{name}"] == f"{namespace}.{name}":
                written[f"{namespace}.{name}"] = _page(namespace, name, thing)
    return written


def _index() -> str:
    modules = {name: importlib.import_module(name) for name in namespaces()}
    rows = [f"   * - :doc:`{n}`\n     - {_first_paragraph(m)}" for n, m in modules.items()]
    tree = [".. toctree::", "   :hidden:", "", *(f"   {name}" for name in modules), ""]
    return "\n".join([*_title("API reference"), *_TABLE, *rows, "", *tree])


def _namespace(namespace: str, told: dict[str, str]) -> str:
    rows = [f"   * - :doc:`{n} <{full}>`\n     - {_summary(full)}" for n, full in told.items()]
    own = [f"   {n} <{full}>" for n, full in told.items() if full == f"{namespace}.{n}"]
    text = [f".. automodule:: {namespace}"]
    if namespace == PACKAGE:  # its docstring is a map for `help`
        text = [f".. py:module:: {namespace}", "", _first_paragraph(sys.modules[PACKAGE])]
    table = [*_TABLE, *rows, ""]
    tree = [".. toctree::", "   :hidden:", "", *own, ""]
    title = _title(namespace.removeprefix(f"{PACKAGE}."))
    return "\n".join([*title, *text, "", *table, *tree])


def _page(namespace: str, name: str, thing: Any) -> str:
    head = [*_title(name), f".. currentmodule:: {namespace}", ""]
    if inspect.isclass(thing):
        members = ", ".join(_members(thing))
        body = [f".. autoclass:: {name}", *([f"   :members: {members}"] if members else [])]
        if issubclass(thing, Enum):
            body += ["", *_title("Members", "-"), *_TABLE]
            body += [f"   * - ``{m.name}``\n     - {m.sentence}" for m in thing]
    elif callable(thing):
        body = [f".. autofunction:: {name}"]
    else:
        body = [f".. py:data:: {name}", "", f"   {_comment(name, thing)}"]
    examples = ["", f".. minigallery:: {namespace}.{name}", "   :add-heading: In the gallery", ""]
    return "\n".join([*head, *body, *(examples if callable(thing) else [""])])


def _members(thing: type) -> list[str]:
    """Return the public methods and properties with a docstring that are stillpoint's own."""
    found = [
        name
        for base in thing.__mro__
        if base.__module__.startswith(PACKAGE)
        for name, value in vars(base).items()
        if not name.startswith("_") and _is_own(value) and inspect.getdoc(getattr(thing, name))
    ]
    return list(dict.fromkeys(found))


def _is_own(value: Any) -> bool:
    if isinstance(value, property | cached_property):
        return True
    function = getattr(value, "__func__", value)
    return inspect.isfunction(function) and function.__module__.startswith(PACKAGE)


def _summary(full: str) -> str:
    namespace, name = full.rsplit(".", 1)
    thing = names_of(namespace)[name]
    return _first_paragraph(thing) if callable(thing) else _comment(name, thing)


def _first_paragraph(thing: Any) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def _comment(name: str, value: Any) -> str:
    """Return the `#:` comment on a value, where it is defined."""
    for path, module in list(sys.modules.items()):
        if path.startswith(PACKAGE) and vars(module).get(name) is value:
            lines = re.search(rf"((?:^#: .*\n)+){name}\b", inspect.getsource(module), re.MULTILINE)
            if lines:
                return " ".join(re.findall(r"^#: (.*)$", lines[1], re.MULTILINE))
    return f"{value!r}."


def _title(text: str, line: str = "=") -> list[str]:
    return [text, line * len(text), ""]
