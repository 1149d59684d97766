"""Objects that keep their state in variables: what a step may write to, and how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import brainstate
import jax
import jax.numpy as jnp
from brainstate.random import RandomState
from jaxtyping import Float

from ...errors import ArgumentError, UnsupportedModelError
from ..weights import check_precision
from .contents import contents, keep


@dataclass(frozen=True, eq=False)
class Stateful:
    """An object and all that a step of it may write to.

    Attributes
    ----------
    name
        What it is called in messages.
    call
        Makes one step, of the input if there is one.
    variables
        All variables, by name.
    nodes
        The object and those inside it, whose attributes a step may set.
    environment
        The settings under which a step in a precision is made.
    """

    name: str
    call: Callable[..., Any]
    variables: Mapping[str, brainstate.State]
    nodes: Sequence[Any]
    environment: Callable[[Any], AbstractContextManager[Any]]

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Leave everything as it was, whatever a step writes to or wherever it fails."""
        inside = self.contents()
        generators = [value for _, value in inside if isinstance(value, RandomState)]
        states = [*self.variables.values(), brainstate.random.DEFAULT, *generators]
        values = [(state, state._value) for state in states]
        held = [("", part) for state, value in values for part in (vars(state), value)]
        put_back = keep(value for _, value in (*inside, *contents(held)))
        try:
            yield
        finally:
            put_back()
            for state, value in values:
                put(state, value)

    def contents(self) -> list[tuple[str, Any]]:
        """Return all that the attributes of the object and of those inside it hold, by name."""
        return contents([("", vars(node)) for node in self.nodes])


@dataclass(frozen=True)
class Slot:
    """A variable that is part of the state.

    Attributes
    ----------
    variable
        It.
    batch_axis
        The axis that counts states, of length 1, or None where the variable has none.
    part
        The units that are meant, along the last axis, of a variable that holds more; None for all.
    """

    variable: brainstate.State
    batch_axis: int | None = None
    part: slice | None = None

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one state's value: one array of real numbers, not a batch."""
        value: Any = self.variable.value
        if not isinstance(value, jax.Array) or not jnp.issubdtype(value.dtype, jnp.floating):
            found = value.dtype if isinstance(value, jax.Array) else type(value).__name__
            raise UnsupportedModelError(
                f"state: variable {name} holds {found}, but one array of real numbers is wanted, "
                f"without a unit."
            )
        check_precision(name, str(value.dtype))
        shape = tuple(value.shape)
        if self.part is not None:
            shape = (*shape[:-1], len(range(shape[-1])[self.part]))
        if self.batch_axis is None:
            return shape
        if shape[self.batch_axis] != 1:
            raise ArgumentError(
                f"state: variable {name} holds a batch of {shape[self.batch_axis]} states, but a "
                f"single one is wanted; call model.reset_state(batch_size=1) first."
            )
        return shape[: self.batch_axis] + shape[self.batch_axis + 1 :]

    def write(self, value: Any) -> None:
        """Put one state's value into the variable."""
        if self.batch_axis is not None:
            value = jnp.expand_dims(value, self.batch_axis)
        if self.part is not None:
            value = jnp.asarray(self.variable.value).at[..., self.part].set(value)
        put(self.variable, value)

    def read(self) -> Float[jax.Array, "..."]:
        """Return one state's value."""
        value = jnp.asarray(self.variable.value)
        if self.part is not None:
            value = value[..., self.part]
        return value if self.batch_axis is None else jnp.squeeze(value, self.batch_axis)


def put(variable: brainstate.State, value: Any) -> None:
    """Set a variable's value as it is: no hook, no check of dtype or trace.

    Not through `vars`, as BrainPy's variables keep it in a slot.
    """
    object.__setattr__(variable, "_value", value)
