"""Principal components: five lines of SVD, or any fitted object with `components_` and `mean_`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import ArgumentError
from .selections import read_unmasked
from .validation import check_whole, read_floats


@dataclass(frozen=True, eq=False)
class Projection:
    """An affine projection of states onto a few axes: y = (x - mean) components^T.

    Attributes
    ----------
    components_
        Orthonormal axes, one per row, shape (k, d).
    mean_
        The origin, shape (d,).
    explained_variance_ratio_
        The share of the variance along each axis, shape (k,).
    """

    components_: Float[np.ndarray, "k d"]
    mean_: Float[np.ndarray, " d"]
    explained_variance_ratio_: Float[np.ndarray, " k"]

    def transform(self, states: Any) -> Float[np.ndarray, "... k"]:
        """Return states, shape (..., d), in the coordinates of the projection.

        Raises
        ------
        ArgumentError
            If the states have another size.
        """
        return (self._read("states", states) - self.mean_) @ self.components_.T

    def directions(self, vectors: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... k"]:
        """Project directions, which the origin does not shift.

        Raises
        ------
        ArgumentError
            If they have another size.
        """
        return self._read("vectors", vectors) @ self.components_.T

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
    return Projection(axes[:k], mean, singular[:k] ** 2 / total)


def as_projection(fitted: Any) -> Projection:
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
            f"projection: got {type(fitted).__name__}, but an object with `components_` (k, d) "
            f"and `mean_` (d,) is wanted, such as a fitted PCA or `sp.fit_pca(states)`."
        )
    components = read_floats("projection.components_", fitted.components_)
    mean = read_floats("projection.mean_", fitted.mean_)
    if components.ndim != 2 or mean.shape != components.shape[1:] or not len(components):
        raise ArgumentError(
            f"projection: got components_ of shape {components.shape} and mean_ of shape "
            f"{mean.shape}, but (k, d) and (d,) are wanted."
        )
    ratio = getattr(fitted, "explained_variance_ratio_", np.full(len(components), np.nan))
    return Projection(components, mean, np.asarray(ratio))
