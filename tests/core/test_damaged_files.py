"""Damaged files are refused before HDF5, which they can crash, sees a byte."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from functools import cache

import h5py
import numpy as np
import pytest
import xarray

import stillpoint as sp
from stillpoint import FileFormatError, StillpointWarning
from stillpoint._core import netcdf
from stillpoint._core.files import ends_where_it_says, is_sealed, seal, trial
from stillpoint.cells import VanillaCell

BLOCK, END = 512, len(seal(b""))


@cache
def points():
    cell = VanillaCell(2 * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    return sp.find_all_fixed_points(sp.as_system(cell))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return points().save(tmp_path_factory.mktemp("saved") / "points.nc").read_bytes()


@pytest.fixture
def path(saved, tmp_path):
    """Return the path of a saved file; each test has its own, which it may damage."""
    (tmp_path / "points.nc").write_bytes(saved)
    return tmp_path / "points.nc"


@pytest.fixture
def no_hdf5(monkeypatch):
    monkeypatch.setattr(netcdf, "_dataset", lambda *_: pytest.fail("HDF5 saw a damaged file"))


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"path: .* is damaged or not a NetCDF file"):
        sp.load(path)


# -- kinds of damage -------------------------------------------------------------------------------


def flipped(content, rng):
    for place in rng.integers(len(content), size=rng.integers(1, 4)):
        content[place] ^= 1 << rng.integers(8)


def overwritten(content, rng):
    for place in rng.integers(len(content), size=20):
        content[place] = rng.integers(256)


def zeroed(content, rng):
    first = BLOCK * rng.integers(len(content) // BLOCK)
    content[first : first + BLOCK] = bytes(BLOCK)


def swapped(content, rng):
    one, two = (slice(k, k + BLOCK) for k in BLOCK * rng.integers(len(content) // BLOCK, size=2))
    content[one], content[two] = content[two], content[one]


def cut(content, rng):
    del content[rng.integers(len(content)) :]


def extended(content, rng):
    content += rng.bytes(rng.integers(1, 2 * BLOCK))


KINDS = {kind.__name__: kind for kind in (flipped, overwritten, zeroed, swapped, cut, extended)}


def variants(content, kind, n):
    """Yield variants of a file that differ from it."""
    rng = np.random.default_rng([n, *kind.encode()])
    while n:
        damaged = bytearray(content)
        KINDS[kind](damaged, rng)
        if damaged != content and damaged != content[:-END]:
            n -= 1
            yield bytes(damaged)


@pytest.mark.parametrize(
    "n", [20, pytest.param(400, marks=pytest.mark.slow, id="400")], ids=["20", "400"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_seen_before_hdf5_sees_it(kind, n, path, no_hdf5):
    content = path.read_bytes()
    for damaged in variants(content, kind, n):
        refused(path, damaged)


def test_a_change_of_any_byte_of_the_seal_is_seen(path, no_hdf5):
    content = path.read_bytes()
    for place in range(1, END + 1):
        damaged = bytearray(content)
        damaged[-place] ^= 32  # capitals for small letters, among others
        refused(path, damaged)


@pytest.mark.parametrize("lost", [k for k in range(1, END + 9) if k != END])
def test_a_file_that_lost_part_of_its_seal_or_more_is_refused(lost, path, no_hdf5):
    refused(path, path.read_bytes()[:-lost])


@pytest.mark.parametrize("more", [b"\n", b"\0", bytes(BLOCK), seal(b"")])
def test_a_file_with_something_behind_its_seal_is_refused(more, path, no_hdf5):
    refused(path, path.read_bytes() + more)


def test_a_file_that_lost_its_seal_and_nothing_else_is_read_with_a_warning(path):
    path.write_bytes(path.read_bytes()[:-END])
    with pytest.warns(StillpointWarning, match="no SHA-256 at its end"):
        assert sp.load(path).to_xarray().identical(points().to_xarray())


# -- without a seal --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "extended"])
def test_without_a_seal_a_file_must_be_as_long_as_hdf5_made_it(kind, path, no_hdf5):
    points().to_xarray().to_netcdf(path, engine="h5netcdf")
    for damaged in variants(path.read_bytes(), kind, 20):
        refused(path, damaged)


@pytest.mark.parametrize("version", ["earliest", "v110", "latest"])
def test_every_version_of_hdf5_tells_its_length(version, tmp_path):
    with h5py.File(tmp_path / "file.h5", "w", libver=version) as file:
        file["numbers"] = np.arange(1000)
    content = (tmp_path / "file.h5").read_bytes()
    assert ends_where_it_says(content)
    assert not ends_where_it_says(content[:-1])
    assert not ends_where_it_says(content + b"\0")


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("import os; os.abort()", "HDF5 crashes on it"),
        ("while True: pass", "HDF5 does not come to an end"),
        ("import sys; sys.exit('KeyError: 3')", "KeyError: 3"),
    ],
)
def test_a_file_that_another_process_does_not_survive_is_refused(read, words, path, monkeypatch):
    monkeypatch.setattr(trial, "_START", 3.0)
    monkeypatch.setattr(netcdf, "written_anew", lambda stored: trial.written_anew(stored, read))
    path.write_bytes(path.read_bytes()[:-END])
    with pytest.raises(FileFormatError, match=f"path: {path} .* is damaged or not .*{words}"):
        sp.load(path)


@pytest.mark.parametrize("executable", ["", "/no/such/python"])
def test_without_another_process_there_is_no_trial(executable, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable)
    assert trial.written_anew(b"as it was") == b"as it was"


LOAD = """
    import sys, warnings
    import stillpoint as sp
    from stillpoint._core.files import trial
    trial._START = 4.0
    warnings.simplefilter("ignore", sp.StillpointWarning)
    for path in sys.argv[1:]:
        try:
            sp.load(path)
        except sp.FileFormatError:
            pass
    print("survived")
"""


@pytest.mark.parametrize(
    ("kind", "n"),
    [
        ("flipped", 1),
        *(
            pytest.param(kind, 50, marks=pytest.mark.slow)
            for kind in ("flipped", "overwritten", "zeroed", "swapped")
        ),
    ],
)
def test_without_a_seal_damage_neither_crashes_nor_hangs(kind, n, path, tmp_path):
    points().to_xarray().to_netcdf(path, engine="h5netcdf")
    damaged = []
    for k, content in enumerate(variants(path.read_bytes(), kind, n)):
        damaged.append(tmp_path / f"{k}.nc")
        damaged[-1].write_bytes(content)
    command = [sys.executable, "-c", textwrap.dedent(LOAD), *map(str, damaged)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60 * n, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "survived\n", "")


# -- what others see of a seal ---------------------------------------------------------------------


def test_other_programs_do_not_see_the_seal(path):
    assert is_sealed(path.read_bytes())
    with xarray.open_dataset(path) as dataset:
        assert dataset.load().identical(points().to_xarray())
    with h5py.File(path) as file:
        assert set(file) >= {"xstar", "certificate_proved"}


def test_the_seal_is_what_sha256sum_says(path):
    command = f"head -c -{END} {path} | sha256sum"
    said = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert path.read_bytes()[-END:] == f"\nsha256 {said.split()[0]}\n".encode()
