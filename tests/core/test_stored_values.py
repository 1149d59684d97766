"""Files that are whole and yet not what was saved: every value is checked against its field."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import xarray

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError, StillpointWarning
from stillpoint._core import netcdf
from stillpoint._core.values import Domain
from stillpoint.cells import LSTMCell, VanillaCell


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


# -- records, with all that they can hold ----------------------------------------------------------


@cache
def points():
    """Proved and enumerated, of two regions with a parent."""
    cell = VanillaCell(2 * np.eye(2), np.ones((2, 1)) / 10, np.zeros(2))
    system = sp.as_system(cell, dt=0.1, regions={"a": [0], "b": [1]})
    found = sp.find_all_fixed_points(system, np.ones(1))
    return sp.certify(system, found)


@cache
def part():
    """Of one region of a network with a nest of states, the other held."""
    cell = LSTMCell(normal(0, 8, 2), normal(1, 8, 1), np.zeros(8))
    part = sp.as_system(cell).restrict("h", holding=np.zeros(2))
    return sp.find_fixed_points(part, normal(2, 5, 2), np.ones(1))


@cache
def nested():
    system = sp.as_system(lambda s, u: (s[0] / 2, s[1] / 2), state=(np.zeros(1), np.zeros(2)))
    return sp.find_fixed_points(system, normal(3, 4, 3))


@cache
def slow():
    cell = VanillaCell(np.array([[1.05]]), np.zeros((1, 0)), np.array([0.02]))
    system = sp.as_system(cell)
    return sp.certify(system, sp.find_slow_points(system, normal(4, 20, 1)))


@cache
def linearization():
    return sp.linearize(sp.as_system(lambda x: np.tanh(x), state_size=2), normal(5, 2, 3, 2))


@cache
def line():
    cell = VanillaCell(np.diag([1.02, 0.3]), np.zeros((2, 0)), np.zeros(2))
    system = sp.as_system(cell)
    start = sp.find_fixed_points(system, normal(6, 9, 2), rounds=0)
    return sp.follow_slow_manifold(system, start, max_steps=20)


@cache
def sheet():
    system = sp.as_system(lambda x: x * np.array([1.0, 1.0, 0.1]), state_size=3)
    return sp.follow_slow_manifold(system, np.zeros((1, 3)), dimension=2, max_length=0.5)


RECORDS = {
    build.__name__: build for build in (points, part, nested, slow, linearization, line, sheet)
}


def file_of(dataset, folder):
    """Return a file that another program could have written: whole, without a seal."""
    path = folder / "resaved.nc"
    dataset.to_netcdf(path, engine="h5netcdf")
    return path


def refused(record, dataset, words):
    with pytest.raises(ArgumentError, match=words) as caught:
        type(record).from_xarray(dataset)
    assert "dataset: it holds no whole " in str(caught.value)


@pytest.fixture
def trusted(monkeypatch):
    """Read files here, not in another process, which takes a second or two."""
    monkeypatch.setattr(netcdf, "written_anew", lambda stored: stored)


each_record = pytest.mark.parametrize("name", RECORDS)

#: Columns that may hold any number, since the network's own step may return any.
FREE = {"value", "input_jacobian", "start_states", "start_end", "curvature", "transverse"}

#: The column whose NaN says that there is no node: a sheet may lack some, a line may not.
NODES = "line", "states"

#: Columns in which NaN says that a number is not known.
UNKNOWN = {"start_q", "dwell_time"}


def with_value(dataset, name, value):
    """Return a dataset with a value at the first place of a variable."""
    values = np.array(dataset[name].values)
    values.flat[0] = value
    return dataset.assign({name: (dataset[name].dims, values, dataset[name].attrs)})


def columns(dataset, kinds):
    return [name for name, v in dataset.data_vars.items() if v.dtype.kind in kinds and v.size]


# -- what another program may do -------------------------------------------------------------------


@each_record
def test_a_file_that_another_program_wrote_anew_is_read_with_a_warning(name, tmp_path, trusted):
    record = RECORDS[name]()
    with xarray.open_dataset(record.save(tmp_path / "record.nc")) as stored:
        path = file_of(stored.load(), tmp_path)
    with pytest.warns(StillpointWarning, match=f"path: {path} has no SHA-256 at its end"):
        again = sp.load(path)
    assert again.to_xarray().identical(record.to_xarray())


@each_record
def test_attributes_and_coordinates_of_others_do_no_harm(name):
    record = RECORDS[name]()
    dataset = record.to_xarray().assign_attrs(history="packed", title=3).reset_coords(drop=True)
    assert type(record).from_xarray(dataset).to_xarray().identical(record.to_xarray())


# -- every column of every record ------------------------------------------------------------------


@each_record
def test_every_variable_is_wanted(name):
    record = RECORDS[name]()
    dataset = record.to_xarray()
    for lost in dataset.data_vars:
        refused(record, dataset.drop_vars(lost), lost.removesuffix("_real"))
    for lost in dataset.attrs.keys() - {"stillpoint_record", "stillpoint_format"}:
        attrs = {key: value for key, value in dataset.attrs.items() if key != lost}
        without = dataset.copy()
        without.attrs = attrs
        refused(record, without, f"{lost}: it is missing")


@each_record
def test_every_column_has_its_type_and_its_dimensions(name):
    record = RECORDS[name]()
    dataset = record.to_xarray()
    for column in columns(dataset, "fib"):
        other = {"f": np.float32, "i": np.int32, "b": np.int8}[dataset[column].dtype.kind]
        part = column.removesuffix("_real").removesuffix("_imag")
        for kind in (other, str, np.complex128 if other is np.float32 else np.float64):
            changed = dataset.assign({column: dataset[column].astype(kind)})
            with pytest.raises(ArgumentError, match=f"{part}: .* is wanted, in double precision"):
                type(record).from_xarray(changed)
        refused(record, dataset.assign({column: dataset[column].astype(other)}), part)
        renamed = dataset[column].rename({dataset[column].dims[0]: "elsewhere"})
        changed = dataset.assign({column: renamed.drop_vars(renamed.coords)})
        refused(record, changed, f"{column}: has the dimensions")
        refused(record, dataset.assign({column: 0.5}), part)


@each_record
def test_no_number_is_what_it_cannot_be(name):
    """Each whole number has bounds; each other number is finite, if it is not one of the free."""
    record = RECORDS[name]()
    dataset = record.to_xarray()
    for column in set(columns(dataset, "i")) - {"hits", "start_steps", "n_kinks"}:
        for number in (99, -7):
            refused(record, with_value(dataset, column, number), f"{column}: holds {number}")
    for column in {"hits", "start_steps", "n_kinks"} & set(dataset.data_vars):
        refused(record, with_value(dataset, column, -5), f"{column}: holds -5, but only")
    for column in set(columns(dataset, "f")) - FREE - ({"states"} if name == "sheet" else set()):
        part = column.removesuffix("_real").removesuffix("_imag")
        what = "states: not all nodes" if (name, column) == NODES else f"{part}: holds"
        for number in {np.nan} if column not in UNKNOWN else {-np.inf, -1.0}:
            refused(record, with_value(dataset, column, number), what)


# -- nonsense of other kinds -----------------------------------------------------------------------


def attribute(name, text):
    return lambda dataset: dataset.assign_attrs({name: text})


def said(variable, *path, to):
    """Return what changes an entry of the JSON that a variable holds."""

    def change(dataset):
        told = json.loads(str(dataset[variable].values))
        inner = told
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = to
        return dataset.assign({variable: ((), json.dumps(told))})

    return change


def text(variable, content):
    return lambda dataset: dataset.assign({variable: ((), content)})


def value(name, number):
    return lambda dataset: with_value(dataset, name, number)


NESTED = "[" * 100_000 + "]" * 100_000

NONSENSE = {
    "start_point that is no point": (points, value("start_point", 9), "start_point"),
    "status that was given up": (points, value("start_status", 9), "0, 1, 2, 3, 4"),
    "source": (points, value("start_source", -1), "start_source"),
    "index": (points, value("index", 2), "index: holds 2"),
    "q": (points, value("q", -1e-30), "q: holds -1e-30"),
    "condition": (points, value("condition", -1.0), "condition"),
    "radius without end": (
        points,
        value("certificate_radius_unique", np.inf),
        "where it is proved",
    ),
    "negative radius": (points, value("certificate_radius_exists", -1.0), "radius_exists"),
    "empty where proved": (points, value("certificate_radius_empty", 0.1), "is not 0 where"),
    "unstable directions": (points, value("certificate_n_unstable_proved", 3), "at most 2"),
    "distinct, not proved": (
        slow,
        lambda d: with_value(
            with_value(d, "certificate_proved", False), "certificate_distinct", True
        ),
        "distinct: holds true where",
    ),
    "label": (slow, value("label", "saddle"), "fixed point, ghost, slow region"),
    "dwell time": (slow, value("dwell_time", -1.0), "dwell_time"),
    "infinite node": (line, value("states", np.inf), "not all nodes are finite"),
    "drift of a node": (line, value("drift", np.nan), "drift: holds nan.*present"),
    "origin": (line, attribute("origin", "37"), "origin: is 37, but there are 37 nodes"),
    "origin below": (sheet, attribute("origin", "-1"), "origin"),
    "origin with a fraction": (line, attribute("origin", "1.5"), "origin: is 1.5, but int"),
    "end": (line, text("ends", "[1, 99]"), "ends: 99 is not a valid End"),
    "end that is true": (line, text("ends", "[1, true]"), "ends: is True, but int is wanted"),
    "one end": (line, text("ends", "[1]"), "ends: there are 1, but 2"),
    "ends of a line": (sheet, text("ends", "[1, 1]"), "ends: there are 2, but 4"),
    "ends that are none": (line, text("ends", "3"), "ends: is 3"),
    "is_selection": (
        points,
        attribute("is_selection", '"yes"'),
        "is_selection: is 'yes', but bool",
    ),
    "is_selection as a number": (points, attribute("is_selection", "1"), "is_selection: is 1"),
    "is_selection that is no JSON": (points, attribute("is_selection", 1), "is_selection"),
    "tol": (points, attribute("tol", "-1.0"), "tol: holds -1.0, but only numbers above 0"),
    "tol that is NaN": (points, attribute("tol", "NaN"), "tol: is nan"),
    "tol that is true": (points, attribute("tol", "true"), "tol: is True"),
    "tol_unique": (slow, attribute("tol_unique", "0"), "tol_unique: holds 0"),
    "tol without end": (points, attribute("tol", "1" * 5000), "tol"),
    "provenance as a list": (points, attribute("provenance", "[1]"), "provenance: is"),
    "provenance as null": (points, attribute("provenance", "null"), "provenance: is None"),
    "provenance nested": (points, attribute("provenance", NESTED[:40_000]), "provenance"),
    "shape": (linearization, attribute("shape", "[2, 4]"), "shape: .2, 4. is not that of 6"),
    "shape below": (linearization, attribute("shape", "[-2, -3]"), "shape: holds -2"),
    "shape of texts": (linearization, attribute("shape", '["2", "3"]'), "shape: is '2'"),
    "system nested": (points, text("system", NESTED), "system"),
    "system as a list": (points, text("system", "[]"), "system: .*wanted|system: .*Type-check"),
    "system cut off": (points, text("system", '{"kind": '), "system"),
    "kind": (points, said("system", "kind", to="cycle"), "kind: is 'cycle'"),
    "dt": (points, said("system", "dt", to=-0.1), "dt: is -0.1"),
    "dt as text": (points, said("system", "dt", to="0.1"), "dt: is '0.1'"),
    "lefschetz": (points, said("system", "lefschetz", to=1.5), "lefschetz: is 1.5"),
    "description": (points, said("system", "description", to=3), "description: is 3"),
    "hash": (points, said("system", "weights_sha256", to=[]), "weights_sha256"),
    "states of another system": (
        points,
        lambda d: text("system", system_of(nested()))(d),
        "3 states",
    ),
    "inputs of another system": (
        points,
        said("system", "input_regions", "size", to=10**12),
        "system: it has 2 states and 1000000000000 inputs",
    ),
    "region outside": (points, said("system", "state_regions", "members", "a", to=[2]), "'a'"),
    "region twice": (points, said("system", "state_regions", "members", "a", to=[0, 0]), "'a'"),
    "region of texts": (points, said("system", "state_regions", "members", "a", to="0"), "'a'"),
    "regions as a list": (points, said("system", "state_regions", "members", to=[]), "regions"),
    "parent": (points, said("system", "state_regions", "parents", to={"p": ["c"]}), "'c'"),
    "number of units": (points, said("system", "state_regions", "size", to="2"), "size"),
    "place outside": (points, said("system", "layout", "places", to=[0, 2]), "each place"),
    "place below": (points, said("system", "layout", "places", to=[0, -1]), "each place"),
    "place twice": (points, said("system", "layout", "places", to=[1, 1]), "each place"),
    "place with a fraction": (points, said("system", "layout", "places", to=[0, 1.5]), "whole"),
    "places that are none": (points, said("system", "layout", "places", to="01"), "whole"),
    "places of another size": (
        points,
        said("system", "layout", "places", to=[0]),
        "1 states, not 2",
    ),
    "batch axis": (points, said("system", "layout", "batch_axis", to=2), "batch axis"),
    "name of a variable": (points, said("system", "layout", "name", to=None), "name: is None"),
    "nest of another kind": (nested, said("system", "layout", "kind", to="set"), "is 'set'"),
    "name of two variables": (
        nested,
        said("system", "layout", "of", 0, 1, "name", to="1"),
        "each place, and each name, once",
    ),
    "members": (nested, said("system", "layout", "of", to=[["0"]]), "system: layout"),
    "kept": (part, said("system", "restriction", "kept", to=[0, 0]), "each once"),
    "held": (part, said("system", "restriction", "held", to=[2, 3, 4]), "holding"),
    "holding": (part, said("system", "restriction", "holding", to=[0.0, None]), "holding|None"),
    "holding that is NaN": (
        part,
        said("system", "restriction", "holding", to=[0.0, np.nan]),
        "nan",
    ),
    "restriction": (part, said("system", "restriction", to=3), "restriction"),
    "proof": (points, said("enumerations", 0, "is_proof", to="no"), "is_proof: is 'no'"),
    "examined": (points, said("enumerations", 0, "examined", to=-1), "negative"),
    "points of a proof": (points, said("enumerations", 0, "shape", to=[2, 9]), "another size"),
    "states of a proof": (points, said("enumerations", 0, "states", to=["a"]), "enumerations"),
    "shape of a proof": (points, said("enumerations", 0, "shape", to=[-1, 2]), "negative"),
    "proofs as a table": (points, text("enumerations", "{}"), "enumerations: is"),
    "certificate in parts": (points, lambda d: d.drop_vars("certificate_box"), "certificate_box"),
    "starts left out": (
        points,
        lambda d: d.drop_vars([name for name in d.data_vars if name.startswith("start_")]),
        "start_states: it is missing",
    ),
    "further variable": (points, lambda d: d.assign(note=("point", np.zeros(9))), "note"),
}


def system_of(record):
    return str(record.to_xarray()["system"].values)


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused(name):
    build, change, words = NONSENSE[name]
    refused(build(), change(build().to_xarray()), words)


SEVERAL = list(NONSENSE)[::8]


@pytest.mark.parametrize(
    "name", [n if n in SEVERAL else pytest.param(n, marks=pytest.mark.slow) for n in NONSENSE]
)
def test_nonsense_in_a_file_is_refused(name, tmp_path, trusted):
    build, change, words = NONSENSE[name]
    path = file_of(change(build().to_xarray()), tmp_path)
    with pytest.raises(FileFormatError, match=words) as caught:
        sp.load(path)
    assert f"path: {path} holds no whole " in str(caught.value)


@pytest.mark.parametrize(
    ("attrs", "words"),
    [
        ({"stillpoint_record": np.arange(3)}, "not one of stillpoint's results"),
        ({"stillpoint_record": 3}, "not one of stillpoint's results"),
        ({"stillpoint_record": "Record"}, "not one of stillpoint's results"),
        ({"stillpoint_record": "SlowPoints"}, "holds no whole SlowPoints .label: it is missing"),
        ({"stillpoint_format": np.arange(3)}, "has version"),
        ({"stillpoint_format": "one"}, "has version 'one'"),
        ({"stillpoint_format": 1.5}, "has version"),
    ],
)
def test_labels_of_the_format_that_are_none_are_refused(attrs, words, tmp_path, trusted):
    path = file_of(points().to_xarray().assign_attrs(attrs), tmp_path)
    with pytest.raises(FileFormatError, match=words):
        sp.load(path)


@pytest.mark.parametrize("what", [5, None, "points.nc", {}, np.zeros(3)])
def test_what_is_no_dataset_is_named(what):
    with pytest.raises(ArgumentError, match=r"dataset: got \w+, but an xarray\.Dataset is wanted"):
        sp.FixedPoints.from_xarray(what)


def test_an_empty_dataset_says_what_is_missing():
    with pytest.raises(ArgumentError, match=r"no whole FixedPoints \(xstar: it is missing\)"):
        sp.FixedPoints.from_xarray(xarray.Dataset())


@pytest.mark.parametrize(
    ("domain", "values", "misfit"),
    [
        (Domain(), [np.nan], None),
        (Domain(least=0), [0.0, np.inf], None),
        (Domain(least=0), [1.0, np.nan], "holds nan, but only numbers of at least 0 can be"),
        (Domain(least=0, missing=True), [np.nan], None),
        (
            Domain(least=0, missing=True),
            [-1.0],
            "holds -1.0, but only numbers of at least 0 can be",
        ),
        (Domain(most="state"), [2, 3], "holds 3, but only numbers of at most 2 (state) can be"),
        (Domain(below="elsewhere"), [10**9], None),
        (Domain(options=("a", "b")), ["a", "c"], "holds c, but only a, b can be"),
        (Domain(finite="there"), [np.nan, 1.0], None),
        (Domain(finite="there"), [1.0, np.inf], "holds inf, but only finite numbers where it is"),
        (Domain(finite="there"), [[np.nan] * 2, [0.0] * 2], None),
        (Domain(finite=True), [], None),
    ],
)
def test_domains(domain, values, misfit):
    fields = {"there": np.array([False, True])}
    found = domain.misfit(values, {"state": 2}, fields.get)
    assert found is None if misfit is None else found.startswith(misfit)
