"""Public names of the tools whose scripts run under `stillpoint.compat`: what became of them.

`old_names.toml` has them, as read from the sources of the tools. What stillpoint has is found by
introspection: `test_old_names.py` checks it, and `scripts/write_compat_table.py` writes the table
of docs/compat.md.
"""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

TOOLS = tomllib.loads(Path(__file__).with_name("old_names.toml").read_text())


@dataclass(frozen=True)
class OldName:
    """One name of a tool: of a class or function, or of a member of several classes."""

    tool: str
    owner: str
    member: str
    arguments: tuple[str, ...]

    @property
    def status(self) -> str:
        """ "same", "different" or "absent"."""
        if not self.classes:
            return "absent"
        return "different" if self.reason or not self.fits else "same"

    @property
    def reason(self) -> str:
        """Why it is not the same, as the table of the tool says."""
        told = TOOLS[self.tool]
        key = f"{self.owner}.{self.member}" if self.member else self.owner
        return told["different"].get(key) or told["absent"].get(key) or ""

    @property
    def classes(self) -> list[Any]:
        """What has the name here: classes, or the function itself."""
        module = importlib.import_module(f"stillpoint.compat.{TOOLS[self.tool]['module']}")
        owners = [name for name in module.__all__ if fnmatch(name, self.owner)]
        found = [getattr(module, name) for name in owners]
        if not self.member:
            return found
        return found if all(has(owner, self.member) for owner in found) else []

    @property
    def fits(self) -> bool:
        """Whether all arguments are taken, in the order of the tool."""
        targets = [getattr(c, self.member, None) if self.member else c for c in self.classes]
        return all(takes(target, self.arguments) for target in targets if callable(target))


def names() -> Iterator[OldName]:
    """Yield every name of every tool."""
    for tool, told in TOOLS.items():
        for entry in told["names"]:
            name, _, arguments = entry.rstrip(")").partition("(")
            owner, _, member = name.partition(".")
            yield OldName(tool, owner, member, tuple(re.findall(r"\w+", arguments)))


def takes(target: Any, arguments: tuple[str, ...]) -> bool:
    """Whether a function takes arguments of these names, by position in this order."""
    known = inspect.signature(target).parameters
    kinds = {parameter.kind for parameter in known.values()}
    own = [
        name
        for name, parameter in known.items()
        if name != "self" and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD,)
    ]
    if inspect.Parameter.VAR_POSITIONAL in kinds:  # settings, which a table of the class orders
        own += getattr(target, "positional", ())
    by_name = set(known) | set(getattr(target, "default_hps", dict)())
    ordered = [name for name in own if name in arguments]
    if inspect.Parameter.VAR_KEYWORD in kinds and not ordered:
        return True
    asked = [name for name in arguments if name in own]
    return ordered == asked and all(name in own or name in by_name for name in arguments)


def has(owner: Any, member: str) -> bool:
    """Whether a class, or an object of it, has a member."""
    return hasattr(owner, member) or hasattr(example(owner), member)


@cache
def example(owner: Any) -> Any:
    """Return an object of a class."""
    x, rnn = torch.zeros(2, 2), torch.nn.RNN(1, 2)
    name = owner.__name__
    if name in ("mRNN", "ElmanmRNN") or name.startswith(("m", "em")):
        from stillpoint.compat import mrnntorch

        is_elman = name.startswith(("em", "Elman"))
        network = mrnntorch.ElmanmRNN() if is_elman else mrnntorch.mRNN()
        network.add_recurrent_region("a", 2)
        network.add_input_region("u", 1)
        network.add_recurrent_connection("a", "a")
        network.add_input_connection("u", "a")
        network.finalize_connectivity()
        return network if name in ("mRNN", "ElmanmRNN") else owner(network)
    made = {
        "FixedPoints": lambda: owner(np.zeros((1, 2))),
        "FixedPointCollection": lambda: owner(x),
        "FlowField": lambda: owner(x, x, torch.zeros(2, 2, 2), x),
        "PlotConfig": owner,
        "InputRegion": lambda: owner(1),
        "RecurrentRegion": lambda: owner(1),
        "SlowPointFinder": lambda: owner(np.tanh, "discrete", verbose=False),
    }
    return made.get(name, lambda: owner(rnn))()


def rows(tool: str) -> Iterator[str]:
    """Yield the rows of a tool's table, one for each class or function."""
    owners = list(dict.fromkeys(name.owner for name in names() if name.tool == tool))
    for owner in owners:
        told = {"same": [], "different": [], "absent": []}
        for name in names():
            if (name.tool, name.owner) == (tool, owner):
                reason = f": {name.reason}" if name.reason else ""
                told[name.status].append(f"`{name.member or owner}`{reason}")
        cells = [", ".join(told["same"]), "; ".join(told["different"]), "; ".join(told["absent"])]
        yield f"| `{owner}` | " + " | ".join(cells) + " |"


def table() -> str:
    """Return all tables, as they stand in the documentation."""
    parts = []
    for tool in TOOLS:
        head = ["name", "same", "different on purpose", "absent"]
        lines = [" | ".join(head), " | ".join(["---"] * 4)]
        parts.append(
            "\n".join([f"**{tool}**", "", *(f"| {line} |" for line in lines), *rows(tool)])
        )
    return "\n\n".join(parts)
