"""Keras cells of any kind, stepped by calling a copy of them and differentiated by the backend."""

from __future__ import annotations

import contextlib
import inspect
import random
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np

from ..._core.arrays import to_numpy
from ..._core.layout import StateLayout
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..base import AdaptedModel, ModelSpec, adapter
from ..functions import StepFunction
from ..trials import check_rows, check_same_step
from .cells import read_variable, structure_of


def read_calls(cell: Any, spec: ModelSpec) -> AdaptedModel:
    """Return a cell as dynamics of its calls, in float64, or with a warning in float32.

    Parameters
    ----------
    cell
        A built cell with `output, new_states = cell(inputs, states)`. What is called is a copy
        made from its configuration and its weights, with dropout off.
    spec
        m, unless the cell recorded the shape that it was built with.
    """
    layout = structure_of(cell)
    m = spec.size("input_size", cell, _recorded_inputs(cell))
    weights = [read_variable(cell, weight.path, weight) for weight in cell.weights]
    failures = []
    for dtype in ("float64", "float32"):
        try:
            with _double_allowed():
                own = _copied(cell, dtype, layout, m, weights)
                if dtype == "float64" and _loses_digits(own, layout, m):
                    continue
            return AdaptedModel(_delegate(own, layout, m, spec.facts), layout)
        except UnsupportedModelError as error:
            failures.append(error)
    raise failures[0]


def check_canonical(cell: Any, dynamics: Dynamics) -> None:
    """Check that a canonical cell takes the steps that calls of the Keras cell take.

    Raises
    ------
    UnsupportedModelError
        If it does not.
    """
    layout, dtype = structure_of(cell), keras.backend.standardize_dtype(cell.compute_dtype)
    step = _stepper(cell, layout)

    def own(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with _random_numbers_kept(cell), _without_dropout(cell), _double_allowed():
            state = layout.build(lambda v: keras.ops.convert_to_tensor(v.read(x), dtype=dtype))
            new = step(state, keras.ops.convert_to_tensor(u, dtype=dtype))
            cast = keras.tree.map_structure(lambda part: keras.ops.cast(part, "float64"), new)
            return layout.pack(keras.tree.map_structure(to_numpy, cast))

    check_same_step(type(cell).__name__, dynamics, own, _ROUNDING.get(dtype, 1e-4))


def _delegate(
    cell: Any, layout: StateLayout, input_size: int, facts: Mapping[str, Any]
) -> Dynamics:
    """Return the cell's step as dynamics, by the adapter of the backend that Keras runs on."""
    backend = keras.backend.backend()
    device = None
    if backend == "torch":
        device = next((weight.value.device for weight in cell.weights), "cpu")
    step, owner = _stepper(cell, layout), type(cell).__name__
    told = {"device": device, "owner": owner, "call": "cell(input, state)", **facts}
    given = StepFunction(step, layout, input_size, **told)
    return adapter(backend).read_function(given)


def _stepper(cell: Any, layout: StateLayout) -> Callable[[Any, Any], Any]:
    """Return `cell` as a step of states in their nest; states of one variable come as arrays."""
    is_one = not isinstance(layout.nest, list | tuple)
    # A stack of one cell takes the list of its states, but returns the only state itself.
    is_stack_of_one = isinstance(cell, keras.layers.StackedRNNCells) and len(cell.cells) == 1

    def step(state: Any, inputs: Any) -> Any:
        if len(inputs.shape) != 2:  # JAX's adapter also tries single states, another function
            raise TypeError("a cell takes batches, shape (n, m)")
        _, new = cell(inputs, [state] if is_one else state, training=False)
        if is_one:
            return new[0] if isinstance(new, list | tuple) else new
        return [new] if is_stack_of_one else new

    return step


def _recorded_inputs(cell: Any) -> Any:
    """Return m as the cell recorded it when it was built, None if it did not."""
    first = cell.cells[0] if isinstance(cell, keras.layers.StackedRNNCells) else cell
    recorded = first.get_build_config() or {}
    shapes = recorded.get("shapes_dict", recorded)
    shape = next(iter(shapes.values()), None)
    return shape[-1] if shape else None


# -- the copy --------------------------------------------------------------------------------------

# How far the step of a cell of mixed precision may lie from that of its copy.
_ROUNDING = {"float16": 1e-2, "bfloat16": 1e-1}


def _copied(
    cell: Any, dtype: str, layout: StateLayout, input_size: int, weights: list[np.ndarray]
) -> Any:
    """Return a cell of its own with the same weights, which computes in `dtype`."""
    name = type(cell).__name__
    try:
        with _random_numbers_kept(cell):
            own = _from_config(cell, dtype)
            _prepare(own, dtype)
            _called(own, dtype, layout, input_size)  # builds it
            own.set_weights(weights)
            # A cell that draws dropout masks would keep one of this call for the training to come.
            calls = (own, own, own if _draws_masks(cell) else cell)
            step, again, wanted = (_called(each, dtype, layout, input_size) for each in calls)
    except Exception as error:
        raise UnsupportedModelError(
            f"model: a copy of {name} could not be made and called as `output, new_states = "
            f"cell(inputs, states)` with {layout.size} states and {input_size} inputs "
            f"({_reason(error)}). Give the cell a get_config that holds all arguments of its "
            f"__init__, or pass a function step(x, u), framework={keras.backend.backend()!r}."
        ) from error
    check_rows(name, step, again, np.split(step, len(step)))
    computed = {layer.compute_dtype for layer in cell._flatten_layers()}
    tolerance = max(_ROUNDING.get(name, 1e-3) for name in computed)
    if not np.allclose(step, wanted, rtol=tolerance, atol=tolerance):
        raise UnsupportedModelError(
            f"model: a {name} made from get_config() with the same weights takes another step "
            f"than the one given; let its get_config hold all arguments of its __init__, and set "
            f"nothing on the cell afterwards."
        )
    return own


def _reason(error: Exception) -> str:
    """Return an error in one line; Keras writes the cause in bold below a line of its own."""
    said = re.sub(r"\x1b\[\d+m", "", str(error)).split("Arguments received by")[0]
    return f"{type(error).__name__}: {' '.join(said.split())}"


def _from_config(cell: Any, dtype: str) -> Any:
    if isinstance(cell, keras.layers.StackedRNNCells):  # its cells may be of unregistered classes
        return type(cell)([_from_config(part, dtype) for part in cell.cells], dtype=dtype)
    config = {**cell.get_config(), "dtype": dtype}
    accepted = inspect.signature(type(cell)).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted):
        names = {parameter.name for parameter in accepted}
        for key in {"name", "trainable", "dtype"} - names:  # of the base class
            config.pop(key, None)
    return type(cell).from_config(config)


def _prepare(cell: Any, dtype: str) -> None:
    """Let a new cell and the layers inside compute in `dtype`, without dropout."""
    for layer in cell._flatten_layers():
        layer.dtype_policy = dtype
        if hasattr(layer, "get_dropout_mask"):
            # Even when not training, such a cell draws masks and keeps them.
            layer.dropout = layer.recurrent_dropout = 0.0


def _draws_masks(cell: Any) -> bool:
    mixed_in = [part for part in cell._flatten_layers() if hasattr(part, "get_dropout_mask")]
    return any(part.dropout or part.recurrent_dropout for part in mixed_in)


def _loses_digits(cell: Any, layout: StateLayout, input_size: int) -> bool:
    """Whether a cell of float64 computes in float32 inside.

    Many of Keras' functions do so on JAX and torch, and return float64 again after the next sum.
    A shift that only float64 resolves then moves the step elsewhere than a long one does.
    """
    at, near, far = (
        _called(cell, "float64", layout, input_size, shift) for shift in (0.0, 1e-9, 1e-4)
    )
    return not np.allclose((near - at) / 1e-9, (far - at) / 1e-4, rtol=1e-2, atol=1e-2)


def _called(
    cell: Any, dtype: str, layout: StateLayout, input_size: int, shift: float = 0.0
) -> np.ndarray:
    """Return the step of two rows, all states shifted, as flat states."""
    rng = np.random.default_rng(0)

    def tensor(size: int, shift: float = 0.0) -> Any:
        return keras.ops.convert_to_tensor(rng.random((2, size)) + shift, dtype=dtype)

    states = layout.build(lambda variable: tensor(variable.places.size, shift))
    new = _stepper(cell, layout)(states, tensor(input_size))
    # Cast there, as NumPy does not know bfloat16.
    return layout.pack(
        keras.tree.map_structure(lambda part: to_numpy(keras.ops.cast(part, dtype)), new)
    )


@contextlib.contextmanager
def _random_numbers_kept(cell: Any) -> Iterator[None]:
    """Put back Python's random numbers, which seed Keras' initializers, and the cell's own.

    A cell's seeds are variables that are not trained, as is all else that a call may change.
    """
    state = random.getstate()
    changeable = [(held, np.array(to_numpy(held.value))) for held in cell.non_trainable_variables]
    try:
        yield
    finally:
        random.setstate(state)
        for variable, value in changeable:
            variable.assign(value)


@contextlib.contextmanager
def _without_dropout(cell: Any) -> Iterator[None]:
    """Have a cell draw no masks, which it would keep for the training to come."""
    drawing = [part for part in cell._flatten_layers() if hasattr(part, "get_dropout_mask")]
    rates = [(part.dropout, part.recurrent_dropout) for part in drawing]
    for part in drawing:
        part.dropout = part.recurrent_dropout = 0.0
    try:
        yield
    finally:
        for part, (dropout, recurrent) in zip(drawing, rates, strict=True):
            part.dropout, part.recurrent_dropout = dropout, recurrent


def _double_allowed() -> AbstractContextManager[Any]:
    """Return a context in which the backend has float64, which JAX has on demand only."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)
