"""The public face: what `import stillpoint as sp` offers, and a docstring that is its map."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import stillpoint as sp

#: Those that importing the package brings along.
NAMESPACES = ("cells", "plots", "solvers", "tasks")

MODULES = {*NAMESPACES, "compat", "models", "planes"}


def run_python(*arguments, stream="stdout"):
    """Return what a new process of Python prints."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=600
    )
    return getattr(done, stream)


def test_every_public_name_is_there_and_documented():
    for name in set(sp.__all__) - {"models"}:  # which needs PyTorch
        thing = getattr(sp, name)
        assert inspect.getdoc(thing), name
        assert not name.startswith("_")
    assert sp.__all__ == sorted(sp.__all__)


def test_the_map_names_every_verb_on_one_screen():
    lines = sp.__doc__.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    names = set(sp.__all__) - {"models"}
    verbs = [name for name in names if inspect.isfunction(getattr(sp, name))]
    missing = [verb for verb in verbs if verb not in sp.__doc__]
    assert missing == []
    for name in (*NAMESPACES, "models", "compat", "ArgumentError", "StillpointWarning"):
        assert name in sp.__doc__


def test_records_and_what_they_return_are_exported():
    for record in ("FixedPoints", "SlowPoints", "SlowManifold", "Linearization", "Certificate"):
        assert issubclass(getattr(sp, record), sp._core.record.Record)
    for returned in ("Starts", "Source", "Tally", "Enumeration", "Regions", "Projection", "End"):
        assert returned in sp.__all__


@pytest.mark.torch
def test_models_are_imported_when_asked_for():
    assert sp.models.MultiRegionRNN


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="fixpoints"):
        getattr(sp, "fixpoints")  # noqa: B009


def test_versions_are_shown(capsys):
    sp.show_versions()
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown["stillpoint"] == sp.__version__
    assert {"python", "platform", "numpy", "scipy", "torch", "jax"} <= shown.keys()


def test_importing_it_and_asking_for_help_loads_no_library():
    """Names are imported when they are asked for."""
    told = "import sys, stillpoint; print([m for m in ('numpy', 'scipy') if m in sys.modules])"
    loaded = run_python("-c", told)
    assert loaded == "[]\n"
    helped = run_python("-X", "importtime", "-m", "stillpoint", "--help", stream="stderr")
    assert "stillpoint.cli.arguments" in helped
    assert "numpy" not in helped


def test_the_verbs_are_not_hidden_by_folders_of_their_name():
    """`import stillpoint.x` makes x an attribute of the package; none is that of a function."""
    __import__("stillpoint.portraits.graph", fromlist=["graph"])
    assert all(not inspect.ismodule(getattr(sp, n)) for n in sp.__all__ if n not in MODULES)
