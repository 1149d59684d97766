"""Which points and starts lie apart, as the finders of other tools tell them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..._core.arrays import to_numpy
from ..._core.validation import check_kind, check_real, read_floats
from ...errors import ArgumentError
from .errors import raises_as_before
from .rows import RowArrays


@raises_as_before
class Outliers:
    """The methods of finders that tell outliers; they return places, as arrays of ints."""

    #: What makes the array that is returned of NumPy's.
    as_places: ClassVar[Callable[[Any], Any]] = staticmethod(np.asarray)

    @classmethod
    def identify_q_outliers(cls, fps: RowArrays, q_thresh: float) -> Any:
        """Return the places of the points whose q is above a threshold."""
        return cls.as_places(np.flatnonzero(_q_of(fps) > check_real("q_thresh", q_thresh)))

    @classmethod
    def identify_q_non_outliers(cls, fps: RowArrays, q_thresh: float) -> Any:
        """Return the places of the points whose q is not above a threshold."""
        return cls.as_places(np.flatnonzero(_q_of(fps) <= check_real("q_thresh", q_thresh)))

    @classmethod
    def get_init_non_distance_outliers(cls, initial_states: Any, dist_thresh: float) -> Any:
        """Return the places of starts within `dist_thresh` mean distances of their mean."""
        starts = read_floats("initial_states", initial_states)
        return cls.as_places(_near(starts, initial_states, dist_thresh))

    @classmethod
    def get_fp_non_distance_outliers(
        cls, fps: RowArrays, initial_states: Any, dist_thresh: float
    ) -> Any:
        """Return the places of the points that lie as near to the mean of the starts."""
        check_kind("fps", fps, RowArrays, "a container of points")
        places = read_floats("fps.xstar", fps.filled().get("xstar", np.zeros(0)))
        return cls.as_places(_near(places, initial_states, dist_thresh))

    @classmethod
    def identify_distance_non_outliers(
        cls, fps: RowArrays, initial_states: Any, dist_thresh: float
    ) -> Any:
        """Return what `get_fp_non_distance_outliers` does, by its older name."""
        return cls.get_fp_non_distance_outliers(fps, initial_states, dist_thresh)


def _q_of(fps: Any) -> Float[np.ndarray, " n"]:
    check_kind("fps", fps, RowArrays, "a container of points")
    if (q := fps.filled().get("qstar")) is None:
        raise ArgumentError("fps: its qstar is not known, so there are no outliers to tell.")
    return to_numpy(q)


def _near(states: np.ndarray, initial_states: Any, scale: float) -> np.ndarray:
    starts = read_floats("initial_states", initial_states)
    if starts.ndim != 2 or not starts.size or states.shape[1:] != starts.shape[1:]:
        raise ArgumentError(
            f"initial_states: got shape {starts.shape}, but (n, d) is wanted, with the d of the "
            f"points, at least one of them."
        )
    centre = starts.mean(axis=0)
    mean = np.linalg.norm(starts - centre, axis=1).mean()
    bound = check_real("dist_thresh", scale, least=0) * mean
    return np.flatnonzero(np.linalg.norm(states - centre, axis=1) < bound)
