"""Projections onto principal components or other axes, and back into the state space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ..errors import ArgumentError
from .display import Display, plural
from .record import Record, column, plain
from .selections import read_unmasked
from .validation import check_whole, read_floats
from .values import Domain


@final
@dataclass(frozen=True, eq=False, repr=False)
class Projection(Record):
    """An affine projection of states onto a few axes: y = (x - mean) components^T.

    Attributes
    ----------
    components_
        Axes, one per row, shape (k, d); principal components are orthonormal, readouts need not be.
    mean_
        The origin, shape (d,): a state whose coordinates are zero.
    explained_variance_ratio_
        The share of the variance along each axis, shape (k,); NaN where no states were fitted.
    extent
        The least and the largest coordinate of the states it was fitted to, shape (k, 2), or NaN.
    names
        Of the axes, for pictures.
    """

    rows = "component"

    components_: Float[np.ndarray, "k d"] = column("component", "state", long_name="axis")
    mean_: Float[np.ndarray, " d"] = column("state", long_name="origin")
    explained_variance_ratio_: Float[np.ndarray, " k"] = column(
        "component", long_name="share of the variance", domain=Domain(least=0, missing=True)
    )
    extent: Float[np.ndarray, "k 2"] = column(
        "component", "end", long_name="range of fitted states", domain=Domain(missing=True)
    )
    names: tuple[str, ...] = plain()

    @classmethod
    def of(
        cls,
        components: Float[np.ndarray, "k d"],
        mean: Float[np.ndarray, " d"],
        names: Sequence[str] = (),
        states: Float[np.ndarray, "n d"] | None = None,
    ) -> Projection:
        """Return the projection onto some axes; `states` tell its extent."""
        k = len(components)
        made = cls(
            components,
            mean,
            np.full(k, np.nan),
            np.full((k, 2), np.nan),
            tuple(names) or tuple(f"axis {j}" for j in range(1, k + 1)),
        )
        return made if states is None else replace(made, extent=made.range_of(states))

    def _display(self) -> Display:
        k, d = self.components_.shape
        return Display(f"projection of {plural(d, 'state variable')}: {', '.join(self.names[:k])}")

    def transform(self, states: Any) -> Float[np.ndarray, "... k"]:
        """Return states, shape (..., d), in the coordinates of the projection.

        Raises
        ------
        ArgumentError
            If the states have another size.
        """
        return (self._read("states", states) - self.mean_) @ self.components_.T

    def directions(self, vectors: Any) -> Float[np.ndarray, "... k"]:
        """Project directions, which the origin does not shift.

        Raises
        ------
        ArgumentError
            If they have another size.
        """
        return self._read("vectors", vectors) @ self.components_.T

    def inverse_transform(self, coordinates: Any) -> Float[np.ndarray, "... d"]:
        """Return the states at some coordinates, shape (..., k), in the plane through the origin.

        Raises
        ------
        ArgumentError
            If there are more or fewer coordinates.

        Examples
        --------
        >>> import numpy as np
        >>> pca = fit_pca(np.array([[0.0, 0.0], [2.0, 0.0]]), n_components=1)
        >>> pca.inverse_transform([[1.0]]).tolist()
        [[2.0, 0.0]]
        """
        array = read_floats("coordinates", coordinates)
        if array.shape[-1:] != (len(self.components_),):
            raise ArgumentError(
                f"coordinates: got shape {array.shape}, but (..., {len(self.components_)}) is "
                f"wanted: one for each axis."
            )
        return self.mean_ + array @ self._back.T

    def distances(self, states: Any) -> Float[np.ndarray, "..."] | np.floating:
        """Return how far states, shape (..., d), lie from the plane (or line) of the projection.

        Raises
        ------
        ArgumentError
            If the states have another size.
        """
        x = self._read("states", states)
        return np.linalg.norm(x - self.inverse_transform(self.transform(x)), axis=-1)

    def share(self, vectors: Any) -> Float[np.ndarray, "..."] | np.floating:
        """Return which share of the squared length of vectors lies along the plane; NaN of none.

        Raises
        ------
        ArgumentError
            If they have another size.

        Examples
        --------
        >>> import numpy as np
        >>> fit_pca(np.array([[0.0, 0.0], [2.0, 0.0]]), n_components=1).share([3.0, 4.0]).item()
        0.36
        """
        v = self._read("vectors", vectors)
        length = np.linalg.norm(v, axis=-1)
        along = np.linalg.norm(v @ self.components_.T @ self._back.T, axis=-1)
        with np.errstate(all="ignore"):
            return np.minimum((along / length) ** 2, 1.0)

    def range_of(self, states: Any) -> Float[np.ndarray, "k 2"]:
        """Return the least and the largest coordinate of states, shape (..., d)."""
        places = self.transform(states).reshape(-1, len(self.components_))
        return np.stack([places.min(axis=0), places.max(axis=0)], axis=1)

    @cached_property
    def _back(self) -> Float[np.ndarray, "d k"]:
        """From coordinates to the shortest vector that has them."""
        return np.linalg.pinv(self.components_)

    def _read(self, name: str, values: Any) -> Float[np.ndarray, "... d"]:
        array = read_floats(name, values)
        if array.shape[-1:] != self.mean_.shape:
            raise ArgumentError(
                f"{name}: got shape {array.shape}, but (..., {len(self.mean_)}) is wanted: the "
                f"projection is of states of that size."
            )
        return array


@np.errstate(all="ignore")
def fit_pca(states: Any, n_components: int = 2) -> Projection:
    """Return the projection onto the principal components of `states`.

    Parameters
    ----------
    states
        Shape (..., d), for example trajectories (trials, time, d). States of which something is
        masked, in an array of `numpy.ma`, are left out.
    n_components
        How many components; fewer are returned if the state has fewer.

    Raises
    ------
    ArgumentError
        If there are no states, or no component.

    Examples
    --------
    >>> import numpy as np
    >>> pca = fit_pca(np.array([[0.0, 0.0], [2.0, 0.0]]), n_components=1)
    >>> pca.transform(np.array([[2.0, 0.0]])).round(6).tolist()
    [[1.0]]
    """
    flat, known = read_unmasked("states", states)
    n_components = check_whole("n_components", n_components, least=1)
    if flat.ndim == 0 or not flat.size:
        raise ArgumentError(f"states: got shape {flat.shape}, but (..., d) is wanted, not empty.")
    flat = flat.reshape(-1, flat.shape[-1])[known.reshape(-1, flat.shape[-1]).all(axis=-1)]
    if not len(flat):
        raise ArgumentError("states: of every state something is masked, so there are none.")
    mean = flat.mean(axis=0)
    _, singular, axes = np.linalg.svd(flat - mean, full_matrices=False)
    largest = np.argmax(np.abs(axes), axis=1)  # fixes the sign, so pictures do not flip
    axes = axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
    total = max(float(np.sum(singular**2)), np.finfo(np.float64).tiny)
    k = min(n_components, len(axes))
    found = Projection.of(axes[:k], mean, [f"PC {j}" for j in range(1, k + 1)], flat)
    return replace(found, explained_variance_ratio_=singular[:k] ** 2 / total)


def as_projection(fitted: Any, name: str = "projection") -> Projection:
    """Return any fitted object with `components_` and `mean_` as a `Projection`.

    Raises
    ------
    ArgumentError
        If it has neither.
    """
    if isinstance(fitted, Projection):
        return fitted
    if not (hasattr(fitted, "components_") and hasattr(fitted, "mean_")):
        raise ArgumentError(
            f"{name}: got {type(fitted).__name__}, but an object with `components_` (k, d) "
            f"and `mean_` (d,) is wanted, such as a fitted PCA or `sp.fit_pca(states)`."
        )
    components = read_floats(f"{name}.components_", fitted.components_)
    mean = read_floats(f"{name}.mean_", fitted.mean_)
    if components.ndim != 2 or mean.shape != components.shape[1:] or not len(components):
        raise ArgumentError(
            f"{name}: got components_ of shape {components.shape} and mean_ of shape "
            f"{mean.shape}, but (k, d) and (d,) are wanted."
        )
    return Projection.of(components, mean, [f"PC {j}" for j in range(1, len(components) + 1)])
