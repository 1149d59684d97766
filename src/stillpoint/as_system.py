"""The door: whatever the user has becomes a `System`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .dynamics import Dynamics, Kind
from .frameworks.base import adapter, adapter_of_model, loaded_adapters
from .regions import Regions
from .status import ArgumentError, UnsupportedModelError, check_option, check_whole
from .system import System


def as_system(
    model: Any,
    state_size: int | None = None,
    input_size: int | None = None,
    *,
    kind: Kind = "map",
    dt: float | None = None,
    jacobian: Callable[..., Any] | None = None,
    input_jacobian: Callable[..., Any] | None = None,
    regions: Mapping[str, Sequence[int]] | None = None,
    framework: str | None = None,
    device: Any = None,
    lefschetz: int | None = None,
) -> System:
    """Return a trained network, or any step function, as a `System`.

    Parameters
    ----------
    model
        One of

        * a torch `nn.RNN`, `nn.GRU`, `nn.LSTM` (one or several layers, `proj_size` too) or one of
          their cells: its weights are copied in float64 into a canonical cell with closed-form
          derivatives. A state of an LSTM is [h, c]; layers follow each other, bottom first;
        * any torch module with `output, h_next = model(input, h)`;
        * a cell of `stillpoint.cells`, or an object whose method `__stillpoint_system__()` returns
          a System, such as a `stillpoint.models.MultiRegionRNN`;
        * a batched function `step(x, u)` (or `step(x)` without inputs) on NumPy arrays or torch
          tensors of shape (n, d) and (n, m).
    state_size, input_size
        d and m. Needed for functions (m is 0 if left out) and for modules that do not tell.
    kind
        "map" for x' = F(x, u), "flow" for dx/dt = f(x, u).
    dt
        Duration of one step, to turn eigenvalues into time constants.
    jacobian, input_jacobian
        For functions: (x, u) -> (n, d, d) and (n, d, m). Where they are left out, torch functions
        are differentiated by torch and NumPy functions by central differences.
    regions
        Names for groups of units: indices by name.
    framework
        "numpy" or "torch", for functions; found out by a trial call where it is left out.
    device
        Where a torch function runs; the CPU if left out.
    lefschetz
        What the indices of all fixed points sum to, where you know it and stillpoint cannot: 1
        for a map that sends some ball into itself.

    Raises
    ------
    UnsupportedModelError
        If the model is not one step of a recurrent network; the message says why.
    ArgumentError
        If an argument does not fit the model.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> W = np.array([[0.0, 2.0], [2.0, 0.0]])
    >>> sp.as_system(lambda x, u: np.tanh(x @ W.T + u), state_size=2, input_size=2)
    System(map, 2 states, 2 inputs)
    """
    check_option("kind", kind, ("map", "flow"))
    options = _given(
        kind=kind if kind != "map" else None,
        jacobian=jacobian,
        input_jacobian=input_jacobian,
        lefschetz=None if lefschetz is None else operator.index(lefschetz),
        framework=framework,
        device=device,
    )
    if isinstance(model, System):
        raise ArgumentError("model: it is a System already; use it as it is.")
    if hasattr(model, "__stillpoint_system__"):
        _refuse({**options, **_given(dt=dt, regions=regions)}, model)
        system = model.__stillpoint_system__()
        _check_size("state_size", state_size, system.state_size)
        _check_size("input_size", input_size, system.input_size)
        return system
    if isinstance(model, Dynamics):
        _refuse(options, model)
        dynamics = model
    elif (found := adapter_of_model(model)) is not None:
        _refuse(options, model)
        dynamics = found.read_model(model, state_size, input_size)
    elif callable(model) and not isinstance(model, type):
        size = (
            check_whole("state_size", state_size, least=1),
            check_whole("input_size", input_size or 0, least=0),
        )
        dynamics = _read_function(model, size, **options)
    else:
        raise UnsupportedModelError(
            f"model: got {model!r}, which is neither a module of a known framework, nor a cell, "
            f"nor a function step(x, u). A module of another framework can be wrapped in such a "
            f"function."
        )
    _check_size("state_size", state_size, dynamics.state_size)
    _check_size("input_size", input_size, dynamics.input_size)
    named = None if regions is None else Regions(dynamics.state_size, regions)
    return System.of(dynamics, dt=dt, state_regions=named)


def _read_function(
    function: Callable[..., Any],
    size: tuple[int, int],
    *,
    framework: str | None = None,
    **options: Any,
) -> Dynamics:
    """Read a function with the framework named, or with the first whose trial call succeeds."""
    if framework is not None:
        return adapter(framework).read_function(function, size, **options)
    if "device" in options:
        return adapter("torch").read_function(function, size, **options)
    try:
        return adapter("numpy").read_function(function, size, **options)
    except UnsupportedModelError:
        others = [found for found in loaded_adapters() if found is not adapter("numpy")]
        if not others:
            raise
        return others[0].read_function(function, size, **options)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse(options: Mapping[str, Any], model: Any) -> None:
    if options:
        raise ArgumentError(
            f"{', '.join(options)}: only for step functions; {type(model).__name__} brings its own."
        )


def _check_size(name: str, given: int | None, actual: int) -> None:
    if given is not None and given != actual:
        raise ArgumentError(f"{name}: got {given}, but the model has {actual}; leave it out.")
