"""Annotations are checked while the tests run; generated cases are the same on every machine."""

from __future__ import annotations

from hypothesis import settings
from jaxtyping import install_import_hook

with install_import_hook("stillpoint", "typechecker.typechecker"):
    import stillpoint  # noqa: F401

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
