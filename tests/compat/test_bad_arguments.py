"""Containers and finders by other tools' names refuse what they cannot work with."""

from __future__ import annotations

import numpy as np
import pytest

from stillpoint import ArgumentError, FileFormatError
from stillpoint.compat import canns, fixed_point_finder
from stillpoint.compat.brainpy import SlowPointFinder
from stillpoint.compat.fixed_point_finder import FixedPointFinderTorch, FixedPoints

X = np.array([[0.5, -0.5], [0.0, 1.0]])


def step(inputs, h):
    return None, np.tanh(2 * h + inputs)


@pytest.mark.parametrize(
    "fields",
    [
        {"xstar": X[0]},
        {"xstar": X.astype(complex)},
        {"xstar": X, "J_xstar": X},
        {"xstar": X, "J_xstar": np.zeros((2, 2, 3))},
        {"xstar": [["a", "b"]]},
        {"xstar": X, "tol_unique": np.nan},
        {"xstar": X, "dtype": "abc"},
        {"xstar": np.ma.masked_less(X, 0)},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("kind", [FixedPoints, canns.FixedPoints])
def test_fields_have_the_axes_that_they_must_have(kind, fields):
    name = list(fields)[-1]
    with pytest.raises(ArgumentError, match=f"{name}: got"):
        kind(**fields)


def test_rows_of_nan_belong_to_no_group():
    fps = FixedPoints(np.array([[0.0, np.nan], [0.0, 1.0]]))
    with pytest.raises(ArgumentError, match=r"xstar: .* leave them out first"):
        fps.get_unique()
    known = fps[np.isfinite(fps.xstar).all(axis=1)]
    assert known.get_unique().n == 1


def test_tensors_that_require_grad_are_read():
    torch = pytest.importorskip("torch")
    fps = FixedPoints(torch.tensor(X, requires_grad=True))
    np.testing.assert_array_equal(fps.xstar, X)


@pytest.mark.parametrize(
    "setting",
    [
        {"max_n_unique": 2.5},
        {"max_n_unique": np.nan},
        {"do_rerun_q_outliers": "yes"},
        {"tol_unique": -1.0},
        {"random_seed": [1]},
        {"random_seed": True},
        {"lr_init": "1"},
        {"max_iters": None},
        {"tol_q": np.inf},
    ],
    ids=str,
)
def test_settings_are_checked_when_a_finder_is_made(setting):
    (name,) = setting
    with pytest.raises(ArgumentError, match=f"{name}: got"):
        FixedPointFinderTorch(step, **setting)


@pytest.mark.parametrize("method", ["filter_loss", "keep_unique", "exclude_outliers"])
@pytest.mark.parametrize("tolerance", [None, "1", np.nan, -1.0, [1.0], True])
def test_tolerances_of_brainpy_are_positive_numbers(method, tolerance):
    finder = SlowPointFinder(lambda x: np.tanh(2 * x), f_type="discrete", verbose=False)
    finder.find_fps_with_gd_method(X)
    with pytest.raises(ArgumentError, match="tolerance: got"):
        getattr(finder, method)(tolerance)


@pytest.mark.parametrize("path", [None, 1, True, b"a", 2.5, "a\0b", []], ids=str)
@pytest.mark.parametrize(
    "call",
    [
        FixedPoints(X).save,
        FixedPoints(X).restore,
        lambda path: canns.load_checkpoint(object(), path),
    ],
    ids=["save", "restore", "load_checkpoint"],
)
def test_files_have_names(call, path):
    """The numbers 0, 1 and 2 would be read as open files, and closed."""
    with pytest.raises(ArgumentError, match=r"path: got .* name of a file"):
        call(path)


def test_a_file_of_points_on_one_axis_holds_no_points(tmp_path):
    import pickle

    path = tmp_path / "points.p"
    path.write_bytes(pickle.dumps({"xstar": X[0]}))
    fps = FixedPoints(X)
    with pytest.raises(FileFormatError, match="restore_path: "):
        fps.restore(path)
    np.testing.assert_array_equal(fps.xstar, X)


def test_trials_that_are_not_there_are_not_drawn():
    fps = FixedPoints(X, J_xstar=np.zeros((2, 2, 2)))
    for name, value in {"plot_batch_idx": [9], "plot_start_time": 7, "state_traj": X}.items():
        arguments = {"state_traj": np.zeros((3, 4, 2)), name: value}
        with pytest.raises(ArgumentError, match=name):
            fixed_point_finder.plot_fps(fps, **arguments)
