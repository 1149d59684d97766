"""Velocities f(t, y) of flows, as torchdiffeq, diffrax and SciPy take them, at one time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np

from .._core.arrays import to_numpy
from ..errors import ArgumentError
from .base import adapter
from .functions import FunctionDynamics
from .signatures import order_by_names, positional_names
from .trials import trial_rows

_TIME = {"t", "time"}


def takes_time(function: Callable[..., Any]) -> bool:
    """Whether a function begins with the time, as f(t, y) of torchdiffeq, diffrax and SciPy does.

    Examples
    --------
    >>> takes_time(lambda t, y: -y), takes_time(lambda x, u: -x)
    (True, False)
    """
    names = positional_names(function)
    return len(names) > 1 and names[0] in _TIME


def check_timed(name: str, kind: str) -> None:
    """Refuse a function of time as a map: what it returns is a velocity.

    Raises
    ------
    ArgumentError
        If it is not said to be a flow.
    """
    if kind != "flow":
        raise ArgumentError(
            f"kind: got {kind!r}, but {name} begins with the time t, as the velocity f(t, y) of a "
            f"flow does; pass kind='flow'. A map that depends on time is a step at one time, "
            f"lambda x, u: f(t0, x)."
        )


class Timed(Protocol):
    """A step that stands for f(t, y) at one time."""

    def at(self, t: float) -> Callable[..., Any]:
        """Return the step at another time."""


@dataclass(frozen=True, eq=False)
class AtTime:
    """f(t, y), f(t, y, args), f(t, y, u) or f(t, y, u, args) as one of (x, u), at one time.

    Attributes
    ----------
    function
        The velocity as torchdiffeq, diffrax or SciPy take it.
    t
        The time.
    input_size
        Where it is not 0, the third argument is the input.
    args
        The last arguments: (params,) of a function that takes them, as diffrax has it.
    """

    function: Callable[..., Any]
    t: float
    input_size: int
    args: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        t: float | None,
        input_size: int,
        params: Any = None,
        call: Callable[..., Any] | None = None,
    ) -> AtTime:
        """Return a velocity at a time, 0 if None; `call` has its parameters if not itself."""
        names = positional_names(function if call is None else call, required=True)
        if input_size and order_by_names(names[1:3]) == "input first":
            raise ArgumentError(
                f"step: its parameters ({', '.join(names)}) say that the input comes before the "
                f"state, but a velocity is called f(t, y, u); pass lambda t, y, u: f(t, u, y)."
            )
        takes_args = params is not None or len(names) == 3 + bool(input_size)
        return cls(function, t or 0.0, input_size, (params,) if takes_args else ())

    def at(self, t: float) -> AtTime:
        """Return the same velocity at another time."""
        return replace(self, t=t)

    def __call__(self, x: Any, u: Any) -> Any:
        return self.function(self.t, x, *((u,) if self.input_size else ()), *self.args)


def check_autonomous(dynamics: FunctionDynamics) -> None:
    """Check that a velocity f(t, y) that was read at one time is the same at others.

    Raises
    ------
    ArgumentError
        If it is not.
    """
    given, timed = dynamics.given, cast("Timed", dynamics.given.function)
    x, u = trial_rows(given.size, dynamics.arrays)
    for t in _OTHER_TIMES:
        later = replace(given, function=timed.at(t))
        other = adapter(dynamics.library).read_function(later)
        if not np.allclose(
            to_numpy(other.step(x, u)), to_numpy(dynamics.step(x, u)), rtol=1e-6, atol=1e-9
        ):
            raise ArgumentError(
                f"t: got None, but {given.name} is not the same at t = 0 and t = {t:g}, so it has "
                f"no fixed points of its own; pass t=..., the time at which it is to be taken."
            )


# Neither a whole period of the usual oscillations nor before the usual beginning alone.
_OTHER_TIMES = (0.7310585, 13.77, -2.6180340)
