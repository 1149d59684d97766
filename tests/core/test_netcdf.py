"""Results as files: the same bits when read back, whole or not there, and never guessed at."""

from __future__ import annotations

import copy
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError, StillpointWarning
from stillpoint._core import netcdf
from stillpoint._core.record import Record
from stillpoint.cells import LSTMCell, VanillaCell
from stillpoint.points import Starts
from stillpoint.solvers import Newton


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@cache
def driven():
    """Three units with rotating modes, under two inputs, with further rounds, certified."""
    cell = VanillaCell(2 * normal(11, 3, 3), normal(1, 3, 2), 0.1 * normal(2, 3))
    inputs = np.tile(normal(3, 2, 2), (30, 1))
    system = sp.as_system(cell, dt=0.01, regions={"a": [0, 2], "b": [1]})
    points = sp.find_fixed_points(system, normal(4, 60, 3), inputs, rounds=1, seed=7)
    return sp.certify(system, points)


@cache
def gated():
    cell = LSTMCell(normal(0, 12, 3), normal(1, 12, 1), normal(2, 12))
    return sp.find_fixed_points(sp.as_system(cell), normal(3, 40, 6), [0.5])


@cache
def alone():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
    return sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None]).subsample(2)


@cache
def flow():
    system = sp.as_system(lambda x: x - x**3, state_size=1, kind="flow", dt=0.1)
    return sp.find_fixed_points(system, np.linspace(-2, 2, 9)[:, None])


def single():
    return alone()[0]


@cache
def empty():
    with pytest.warns(StillpointWarning):
        return sp.find_fixed_points(sp.as_system(lambda x: x + 1, state_size=2), normal(0, 5, 2))


@cache
def continuum():
    system = sp.as_system(VanillaCell(np.eye(1), np.zeros((1, 0)), np.zeros(1), phi="relu"))
    return sp.find_fixed_points(system, np.linspace(0.5, 2, 7)[:, None])


@cache
def unconverged():
    """Rows of several statuses, with infinities and NaN among their ends."""
    system = sp.as_system(
        lambda x, u: np.where(u > 0, np.where(x > 0, np.nan, x + 1), x / 2),
        state_size=1,
        input_size=1,
    )
    return sp.find_fixed_points(
        system, normal(0, 12, 1), np.arange(12)[:, None] % 2, solver=Newton()
    )


RECORDS = {
    build.__name__: build
    for build in (driven, gated, alone, flow, single, empty, continuum, unconverged)
}


def assert_identical(left, right):
    """Assert that two records hold the same bytes of the same types in every field."""
    assert type(left) is type(right)
    for field in fields(left):
        one, two = getattr(left, field.name), getattr(right, field.name)
        if isinstance(one, np.ndarray):
            assert_same_bytes(one, two, field.name)
        elif isinstance(one, Record):
            assert_identical(one, two)
        elif field.name != "enumerations":
            assert one == two, field.name
    for name in left.derived:
        assert_same_bytes(getattr(left, name), getattr(right, name), name)


def assert_same_bytes(one, two, name):
    assert isinstance(two, np.ndarray), name
    assert (one.dtype, one.shape) == (two.dtype, two.shape), name
    assert one.tobytes() == two.tobytes(), name


# -- there and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_read_back_bit_for_bit(name, tmp_path):
    points = RECORDS[name]()
    path = points.save(tmp_path / "points.nc")
    assert path == tmp_path / "points.nc"
    loaded = sp.load(path)
    assert_identical(loaded, points)
    assert repr(loaded) == repr(points)
    assert loaded.census().verdict == points.census().verdict


def test_the_records_of_these_tests_are_not_trivial():
    points = driven()
    assert len(points) > 2
    assert np.abs(points.eigenvalues.imag).max() > 0.1
    assert points.system.dt == 0.01
    assert points.certificate.all_proved
    assert len(np.unique(points.inputs, axis=0)) == 2
    assert single().is_selection
    assert alone().is_selection
    assert continuum().on_continuum.all()
    assert np.isinf(continuum().condition).all()
    assert len(set(unconverged().starts.status)) > 1


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_strings_or_paths(kind, tmp_path):
    points = alone()
    assert_identical(sp.load(kind(points.save(kind(tmp_path / "points.nc")))), points)


def test_the_dataset_alone_is_enough():
    points = driven()
    assert_identical(sp.FixedPoints.from_xarray(points.to_xarray()), points)


def test_saving_does_not_change_the_record(tmp_path):
    before = copy.deepcopy(driven())
    driven().save(tmp_path / "points.nc")
    assert_identical(driven(), before)


def test_saving_twice_replaces_the_file(tmp_path):
    path = tmp_path / "points.nc"
    driven().save(path)
    alone().save(path)
    assert_identical(sp.load(path), alone())
    assert [file.name for file in tmp_path.iterdir()] == ["points.nc"]


def test_the_same_record_gives_the_same_bytes_at_another_time(tmp_path):
    record = alone()
    first = record.save(tmp_path / "first.nc").read_bytes()
    time.sleep(1.1)  # the resolution of times in HDF5
    assert record.save(tmp_path / "second.nc").read_bytes() == first


@pytest.mark.parametrize("several", [1, 8], ids=["one path", "several paths"])
def test_threads_may_save_and_load_at_once(several, tmp_path):
    paths = [alone().save(tmp_path / f"{k}.nc") for k in range(several)]

    def work(k):
        (driven if k % 2 else alone)().save(paths[k % several])
        return sp.load(paths[k % several])

    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(work, range(8)))
    for points in loaded:
        assert_identical(points, driven() if len(points) == len(driven()) else alone())
    assert {file.name for file in tmp_path.iterdir()} == {path.name for path in paths}


def test_loading_leaves_the_file_free_to_be_replaced(tmp_path):
    path = alone().save(tmp_path / "points.nc")
    loaded = sp.load(path)
    path.unlink()
    assert_identical(loaded, alone())


TINY = np.finfo(np.float64).smallest_subnormal
SPECIAL = np.array([0.0, -0.0, 1.5, -1.5, TINY, np.inf, -np.inf, np.nan])
FINITE = SPECIAL[:5]


@pytest.mark.parametrize("real", FINITE, ids=str)
def test_any_numbers_are_read_back_bit_for_bit(real, tmp_path):
    """Signed zeros and subnormals, in both parts of an eigenvalue; infinities and NaN of ends."""
    d = len(SPECIAL)
    system = sp.as_system(lambda x: x / 2, state_size=d)
    points = sp.find_fixed_points(system, normal(0, 4, d))
    eigenvalues = np.empty((1, d), dtype=np.complex128)
    eigenvalues.real, eigenvalues.imag = real, np.resize(FINITE, d)
    linearization = replace(points.linearization, states=np.resize(FINITE, (1, d)))
    vars(linearization)["eigenvalues"] = eigenvalues
    points = replace(
        points,
        linearization=linearization,
        hits=np.array([2**62]),
        starts=replace(points.starts, end=np.tile(SPECIAL, (4, 1))),
    )
    assert_identical(sp.load(points.save(tmp_path / "points.nc")), points)


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    broken = replace(driven(), hits=-driven().hits)
    with pytest.raises(ArgumentError, match=r"FixedPoints: nothing was saved.*hits: holds -"):
        broken.save(tmp_path / "points.nc")
    assert not list(tmp_path.iterdir())


# -- what others can read --------------------------------------------------------------------------


def test_plain_xarray_reads_the_file(tmp_path):
    points = driven()
    path = points.save(tmp_path / "points.nc")
    with xarray.open_dataset(path) as dataset:
        assert dict(dataset.sizes) == {
            "point": len(points),
            "state": 3,
            "from_state": 3,
            "input": 2,
            "mode": 3,
            "start": len(points.starts),
        }
        assert dataset["xstar"].dims == ("point", "state")
        assert dataset["jacobian"].dims == ("point", "state", "from_state")
        np.testing.assert_array_equal(dataset["xstar"], points.xstar)
        np.testing.assert_array_equal(dataset["eigenvalues_imag"], points.eigenvalues.imag)
        np.testing.assert_array_equal(dataset["start_status"], points.starts.status)
        for field in fields(Starts):
            is_there = getattr(points.starts, field.name) is not None
            assert (f"start_{field.name}" in dataset) == is_there
        assert points.provenance["weights_sha256"] in dataset.attrs["provenance"]
        stable = dataset.isel(point=dataset["is_stable"].values)
        assert stable.sizes["point"] == len(points.stable)


def test_the_dataset_has_coordinates_and_says_what_its_variables_are():
    dataset = driven().to_xarray()
    assert dataset["state_region"].values.tolist() == ["a", "b", "a"]
    assert dataset.indexes.keys() >= {"point", "start", "state", "from_state", "input", "mode"}
    assert dataset["hits"].attrs == {"long_name": "starts that reached the point"}
    assert dataset["start_steps"].attrs["units"] == "step"
    unnamed = [name for name, v in dataset.data_vars.items() if v.dims and not v.attrs]
    assert unnamed == []


def test_plain_hdf5_reads_the_file(tmp_path):
    points = alone()
    with h5py.File(points.save(tmp_path / "points.nc")) as file:
        np.testing.assert_array_equal(file["xstar"][:], points.xstar)


# -- files that are not what they should be --------------------------------------------------------


def refused(path, *words):
    with pytest.raises(FileFormatError) as caught:
        sp.load(path)
    for word in ("path", str(path), *words):
        assert word in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(share, tmp_path):
    path = driven().save(tmp_path / "points.nc")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "damaged or not a NetCDF file", "points.save")


def test_a_file_with_overwritten_bytes_is_refused_or_whole(tmp_path):
    path = driven().save(tmp_path / "points.nc")
    content = bytearray(path.read_bytes())
    content[: len(content) // 4] = bytes(len(content) // 4)
    path.write_bytes(content)
    refused(path)


FOREIGN = {
    "text": b"x,y\n1,2\n",
    "npz": b"PK\x03\x04" + bytes(100),
    "pickle": b"\x80\x04\x95" + bytes(50),
    "hdf5-signature-alone": b"\x89HDF\r\n\x1a\n" + bytes(64),
    "user-block": bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(64),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_of_another_format_is_refused(name, tmp_path):
    path = tmp_path / "points.nc"
    path.write_bytes(FOREIGN[name])
    refused(path, "damaged or not a NetCDF file")


@pytest.mark.parametrize("version", [b"\x01", b"\x02", b"\x05"])
def test_a_netcdf_3_file_is_named_and_the_way_out_told(version, tmp_path):
    path = tmp_path / "points.nc"
    path.write_bytes(b"CDF" + version + bytes(64))
    refused(path, "a NetCDF-3 file", "engine='h5netcdf'")


def test_a_foreign_netcdf_file_is_refused(tmp_path):
    path = tmp_path / "climate.nc"
    xarray.Dataset({"t": ("time", np.arange(3.0))}).to_netcdf(path, engine="h5netcdf")
    refused(path, "not one of stillpoint's results", "xarray.open_dataset")


def test_a_foreign_hdf5_file_is_refused(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as file:
        file["weights"] = np.zeros(3)
    refused(path, "not one of stillpoint's results")


def test_a_record_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "points.nc"
    dataset = alone().to_xarray()
    dataset.attrs["stillpoint_record"] = "Landscape"
    dataset.to_netcdf(path, engine="h5netcdf")
    refused(path, "'Landscape'", "not one of stillpoint's results")


CHANGES = {
    "variable-dropped": lambda data: data.drop_vars("hits"),
    "part-of-eigenvalues-dropped": lambda data: data.drop_vars("eigenvalues_imag"),
    "variable-of-starts-dropped": lambda data: data.drop_vars("start_status"),
    "variable-added": lambda data: data.assign(note=("point", np.zeros(data.sizes["point"]))),
    "coordinates-added": lambda data: data.assign(of=("state", np.zeros(data.sizes["state"]))),
    "provenance-dropped": lambda data: data.assign_attrs(provenance=""),
    "provenance-garbled": lambda data: data.assign_attrs(provenance="{'seed': 1}"),
}


@pytest.fixture
def in_this_process(monkeypatch):
    """Read files without a seal here: that another process tries them first is tested elsewhere."""
    monkeypatch.setattr(netcdf, "written_anew", lambda stored: stored)


@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_was_changed_is_refused(name, tmp_path, in_this_process):
    path = tmp_path / "points.nc"
    CHANGES[name](alone().to_xarray()).to_netcdf(path, engine="h5netcdf")
    refused(path, "changed after it was saved")


@pytest.mark.parametrize(
    ("version", "words"),
    [(None, "before files had a version"), (2, "this stillpoint reads version 1; update")],
)
def test_a_file_of_another_version_is_refused(version, words, tmp_path, in_this_process):
    path = tmp_path / "points.nc"
    dataset = alone().to_xarray()
    del dataset.attrs["stillpoint_format"]
    if version is not None:
        dataset.attrs["stillpoint_format"] = version
    dataset.to_netcdf(path, engine="h5netcdf")
    refused(path, words)


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nothing.nc"
    with pytest.raises(FileNotFoundError, match=f"path: there is no file {path}"):
        sp.load(path)
    with pytest.raises(FileNotFoundError, match=f"path: {tmp_path} is a folder; name a file in it"):
        sp.load(tmp_path)


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations speak first"
)
@pytest.mark.parametrize(
    "path", [None, 3, True, b"points.nc", ["points.nc"], "a\0.nc", "\ud800.nc"]
)
@pytest.mark.parametrize("act", [sp.load, lambda path: alone().save(path)], ids=["load", "save"])
def test_what_is_no_path_is_refused(act, path):
    with pytest.raises(ArgumentError, match=r"path: got .*, but the name of a file is wanted"):
        act(path)


@pytest.mark.parametrize(
    "name", ["points", "points.npz", "points.nc.gz", "points.pkl", "/", "/tmp/"]
)
def test_results_are_saved_under_names_that_end_in_nc(name):
    with pytest.raises(ArgumentError, match=r"path: got .*end the name in \.nc, such as points"):
        alone().save(name)


def test_an_empty_name_is_no_name():
    for use in (alone().save, sp.load):
        with pytest.raises(ArgumentError, match="path: got '', but the name of a file is wanted"):
            use("")


def test_errors_of_the_system_name_the_path_that_was_given(tmp_path, monkeypatch):
    def fails(*_):
        raise PermissionError(13, "Permission denied", ".unfinished-1.nc")

    monkeypatch.setattr("os.open", fails)
    with pytest.raises(PermissionError, match=r"Permission denied: '.*/points\.nc'"):
        alone().save(tmp_path / "points.nc")


def test_the_ending_may_be_in_capitals(tmp_path):
    assert_identical(sp.load(alone().save(tmp_path / "POINTS.NC")), alone())


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "results" / "points.nc"
    with pytest.raises(ArgumentError, match=r"path: the folder .*results.* does not exist"):
        alone().save(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), MemoryError()])
def test_a_failing_encoding_leaves_the_old_file_in_place(error, tmp_path, monkeypatch):
    path = alone().save(tmp_path / "points.nc")
    before = path.read_bytes()

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(xarray.Dataset, "dump_to_store", fail)
    with pytest.raises(type(error)):
        driven().save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["points.nc"]
