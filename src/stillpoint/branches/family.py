"""A family of systems in a parameter, as what branches walk along."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.validation import check_real, first_line, read_floats
from ..dynamics import Kind
from ..errors import ArgumentError, came
from ..system import System
from .path import Parameters, Path, Pieces, check_span

# Systems of a family that are kept, as equations and Jacobians ask for the same ones.
_KEPT = 1024


@final
@dataclass(frozen=True, eq=False)
class Family(Path):
    """Systems that depend smoothly on a parameter; made by `family`.

    Attributes
    ----------
    make
        What returns the system of a parameter.
    corners
        The ends of the parameter, shape (2,).
    inputs
        The constant input, shape (m,).
    state_size, kind
        What the systems have in common.
    """

    make: Callable[[float], System]
    corners: Float[np.ndarray, " c"]
    inputs: Float[np.ndarray, " m"]
    state_size: int
    kind: Kind

    def __repr__(self) -> str:
        return f"family({self.low:g} to {self.high:g})"

    def made(self, s: float) -> System:
        """Return the system of a parameter; beyond the ends, that of the end."""
        s = min(max(s, self.low), self.high)
        if s not in self._kept:
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[s] = self.checked(s)
        return self._kept[s]

    def checked(self, s: float) -> System:
        """Return what `make` makes of a parameter.

        Raises
        ------
        ArgumentError
            If it fails, or makes no system, or one of another size.
        """
        system = made_by(self.make, s)
        if (system.state_size, system.kind) != (self.state_size, self.kind):
            raise ArgumentError(
                f"make: it returned {system!r} at {s:g}, but a {self.kind} of {self.state_size} "
                f"states at the lower end; systems of one kind and size are wanted."
            )
        if system.input_size != len(self.inputs):
            raise ArgumentError(
                f"inputs: the system at {s:g} has {system.input_size} inputs, but the family is "
                f"under {len(self.inputs)}; pass inputs= to `family`, or clamp the system."
            )
        return system

    @cached_property
    def _kept(self) -> dict[float, System]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_kept"}

    def inputs_at(self, s: Parameters, piece: Pieces) -> Float[np.ndarray, "n m"]:  # noqa: ARG002
        return np.tile(self.inputs, (len(s), 1))

    def groups(
        self,
        system: System,
        s: Parameters,
        piece: Pieces,
    ) -> Iterator[tuple[Int[np.ndarray, " k"], System, Float[np.ndarray, "k m"]]]:
        values, which = np.unique(s, return_inverse=True)
        for k, value in enumerate(values):
            rows = np.flatnonzero(which == k)
            made = self.made(float(value)) if np.isfinite(value) else system
            yield rows, made, self.inputs_at(s[rows], piece[rows])

    def check(self, system: System) -> None:
        if (system.state_size, system.kind) != (self.state_size, self.kind):
            raise ArgumentError(
                f"path: got a family of systems with {self.state_size} states ({self.kind}), but "
                f"the system has {system.state_size} ({system.kind}); pass one of the family."
            )

    def places(
        self,
        inputs: Float[np.ndarray, "n m"],
        at: float | None,
        noun: str = "points",  # noqa: ARG002
    ) -> Parameters:
        return np.full(len(inputs), self.low if at is None else at)


def made_by(make: Callable[[float], System], s: float) -> System:
    """Return the system that a caller's function makes of a parameter.

    Raises
    ------
    ArgumentError
        If it fails, or makes no system.
    """
    try:
        system = make(s)
    except Exception as error:  # the caller's own code, which may raise anything
        raise ArgumentError(f"make: it failed at {s:g} ({first_line(error)}).") from error
    if not isinstance(system, System):
        raise ArgumentError(
            f"make: it returned {came(system)} at {s:g}, but a System is wanted; use "
            f"as_system(model)."
        )
    return system


def family(make: Callable[[float], System], low: float, high: float, *, inputs: Any = None) -> Path:
    """Return the systems of a parameter between two values, along which points can be followed.

    Gain, the size of a lesion, an interpolation between two checkpoints of training: anything that
    a function makes a system of. Derivatives in the parameter are differences, so the systems must
    depend on it smoothly. Following some ten points asks for hundreds of parameters.

    Parameters
    ----------
    make
        Called with a float, returns a `System`; all of one kind and of the same number of states.
    low, high
        The ends of the parameter.
    inputs
        The constant input of all systems, shape (m,); may be left out if they have none.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        If `make` is no function or fails at one of the ends, or the ends do not ascend.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> from stillpoint.cells import VanillaCell
    >>> cell = lambda gain: VanillaCell(np.array([[gain]]), np.zeros((1, 0)), np.zeros(1))
    >>> sp.family(lambda gain: sp.as_system(cell(gain)), 0.5, 2.0)
    family(0.5 to 2)
    """
    if isinstance(make, type) or not callable(make):
        raise ArgumentError(f"make: got {came(make)}, but a function of the parameter is wanted.")
    ends = np.array([check_real("low", low), check_real("high", high)])
    if not ends[0] < ends[1]:
        raise ArgumentError(f"high: got {high}, but more than low={low} is wanted.")
    check_span("high", *ends)
    u = np.zeros(0) if inputs is None else read_floats("inputs", inputs)
    if u.ndim != 1:
        raise ArgumentError(f"inputs: got shape {u.shape}, but (m,), one input, is wanted.")
    first = made_by(make, float(ends[0]))
    made = Family(make, ends, u, first.state_size, first.kind)
    for end in ends:
        made.made(float(end))
    return made
