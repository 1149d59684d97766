"""Annotations are checked while the tests run; generated cases are the same on every machine."""

from __future__ import annotations

from hypothesis import settings
from jaxtyping import install_import_hook

with install_import_hook("stillpoint", "typechecker.typechecker"):
    import stillpoint  # noqa: F401

collect_ignore_glob = ["cells_of_*.py"]  # lists of cases, each of which needs its framework

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
