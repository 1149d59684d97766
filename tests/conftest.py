"""Generated cases are the same on every machine; annotations are checked where it is asked."""

from __future__ import annotations

import os

from hypothesis import settings
from jaxtyping import install_import_hook

if os.environ.get("STILLPOINT_CHECK_ANNOTATIONS"):  # each call then takes several times as long
    with install_import_hook("stillpoint", "typechecker.typechecker"):
        import stillpoint  # noqa: F401

collect_ignore_glob = [
    "frameworks/cells_of_*.py"
]  # lists of cases, each of which needs its framework

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")
