"""Where searches start: states of trajectories, noise around them, and mixtures of known points."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import to_numpy
from .._core.validation import check_real, check_whole, read_floats, read_generator
from ..errors import ArgumentError
from ..points import Source


def sample_states(
    trajectories: Any,
    n: int,
    *,
    inputs: Any = None,
    noise: float = 0.0,
    where: Any = None,
    seed: int | np.random.Generator = 0,
) -> Any:
    """Draw states from trajectories, with Gaussian noise if wanted.

    Parameters
    ----------
    trajectories
        Shape (trials, time, d), or (k, d) for states without an order.
    n
        How many states; without replacement as long as there are enough.
    inputs
        Inputs at the same trials and times, shape (trials, time, m); then pairs are returned.
    noise
        Standard deviation of the noise on every state variable, in units of the state. Unstable
        points are rarely visited, so starts without noise tend to find the stable ones alone.
    where
        Boolean mask, shape (trials, time), of the states that may be drawn.
    seed
        A seed or a NumPy generator.

    Returns
    -------
    states, shape (n, d), or a pair of states and inputs, shape (n, m)

    Raises
    ------
    ArgumentError
        If shapes do not fit each other, or the mask leaves nothing.

    Examples
    --------
    >>> import numpy as np
    >>> sample_states(np.zeros((5, 10, 2)), 3, noise=0.1).shape
    (3, 2)
    """
    path = read_floats("trajectories", trajectories)
    if path.ndim not in (2, 3):
        raise ArgumentError(
            f"trajectories: got shape {path.shape}, but (trials, time, d) or (k, d) is wanted."
        )
    if not path.size:
        raise ArgumentError(f"trajectories: got shape {path.shape}, which holds no state to draw.")
    n = check_whole("n", n, least=1)
    noise = check_real("noise", noise, least=0)
    rng = read_generator("seed", seed)
    allowed = _allowed(where, path.shape[:-1])
    chosen = rng.choice(allowed, size=n, replace=n > len(allowed))
    states = path.reshape(-1, path.shape[-1])[chosen]
    states = states + noise * rng.standard_normal(states.shape)
    if inputs is None:
        return states
    drive = read_floats("inputs", inputs)
    if drive.shape[:-1] != path.shape[:-1]:
        raise ArgumentError(
            f"inputs: got shape {drive.shape}, but {(*path.shape[:-1], 'm')} is wanted, as the "
            f"trajectories have shape {path.shape}."
        )
    return states, drive.reshape(-1, drive.shape[-1])[chosen]


def mixed_states(
    starts: Float[np.ndarray, "k d"],
    known: Float[np.ndarray, "p d"],
    n: int,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
    """Return starts for a further round: half old starts with noise, half mixtures of points.

    With the states comes the `Source` of each.

    Parameters
    ----------
    starts
        Where the search started before.
    known
        The points it found.
    n
        How many states.
    rng
        A NumPy generator.
    """
    spread = max(float(np.std(starts)), float(np.std(known)) if len(known) else 0.0, 1e-3)
    noisy = starts[rng.integers(len(starts), size=n)]
    noisy = noisy + 0.5 * spread * rng.standard_normal(noisy.shape)
    if len(known) < 2:
        return noisy, np.full(n, Source.NOISE)
    is_noisy = np.arange(n) % 2 == 0
    mixtures = mixtures_of(known, n, rng, noise=0.05 * spread)
    states = np.where(is_noisy[:, None], noisy, mixtures)
    return states, np.where(is_noisy, Source.NOISE, Source.MIXTURE)


def mixtures_of(
    known: Float[np.ndarray, "p d"],
    n: int,
    rng: np.random.Generator,
    *,
    members: int = 3,
    noise: float = 0.0,
) -> Float[np.ndarray, "n d"]:
    """Return random convex combinations of so many known points each, with Gaussian noise.

    Saddles lie between the points whose basins they divide.

    Examples
    --------
    >>> mixtures_of(np.eye(2), 3, np.random.default_rng(0)).sum(axis=1).round(9)
    array([1., 1., 1.])
    """
    chosen = rng.integers(len(known), size=(n, members))
    shares = rng.dirichlet(np.ones(members), size=n)
    mixtures = np.einsum("nk,nkd->nd", shares, known[chosen])
    return mixtures + noise * rng.standard_normal(mixtures.shape)


def _allowed(where: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the flat places that may be drawn."""
    if where is None:
        return np.arange(int(np.prod(shape)))
    mask = to_numpy(where)
    if mask.dtype != np.bool_ or mask.shape != shape:
        raise ArgumentError(
            f"where: got {mask.dtype} of shape {mask.shape}, but a boolean mask of shape {shape} "
            f"is wanted."
        )
    if not mask.any():
        raise ArgumentError("where: the mask leaves no state to draw; let at least one be True.")
    return np.flatnonzero(mask)
