"""Whatever the user has becomes a `System`."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, SupportsIndex

import numpy as np

from ._core.layout import StateLayout
from ._core.validation import (
    check_flag,
    check_option,
    check_real,
    check_whole,
    first_line,
    whole_number,
)
from .dynamics import Dynamics, Kind, Regions
from .errors import ArgumentError, UnsupportedModelError, came
from .frameworks.base import (
    AdaptedModel,
    ModelSpec,
    adapter_of_model,
    refuse_told,
)
from .frameworks.functions import FunctionDynamics, Noise, StepFunction, WithParams
from .frameworks.libraries import read_step
from .frameworks.signatures import check_state_first
from .frameworks.velocities import AtTime, check_autonomous, check_timed, takes_time
from .recognition import recognise as recognise_cell
from .system import System
from .weights import is_weights, read_weights


@contextlib.contextmanager
def _random_numbers_kept() -> Iterator[None]:
    """Put back the global generators, from which a step that is tried may draw."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


@np.errstate(all="ignore")
@_random_numbers_kept()
def as_system(
    model: Any,
    state_size: SupportsIndex | None = None,
    input_size: SupportsIndex | None = None,
    *,
    state: Any = None,
    params: Any = None,
    kind: Kind = "map",
    dt: float | None = None,
    jacobian: Callable[..., Any] | None = None,
    input_jacobian: Callable[..., Any] | None = None,
    regions: Mapping[str, Sequence[int]] | None = None,
    framework: str | None = None,
    device: Any = None,
    lefschetz: int | None = None,
    t: float | None = None,
    recognise: bool = True,
    noise: Noise | None = None,
    cell: str | None = None,
    phi: str | None = None,
    alpha: Any = None,
    prefix: str | None = None,
) -> System:
    """Return a trained network, or any step function, as a `System`.

    Parameters
    ----------
    model
        One of

        * a torch `nn.RNN`, `nn.GRU`, `nn.LSTM` (one or several layers, `proj_size` too) or one of
          their cells: its weights are copied in float64 into a canonical cell with closed-form
          derivatives. A state of an LSTM is [h, c]; layers follow each other, bottom first;
        * any torch module with `output, h_next = model(input, h)`, in either order of arguments
          and results where that can be told; h may be a pair (h, c) or any nest;
        * a cell of Flax (nnx, or linen with `params=`), Equinox, Keras, BrainPy or BrainState:
          standard ones become canonical cells too, others are differentiated by their framework
          (docs/frameworks.md lists what is read how);
        * a cell of `stillpoint.cells`, or an object whose method `__stillpoint_system__()` returns
          a System, such as a `stillpoint.models.MultiRegionRNN`;
        * a batched function `step(x, u)` (or `step(x)` without inputs) on arrays of NumPy, torch,
          JAX or TensorFlow of shape (n, d) and (n, m); JAX functions may also be of one state
          (d,) and one input (m,). It may return a pair `carry, y` as `lax.scan` wants it;
        * weights without a module, the path of a file or a mapping of names to arrays, as
          `read_weights` takes them;
        * a velocity f(t, y) or f(t, y, args) as torchdiffeq, diffrax and SciPy take it, a
          function or a module, with `kind="flow"`.
    state_size, input_size
        d and m. Needed for functions (m is 0 if left out) and for modules that do not tell.
    state
        For functions and modules whose state has several variables: an example of one state,
        without a batch axis, in the nest of dicts, lists and tuples that is taken and returned.
        Its order is the order in the flat state. For BrainPy systems: the names of the state
        variables, in the order wanted.
    params
        What a function takes as its third argument, `step(x, u, params)` or `f(t, y, args)`; the
        variables of a linen module.
    kind
        "map" for x' = F(x, u), "flow" for dx/dt = f(x, u).
    dt
        Duration of one step, to turn eigenvalues into time constants.
    jacobian, input_jacobian
        For functions and modules: (x, u) -> (n, d, d) and (n, d, m). Where they are left out, the
        framework differentiates, functions of NumPy are differentiated by central differences.
    regions
        Names for groups of units: indices by name.
    framework
        "numpy", "torch", "jax" or "tensorflow", for functions; found out by trial calls where it
        is left out.
    device
        Where a torch function runs; the CPU if left out.
    lefschetz
        What the indices of all fixed points sum to, where you know it and stillpoint cannot: 1
        for a map that sends some ball into itself.
    t
        The time at which f(t, y) is taken. Where it is left out, f must not depend on the time,
        which is tried out.
    recognise
        Whether maps that step in float64 are tried as leaky, rate and vanilla networks, GRUs,
        PLRNNs and others of straight pieces, unless you give derivatives or `lefschetz`. One that
        is such a network, as 576 random states show to 1e-12, becomes that cell, with all that is
        known of it in closed form; its weights are known to rounding, or exactly where they are of
        float32 (docs/your_network.md).
    noise
        "off" replaces what a step draws at random by its mean: normal, uniform, exponential and
        a few more kinds of numbers of torch and JAX, and dropout that a torch step calls itself.
        A step that draws is refused otherwise. What evaluation mode turns off is off anyway.
    cell, phi, alpha, prefix
        What weights without a module do not tell, see `read_weights`.

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
    System(map, 2 states, 2 inputs; recognised: vanilla network, tanh)
    """
    check_flag("recognise", recognise)
    quiet = _quiet(noise)
    facts = _facts(kind, jacobian, input_jacobian, lefschetz)
    elsewhere = _given(framework=framework, device=device)
    spec = ModelSpec(state_size, input_size, state, params, _time(t), facts | quiet)
    if isinstance(model, System):
        raise ArgumentError("model: it is a System already; use it as it is.")
    untold = _given(cell=cell, phi=phi, alpha=alpha, prefix=prefix)
    if is_weights(model):
        system = read_weights(model, dt=dt, regions=regions, **untold)
        given = _given(state=state, params=params, t=t)
        refuse_told(system.dynamics, {**facts, **elsewhere, **given})
        _check_size("state_size", state_size, system.state_size)
        _check_size("input_size", input_size, system.input_size)
        return system
    refuse_told(model, untold)
    if hasattr(model, "__stillpoint_system__"):
        given = _given(dt=dt, regions=regions, state=state, params=params, t=t)
        refuse_told(model, {**facts, **elsewhere, **given})
        system = model.__stillpoint_system__()
        _check_size("state_size", state_size, system.state_size)
        _check_size("input_size", input_size, system.input_size)
        return system
    if isinstance(model, Dynamics):
        refuse_told(model, {**facts, **elsewhere, **_given(state=state, params=params, t=t)})
        adapted = AdaptedModel(model, None)
    elif (found := adapter_of_model(model)) is not None:
        refuse_told(model, elsewhere)
        adapted = found.read_model(model, spec)
    elif callable(model) and not isinstance(model, type):
        return system_from_step(
            model, state_size, input_size, state=state, params=params, dt=dt, regions=regions,
            t=t, recognise=recognise, noise=noise, **facts, **elsewhere,
        )  # fmt: skip
    else:
        raise UnsupportedModelError(
            f"model: got {came(model)}, which is neither a module of a known framework, nor a "
            f"cell, nor a function step(x, u). A module of another framework can be wrapped in "
            f"such a function."
        )
    _check_size("state_size", state_size, adapted.dynamics.state_size)
    _check_size("input_size", input_size, adapted.dynamics.input_size)
    return _system(adapted, dt, regions, recognise and not facts)


@np.errstate(all="ignore")
@_random_numbers_kept()
def system_from_step(
    step: Callable[..., Any],
    state_size: SupportsIndex | None = None,
    input_size: SupportsIndex | None = None,
    *,
    state: Any = None,
    params: Any = None,
    kind: Kind = "map",
    dt: float | None = None,
    jacobian: Callable[..., Any] | None = None,
    input_jacobian: Callable[..., Any] | None = None,
    regions: Mapping[str, Sequence[int]] | None = None,
    framework: str | None = None,
    device: Any = None,
    lefschetz: int | None = None,
    t: float | None = None,
    recognise: bool = True,
    noise: Noise | None = None,
) -> System:
    """Return a step function as a `System`; `as_system` does the same of functions.

    Parameters
    ----------
    step
        A batched function `step(x, u)` (or `step(x)` without inputs) on arrays of NumPy, torch,
        JAX or TensorFlow of shape (n, d) and (n, m); JAX functions may also be of one state (d,)
        and one input (m,).
    state_size, input_size, state, params, kind, dt, jacobian, input_jacobian, regions
        As for `as_system`.
    framework, device, lefschetz, t, recognise, noise
        As for `as_system`.

    Raises
    ------
    UnsupportedModelError
        If the function is not one step of a network; the message says why.
    ArgumentError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> sp.system_from_step(lambda x, u: np.tanh(x + u), state_size=2, input_size=2)
    System(map, 2 states, 2 inputs; recognised: vanilla network, tanh)
    """
    if not callable(step):
        raise ArgumentError(f"step: got {came(step)}, but a function step(x, u) is wanted.")
    check_flag("recognise", recognise)
    quiet = _quiet(noise)
    facts = _facts(kind, jacobian, input_jacobian, lefschetz)
    if state is None and state_size is None:
        raise ArgumentError(
            "state_size: got None, but a function does not tell how large its states are; pass "
            "as_system(step, state_size=..., input_size=...), or state=, an example of one state."
        )
    if state is None:
        layout = StateLayout.flat(check_whole("state_size", state_size, least=1))
    else:
        layout = StateLayout.of(state)
    m = check_whole("input_size", 0 if input_size is None else input_size, least=0)
    name, function, time = getattr(step, "__name__", type(step).__name__), step, _time(t)
    is_timed = time is not None or takes_time(step)
    if not is_timed and m == layout.size:
        check_state_first(name, step)
    if is_timed:
        check_timed(name, kind)
        function = AtTime.of(step, time, m, _copied(params))
    elif params is not None:
        function = WithParams(step, _copied(params))
    owner = name if params is None else f"{name}, called with params,"
    told = {**facts, **quiet, **_given(device=device)}
    given = StepFunction(function, layout, m, owner=owner, **told)
    if framework is None and device is not None:
        framework = "torch"
    dynamics = read_step(given, framework, state)
    if is_timed and time is None:
        check_autonomous(dynamics)
    _check_size("state_size", state_size, dynamics.state_size)
    return _system(AdaptedModel(dynamics, layout), dt, regions, recognise and not facts)


def _facts(
    kind: Kind,
    jacobian: Callable[..., Any] | None,
    input_jacobian: Callable[..., Any] | None,
    lefschetz: Any,
) -> dict[str, Any]:
    """Return what the caller says of a black box, checked."""
    check_option("kind", kind, ("map", "flow"))
    for name, derivative in (("jacobian", jacobian), ("input_jacobian", input_jacobian)):
        if derivative is not None and (isinstance(derivative, type) or not callable(derivative)):
            raise ArgumentError(
                f"{name}: got {came(derivative)}, but a function of (x, u) is wanted; leave it out "
                f"to have it computed."
            )
    if lefschetz is not None and (whole_number(lefschetz) is None or abs(lefschetz) >= 2**63):
        raise ArgumentError(f"lefschetz: got {came(lefschetz)}, but a whole number is wanted.")
    facts = _given(jacobian=jacobian, input_jacobian=input_jacobian, lefschetz=lefschetz)
    return facts if kind == "map" else {"kind": kind, **facts}


def _quiet(noise: Any) -> dict[str, Any]:
    if noise is not None:
        check_option("noise", noise, ("off",))
    return _given(noise=noise)


def _copied(params: Any) -> Any:
    try:
        return copy.deepcopy(params)
    except Exception as error:  # whatever they hold
        raise ArgumentError(
            f"params: got {came(params)}, which cannot be copied ({first_line(error)}); pass "
            f"arrays, numbers, or dictionaries of them."
        ) from error


def _time(t: Any) -> float | None:
    return None if t is None else check_real("t", t)


def _system(
    adapted: AdaptedModel,
    dt: float | None,
    regions: Mapping[str, Sequence[int]] | None,
    try_cells: bool,
) -> System:
    dynamics, told = adapted.dynamics, None
    tried = try_cells and isinstance(dynamics, FunctionDynamics)
    if tried and (found := recognise_cell(dynamics)) is not None:
        called = f"called as {dynamics.call}, " if dynamics.call else ""
        dynamics, told = found.cell, f"{called}{found}"
    named = None if regions is None else Regions(dynamics.state_size, regions)
    system = System.of(dynamics.on_host(), dt=dt, state_regions=named, layout=adapted.layout)
    return replace(system, recognised=told)


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_size(name: str, given: SupportsIndex | None, actual: int) -> None:
    if given is not None and whole_number(given) != actual:
        raise ArgumentError(f"{name}: got {came(given)}, but the model has {actual}; leave it out.")
