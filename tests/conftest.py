"""Generated cases are the same on every machine; annotations are checked where it is asked.

JAX compiles with few optimisations and keeps what it compiled: most of the time of its tests.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache" / "jax")
)

if os.environ.get("STILLPOINT_CHECK_ANNOTATIONS"):  # each call then takes several times as long
    with install_import_hook("stillpoint", "typechecker.typechecker"):
        import stillpoint  # noqa: F401

collect_ignore_glob = [
    "frameworks/cells_of_*.py"
]  # lists of cases, each of which needs its framework

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """Close what a test has drawn, for the tests that count open figures."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
