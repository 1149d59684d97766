"""What comes in from a caller is read whole, or refused with its name and in few words."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, solvers
from stillpoint._core.selections import read_indices
from stillpoint._core.validation import (
    check_real,
    check_whole,
    read_floats,
    read_generator,
    read_seed,
)
from stillpoint.cells import LSTMCell, VanillaCell
from stillpoint.errors import came

pytestmark = [
    pytest.mark.filterwarnings("ignore:the matrix subclass"),
    pytest.mark.skipif(
        "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checker refuses wrong types first"
    ),
]

# -- masked arrays ----------------------------------------------------------------------------


def matrix(values):
    """Return NumPy's own matrix, which warns that it is to go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(values)


@pytest.fixture
def padded():
    """Trials of 5 steps, padded to 9, in which one state of the first trial is not known either."""
    states = np.ma.masked_array(np.ones((3, 9, 2)))
    states.data[:, 5:] = -999
    states[:, 5:] = np.ma.masked
    states[0, 0, 1] = np.ma.masked
    states.data[0, 0] = -999
    return states


@pytest.mark.parametrize("pack", [lambda states: states, list])
def test_masked_states_are_never_drawn(padded, pack):
    drawn = sp.sample_states(pack(padded), 200)
    assert (drawn == 1).all()


def test_states_are_drawn_where_the_mask_and_the_array_allow_it(padded):
    where = np.zeros((3, 9), dtype=bool)
    where[0, 0] = True
    with pytest.raises(ArgumentError, match=r"where: .* masked in `trajectories`"):
        sp.sample_states(padded, 1, where=where)
    where[0, 1] = True
    assert (sp.sample_states(padded, 5, where=where) == 1).all()


def test_components_are_those_of_the_states_that_are_known(padded):
    padded[1, 0] = 3
    known = padded.data[~padded.mask.any(axis=-1)]
    found, wanted = sp.fit_pca(padded, 1), sp.fit_pca(known, 1)
    assert type(found.mean_) is np.ndarray
    np.testing.assert_array_equal(found.mean_, wanted.mean_)
    np.testing.assert_array_equal(found.components_, wanted.components_)


@pytest.mark.parametrize("pack", [lambda rows: rows, list, tuple])
def test_masked_values_are_refused_elsewhere(pack):
    rows = np.ma.masked_array(np.ones((2, 2)), mask=[[1, 0]] * 2)
    system = sp.as_system(VanillaCell(np.eye(2), np.zeros((2, 0)), np.zeros(2)))
    with pytest.raises(ArgumentError, match=r"states: .*2 values are masked"):
        sp.find_fixed_points(system, pack(rows))


def test_masked_weights_are_refused_and_others_become_arrays():
    W = np.ma.masked_array(np.eye(2))
    cell = VanillaCell(W, matrix(np.zeros((2, 1))), np.zeros(2, dtype=">f8"))
    assert {type(a) for a in (cell.W, cell.B, cell.b)} == {np.ndarray}
    assert cell.b.dtype == np.float64
    W[0, 0] = np.ma.masked
    with pytest.raises(ArgumentError, match=r"W of VanillaCell: .*none of them masked"):
        VanillaCell(W, np.zeros((2, 1)), np.zeros(2))


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, complex, int, object])
def test_weights_are_of_single_or_double_precision(dtype):
    with pytest.raises(ArgumentError, match=r"W of VanillaCell: got .* float64 or float32"):
        VanillaCell(np.eye(2).astype(dtype), np.zeros((2, 1), dtype), np.zeros(2, dtype))


def test_a_matrix_is_an_array():
    values = read_floats("states", matrix([[1.0, 2.0]]))
    assert type(values) is np.ndarray


def test_cells_have_units():
    with pytest.raises(ArgumentError, match=r"W of VanillaCell: .* at least one unit"):
        VanillaCell(np.zeros((0, 0)), np.zeros((0, 1)), np.zeros(0))
    with pytest.raises(ArgumentError, match=r"W of LSTMCell: .* at least one unit"):
        LSTMCell(np.zeros((0, 0)), np.zeros((0, 1)), np.zeros(0))


# -- seeds and numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "seed",
    [None, True, -1, 2.0, [1], [], np.array(3), matrix(np.ones((6, 2))), "1", 2**70,
     np.random.SeedSequence(0), np.random.RandomState(0)],
    ids=lambda seed: f"{type(seed).__name__} {seed}"[:20].partition("(")[0],
)  # fmt: skip
def test_a_seed_is_a_whole_number_or_a_generator(seed):
    for read in (read_seed, read_generator):
        with pytest.raises(ArgumentError, match=r"seed: got .* whole number .* NumPy generator"):
            read("seed", seed)
    with pytest.raises(ArgumentError, match="seed: got"):
        sp.sample_states(np.zeros((1, 5, 2)), 3, seed=seed)
    with pytest.raises(ArgumentError, match="seed: got"):
        sp.find_fixed_points(sp.as_system(lambda x: x / 2, 1), np.ones((1, 1)), seed=seed)


def test_a_generator_goes_on_where_it_was():
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    assert read_generator("seed", one) is one
    assert [read_seed("seed", one) for _ in range(2)] == [
        read_seed("seed", other) for _ in range(2)
    ]
    assert read_seed("seed", one) != read_seed("seed", one)


@pytest.mark.parametrize(
    "value", [2.0, 1e5, True, "3", None, np.array(3), 2**63, 10**5000], ids=came
)
def test_a_whole_number_is_no_float_and_no_array(value):
    with pytest.raises(ArgumentError, match=r"n: got .* whole number"):
        check_whole("n", value, least=0)


def test_the_message_says_how_a_float_is_written():
    with pytest.raises(ArgumentError, match=r"budget: got 100000\.0, .* Write it as 100000"):
        check_whole("budget", 1e5, least=1)


@pytest.mark.parametrize(
    "value", [np.nan, np.inf, -np.inf, 10**400, True, "1", None, 1j, [1.0]], ids=came
)
def test_a_real_number_is_finite(value):
    with pytest.raises(ArgumentError, match=r"dt: got .* finite number"):
        check_real("dt", value)


def test_infinity_is_a_number_where_it_has_a_meaning():
    assert check_real("tolerance", np.inf, above=0, finite=False) == np.inf
    with pytest.raises(ArgumentError, match="tolerance: got nan, but a positive number is wanted"):
        check_real("tolerance", np.nan, above=0, finite=False)


@pytest.mark.parametrize(
    "indices", [[2], [-1], [0, 0], [0.0], [True], "01", {0: 1}, iter([0]), None, [[0]]], ids=came
)
def test_places_are_whole_numbers_each_once(indices):
    with pytest.raises(ArgumentError, match="units: got"):
        read_indices("units", indices, size=2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: solvers.Adam(rate=np.nan),
        lambda: solvers.Adam(betas=(0.9, 1.0)),
        lambda: solvers.Adam(betas=(0.9,)),
        lambda: solvers.Adam(schedule=0.5),
        lambda: solvers.Plateau(factor=0),
        lambda: solvers.Plateau(patience=2.5),
        lambda: solvers.Newton(max_trials=0),
        lambda: solvers.Newton(decrease="1e-4"),
        lambda: solvers.LevenbergMarquardt(first_damping=-1),
    ],
)
def test_solvers_check_their_settings(make):
    with pytest.raises(ArgumentError, match=r"got .* wanted"):
        make()


# -- messages ---------------------------------------------------------------------------------


class Page:
    def __repr__(self) -> str:
        return "x" * 10**6


class Silent:
    def __repr__(self) -> str:
        raise KeyError


@pytest.mark.parametrize(
    "value",
    ["a" * 10**6, [Page()] * 10**4, Page(), Silent(), [Silent()], 10**5000, np.ones(10**6)],
    ids=range(7),
)
def test_messages_are_short_whatever_came(value):
    assert len(came(value)) < 1000
