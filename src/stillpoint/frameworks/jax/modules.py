"""What Flax and Equinox share: a copy of a module's arrays, and any module as one step by calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._core.layout import StateLayout, Variable
from ...errors import UnsupportedModelError
from ..base import AdaptedModel
from ..functions import StepFunction
from ..weights import check_weight, read_weight
from .adapter import read_function


def copy_arrays(owner: str, tree: Any) -> Any:
    """Return a tree with arrays of its own, those of real numbers in float64.

    Arrays are copied although JAX's are constant, as training steps may donate them.
    """

    def copied(path: Any, leaf: Any) -> Any:
        name = jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
        if isinstance(leaf, jax.ShapeDtypeStruct):
            raise UnsupportedModelError(
                f"model: {name} of {owner} has a shape, but no values; initialise the model, or "
                f"load its weights first."
            )
        if not isinstance(leaf, jax.Array | np.ndarray):
            return leaf
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            check_weight(owner, name, leaf)
            return leaf.copy()
        return jnp.asarray(read_weight(owner, name, leaf))

    with jax.enable_x64(True):
        return jax.tree_util.tree_map_with_path(copied, tree)


def read_calls(
    owner: str,
    call: str,
    step: Callable[[Any, Any], Any],
    layout: StateLayout,
    input_size: int,
) -> AdaptedModel:
    """Return a module as the step that calls it, differentiated by JAX.

    `owner` and `call` say in messages what the module is and how `step` calls it.
    """
    try:
        given = StepFunction(step, layout, input_size, owner=owner)
        return AdaptedModel(read_function(given), layout)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(
            f"model: {owner} was called as `{call}`. {error} A network that holds the cell beside "
            f"other layers can pass the cell alone."
        ) from error


def pair(first: str, second: str, size: int) -> StateLayout:
    """Return an LSTM's pair of `h` and `c`, in either order; the flat state is always [h, c].

    Examples
    --------
    >>> pair("c", "h", 2).unpack(np.array([1.0, 2.0, 3.0, 4.0]))
    (array([3., 4.]), array([1., 2.]))
    """
    places = {"h": np.arange(size), "c": np.arange(size, 2 * size)}
    return StateLayout(tuple(Variable(name, places[name]) for name in (first, second)))
