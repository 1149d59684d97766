"""Searches without stored Jacobians and whole spectra, against those with them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import stillpoint as sp
from search_cases import assert_same, starts, three_cubed
from stillpoint import ArgumentError
from stillpoint.cells import LeakyCell, StackedCell, VanillaCell
from stillpoint.local import LARGE, Decision
from stillpoint.solvers import NewtonKrylov

FREE = NewtonKrylov(least_unknowns=1, most_products=20)


def planted(d, phi="tanh"):
    """Three bistable groups of units, and noise: 27 points, 8 of them stable."""
    W = 0.35 / np.sqrt(d) * np.random.default_rng(0).standard_normal((d, d))
    for units in np.array_split(np.arange(d), 3):
        W[np.ix_(units, units)] += 1.5 / len(units)
    return VanillaCell(W, np.zeros((d, 0)), np.zeros(d), phi)


def begin(d, n=64):
    rng = np.random.default_rng(1)
    x = np.zeros((n, d))
    for units, value in zip(
        np.array_split(np.arange(d), 3), rng.uniform(-1, 1, (3, n)), strict=True
    ):
        x[:, units] = value[:, None]
    return x + 0.3 * rng.standard_normal((n, d))


def systems():
    d, rng = 12, np.random.default_rng(3)
    W = planted(d).W
    layer = VanillaCell(W, 0.1 * rng.standard_normal((d, d)), np.zeros(d))
    yield "vanilla", sp.as_system(planted(d)), d
    yield "leaky", sp.as_system(LeakyCell(W, np.zeros((d, 0)), np.zeros(d), alpha=0.2)), d
    yield "relu", sp.as_system(VanillaCell(0.4 * W, np.zeros((d, 0)), np.ones(d), "relu")), d
    yield "restricted", sp.as_system(planted(d)).restrict(units=[0, 1, 5, 9], holding=np.ones(d)), 4
    two = StackedCell([VanillaCell(W, np.zeros((d, 0)), np.zeros(d)), layer])
    yield "two layers", sp.as_system(two), 2 * d
    for name in ("gru", "lstm"):
        system = sp.tasks.load_network(name).system.clamp(np.zeros(3))
        yield name, system, system.state_size
    yield "flow", sp.as_system(
        lambda x: np.tanh(x @ W.T) - x, state_size=d, kind="flow", recognise=False,
        jacobian=lambda x, _: (1 - np.tanh(x @ W.T) ** 2)[:, :, None] * W - np.eye(d),
    ), d  # fmt: skip


SYSTEMS = {name: (system, d) for name, system, d in systems()}


def both(system, x, **options):
    """Return what a search finds with whole spectra, and without."""
    told = {"rounds": 0, "orbits": False, "progress": False} | options
    return (
        sp.find_fixed_points(system, x, spectra="all", **told),
        sp.find_fixed_points(system, x, spectra="leading", **told),
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_points_and_labels_are_those_of_whole_spectra(name):
    system, d = SYSTEMS[name]
    x = begin(d)
    whole, partial = both(system, x)
    assert_same(whole, partial)
    assert partial.linearization.matrices is None
    assert (partial.linearization.leading.decision != Decision.OPEN).all()
    assert partial.census().completeness == whole.census().completeness
    np.testing.assert_allclose(partial.jacobian, whole.jacobian, atol=1e-11)
    np.testing.assert_allclose(partial.eigenvalues, whole.eigenvalues, atol=1e-6)
    free = sp.find_fixed_points(
        system, x, solver=FREE, spectra="leading", rounds=0, orbits=False, progress=False
    )
    known = len(free) - len(whole.compare(free).only_second)
    assert known >= 0.8 * len(whole)  # from afar, inexact steps may lead elsewhere


@pytest.mark.torch
def test_black_boxes_of_torch_are_searched_by_products():
    import torch

    W = torch.tensor(planted(LARGE + 10).W)
    step = lambda x, u: torch.tanh(x @ W.T)  # noqa: E731
    system = sp.as_system(step, state_size=len(W), recognise=False, framework="torch")
    assert isinstance(sp.search.options.default_solvers(system.dynamics)[0], NewtonKrylov)
    cell = sp.as_system(planted(LARGE + 10))
    x = begin(LARGE + 10, 12)
    told = {"rounds": 0, "orbits": False, "progress": False}
    points, known = (sp.find_fixed_points(one, x, **told) for one in (system, cell))
    assert len(points.compare(known).only_first) == len(points.compare(known).only_second) == 0
    assert points.n_unstable.tolist() == known.n_unstable.tolist()
    assert points.index.tolist() == known.index.tolist()


def test_a_large_network_is_searched_so_by_itself():
    system = sp.as_system(planted(LARGE + 1))
    points = sp.find_fixed_points(system, begin(LARGE + 1), progress=False)
    assert len(points) == 27
    assert points.linearization.leading is not None
    assert np.bincount(points.n_unstable).tolist() == [8, 12, 6, 1]
    assert points.index.tolist() == ((-1) ** points.n_unstable).tolist()
    assert points.census().tallies[0].index_sum == 1
    assert "spectra are partial" in repr(points)
    assert np.isfinite(points.linearization.slowest_time_constant).all()
    assert points.hits.sum() == (points.starts.point >= 0).sum()


def test_all_spectra_are_there_where_they_are_asked_for():
    system = sp.as_system(planted(LARGE + 1))
    points = sp.find_fixed_points(
        system, begin(LARGE + 1, 2), spectra="all", rounds=0, orbits=False, progress=False
    )
    assert points.linearization.matrices is not None
    assert points.linearization.leading is None


def partial_points():
    return sp.find_fixed_points(three_cubed(), starts(100), spectra="leading", progress=False)


def test_files_hold_what_is_known_and_say_what_is_not(tmp_path):
    points = partial_points()
    loaded = sp.load(points.save(tmp_path / "points.nc"))
    np.testing.assert_array_equal(loaded.xstar, points.xstar)
    np.testing.assert_array_equal(loaded.index, points.index)
    lin = loaded.linearization
    np.testing.assert_array_equal(lin.leading_eigenvalues, points.linearization.leading_eigenvalues)
    assert lin.n_unstable.tolist() == points.n_unstable.tolist()
    with pytest.raises(ArgumentError, match="linearize"):
        _ = loaded.jacobian
    whole = sp.linearize(three_cubed(), loaded)
    np.testing.assert_array_equal(whole.jacobian, points.jacobian)
    assert repr(loaded) == repr(points)
    assert len(pickle.loads(pickle.dumps(points))) == len(points)
    dataset = points.to_xarray()
    assert "jacobian" not in dataset
    assert dataset["leading_others"].dims == ("point",)


def test_selections_and_unions_keep_what_is_known():
    points = partial_points()
    some = points[points.n_unstable == 1]
    assert (some.linearization.n_unstable == 1).all()
    np.testing.assert_array_equal(some.jacobian, points.jacobian[points.n_unstable == 1])
    whole = sp.find_fixed_points(three_cubed(), starts(100), spectra="all", progress=False)
    union = sp.FixedPoints.concatenate([whole, points])
    assert union.linearization.matrices is None
    assert union.n_unstable.tolist() == [*whole.n_unstable, *points.n_unstable]
    assert len(union.unique()) == len(points)
    assert np.isfinite(union.jacobian).all()


def test_units_other_than_one_change_nothing_that_is_counted():
    system, x = three_cubed(), starts(100)
    one, scaled = (
        sp.find_fixed_points(
            system, x, scale=scale, spectra="leading", rounds=0, orbits=False, progress=False
        )
        for scale in (None, [1.0, 4.0, 0.25])
    )
    assert len(one.compare(scaled).only_second) <= 1
    assert scaled.index.tolist() == ((-1) ** scaled.n_unstable).tolist()
    lin = scaled.linearization
    for k, (values, residuals) in enumerate(
        zip(lin.leading.eigenvalues, lin.leading.residuals, strict=True)
    ):
        A = system.jacobian(lin.states[k : k + 1], lin.inputs[k : k + 1])[0]
        for value, residual, v in zip(values, residuals, lin.leading.vectors[k], strict=True):
            if np.isfinite(value):
                assert np.linalg.norm(A @ v - value * v) <= residual + 1e-12


def test_all_points_are_found_and_proved():
    points = sp.find_all_fixed_points(three_cubed(), spectra="leading", max_starts=64)
    assert len(points) == 27
    proved = sp.certify(three_cubed(), points)
    assert proved.certificate.all_proved
    assert proved.n_unstable.tolist() == points.n_unstable.tolist()


def test_pictures_and_reports_show_the_leading_eigenvalues(tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    points = partial_points()
    drawn = sp.plots.spectrum(points)
    assert drawn["eigenvalues"][0].axes.get_xlabel() == "Re λ (leading)"
    sp.plots.fixed_points(points)
    text = points.report(tmp_path / "points.html").read_text()
    assert "most unstable of each state" in text
    assert "spectra are partial" in text


def test_what_is_open_is_called_undecided(monkeypatch):
    monkeypatch.setattr("stillpoint.local.leading._ALL_WITHIN", 1)
    system = sp.as_system(VanillaCell(np.diag([1.0, 0.5, 0.5]), np.zeros((3, 0)), np.zeros(3)))
    points = sp.find_fixed_points(
        system, starts(20), spectra="leading", rounds=0, orbits=False, progress=False
    )
    assert (points.n_unstable == -1).all()
    assert not points.is_stable.any()


def test_points_that_are_known_are_described_once(monkeypatch):
    """Rounds that bring a point more leave the others as they are."""
    from stillpoint.search import describe

    described = []
    linearize = describe.linearize_large

    def counted(system, x, u):
        described.append(len(x))
        return linearize(system, x, u)

    monkeypatch.setattr(describe, "linearize_large", counted)
    points = sp.find_fixed_points(
        three_cubed(), starts(12), rounds=6, spectra="leading", progress=False
    )
    assert len(described) > 1
    assert sum(described) <= len(points) + 2


def test_a_word_that_is_no_option_is_refused():
    with pytest.raises(ArgumentError, match="spectra"):
        sp.find_fixed_points(three_cubed(), starts(4), spectra="some")


def test_a_continuum_is_recognised():
    W = np.outer([1.0, 1.0], [0.5, 0.5])
    system = sp.as_system(VanillaCell(W, np.zeros((2, 0)), np.zeros(2), "linear"))
    whole, partial = both(system, starts(10, 2))
    assert partial.on_continuum.tolist() == whole.on_continuum.tolist()
    assert partial.on_continuum.all()
