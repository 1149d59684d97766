"""States of several variables: how they lie one behind the other in a flat row, and back.

Every analysis works on flat states of shape (n, d). A network may keep its state as a pair (an
LSTM), a dictionary, or a list of layers; a `StateLayout` says which places of the flat row belong
to which variable. The order is that of the caller's example, never that of a dictionary's keys in
something the network returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from ..errors import ArgumentError, came
from .arrays import namespace
from .pytree import Leaf, children, leaves, match, rebuild, walk
from .validation import read_floats
from .values import read_fields, read_json


@dataclass(frozen=True, eq=False)
class Variable(Leaf):
    """One variable of a state.

    Attributes
    ----------
    name
        Its path in the nest, such as `h` or `layer0.c`; empty where the state is one array.
    places
        The places of its values in the flat state, in the variable's own shape; of complex values,
        those of the real and the imaginary part along a last axis more.
    batch_axis
        Which axis counts the states in the network's own arrays.
    is_complex
        Whether the network's own values are complex numbers.
    """

    name: str
    places: Int[np.ndarray, "..."]
    batch_axis: int = 0
    is_complex: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The variable's own shape."""
        return self.places.shape[:-1] if self.is_complex else self.places.shape

    def read(self, rows: Float[Any, "*n d"]) -> Any:
        """Return the variable of flat states, in its own shape."""
        flat = self.places.ravel()
        start, stop = int(flat[0]), int(flat[-1]) + 1
        neighbours = np.array_equal(flat, np.arange(start, stop))
        values = rows[..., start:stop] if neighbours else rows[..., flat]
        values = values.reshape((*rows.shape[:-1], *self.places.shape))
        if self.is_complex:
            values = values[..., 0] + 1j * values[..., 1]
        if self.batch_axis and rows.ndim > 1:
            values = namespace(values).moveaxis(values, rows.ndim - 2, self.batch_axis)
        return values

    def holds(self, values: Any) -> bool:
        """Whether an array has the variable's shape, of one state or of a batch of them."""
        shape, own = list(getattr(values, "shape", ())), list(self.shape)
        if len(shape) == len(own) + 1:
            del shape[self.batch_axis]
        return hasattr(values, "shape") and shape == own

    def flatten(self, values: Any) -> Any:
        """Return the variable's values with its own axes made one; the inverse of `read`."""
        shape, own = tuple(values.shape), self.shape
        if self.batch_axis and len(shape) > len(own):
            values = namespace(values).moveaxis(values, self.batch_axis, 0)
        lead = values.shape[: values.ndim - len(own)]
        if tuple(values.shape[values.ndim - len(own) :]) != own:
            raise ArgumentError(
                f"{f'state {self.name}'.strip()}: got shape {shape}, but {(*lead, *own)} is wanted."
            )
        if self.is_complex:
            values = values + 0j  # a real result has an imaginary part, too
            values = namespace(values).stack([values.real, values.imag], axis=-1)
        return values.reshape((*lead, self.places.size))

    def check(self, values: Any) -> Any:
        """Return a caller's values of the variable as a finite NumPy array.

        Raises
        ------
        ArgumentError
            If they are none.
        """
        name = f"states {self.name}".strip()
        if not (self.is_complex and _is_complex(values)):
            return read_floats(name, values)
        parts = np.asarray(values)
        return read_floats(name, parts.real) + 1j * read_floats(name, parts.imag)


@dataclass(frozen=True, eq=False)
class StateLayout:
    """A state's variables in the nest of dicts, lists and tuples that the network uses.

    Named tuples and dataclasses are nests too.

    Attributes
    ----------
    nest
        Variables in that nest; one `Variable` where the state is one array.

    Examples
    --------
    >>> layout = StateLayout.of({"v": np.zeros(2), "a": np.zeros(1)})
    >>> layout.size, layout.parts
    (3, {'v': [0, 1], 'a': [2]})
    >>> layout.unpack(np.array([[1.0, 2.0, 3.0]]))
    {'v': array([[1., 2.]]), 'a': array([[3.]])}
    """

    nest: Any

    @classmethod
    def flat(cls, size: int) -> StateLayout:
        """Return the layout of a state that is one array of `size` values."""
        return cls(Variable("", np.arange(size)))

    @classmethod
    def of_parts(cls, size: int, parts: Mapping[str, range]) -> StateLayout:
        """Return the dictionary of a state's named parts, or one array if they do not tile it."""
        places = np.concatenate([np.arange(0), *map(np.asarray, parts.values())])
        if not np.array_equal(np.sort(places), np.arange(size)):
            return cls.flat(size)
        return cls({name: Variable(name, np.asarray(part)) for name, part in parts.items()})

    @classmethod
    def of(cls, example: Any) -> StateLayout:
        """Return the layout of an example of one state, without a batch axis.

        Raises
        ------
        ArgumentError
            If it holds no values, or something that is not an array.
        """
        size = 0

        def place(name: str, leaf: Any) -> Variable:
            nonlocal size
            label = f"state {name}".strip()
            if not hasattr(leaf, "dtype") and not isinstance(leaf, float | complex):
                raise ArgumentError(
                    f"{label}: got {came(leaf)}, but an array of numbers is wanted, or a "
                    f"float such as 0.0: an example of one state. (Names are for BrainPy's "
                    f"systems.)"
                )
            pairs: tuple[int, ...] = (2,) if _is_complex(leaf) else ()
            shape = np.shape(leaf) if pairs else np.shape(read_floats(label, leaf))
            count = int(np.prod((*shape, *pairs)))
            if not count:
                raise ArgumentError(f"{label}: got shape {shape}, which holds no values.")
            size += count
            places = np.arange(size - count, size).reshape((*shape, *pairs))
            return Variable(name, places, is_complex=bool(pairs))

        try:
            layout = cls(walk("", example, place))
        except RecursionError:
            raise ArgumentError("state: the example holds itself, or nests too deeply.") from None
        if not size:
            raise ArgumentError("state: the example holds no arrays, so there is no state.")
        names = [variable.name for variable in layout.variables]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ArgumentError(
                f"state: {', '.join(twice)} names two variables; give them different keys."
            )
        return layout

    @property
    def variables(self) -> list[Variable]:
        """The variables in the order of the nest."""
        return list(leaves(self.nest))

    @property
    def is_flat(self) -> bool:
        """Whether the network's own state is one array with one axis, as the flat state is."""
        variable = self.nest
        return (
            isinstance(variable, Variable) and variable.places.ndim == 1 and not variable.is_complex
        )

    @property
    def size(self) -> int:
        """The number of values d of a flat state."""
        return sum(variable.places.size for variable in self.variables)

    @property
    def parts(self) -> Mapping[str, Sequence[int]]:
        """The places of every named variable, in the order of the first of them."""
        named = sorted((v for v in self.variables if v.name), key=lambda v: int(v.places.min()))
        return {v.name: [int(place) for place in v.places.ravel()] for v in named}

    def unpack(self, rows: Float[Any, "*n d"]) -> Any:
        """Return flat states in the network's own nest; the variables have its shapes."""
        return self.build(lambda variable: variable.read(rows))

    def build(self, leaf: Callable[[Variable], Any]) -> Any:
        """Return the network's own nest with `leaf(variable)` in place of every variable."""
        return walk("", self.nest, lambda _, variable: leaf(variable))

    def pack(self, state: Any) -> Float[Any, "*n d"]:
        """Return states in the network's own nest as flat rows; the inverse of `unpack`.

        Dictionaries are read by key, whatever their order.

        Raises
        ------
        ArgumentError
            If a variable is missing, is not known, or has another shape.
        """
        values = [
            v.flatten(leaf) for v, leaf in zip(self.variables, self.leaves(state), strict=True)
        ]
        leads = {tuple(value.shape[:-1]) for value in values}
        if len(leads) > 1:
            raise ArgumentError(
                f"states: the variables hold different numbers of states: "
                f"{', '.join(map(str, sorted(leads)))}."
            )
        order = np.argsort(np.concatenate([v.places.ravel() for v in self.variables]))
        if len(values) == 1 and np.array_equal(order, np.arange(len(order))):
            return values[0]
        rows = namespace(*values).concat(values, axis=-1)
        return rows if np.array_equal(order, np.arange(len(order))) else rows[..., order]

    def leaves(self, state: Any) -> list[Any]:
        """Return what a state in the network's own nest holds, in the order of the variables."""
        return list(match("state", self.nest, state))

    def fits(self, state: Any) -> bool:
        """Whether something is a state, or a batch of them, in the network's own nest.

        Examples
        --------
        >>> StateLayout.flat(2).fits(np.zeros((5, 2))), StateLayout.flat(2).fits(np.zeros(3))
        (True, False)
        """
        try:
            leaves = self.leaves(state)
        except ArgumentError:
            return False
        return all(v.holds(leaf) for v, leaf in zip(self.variables, leaves, strict=True))

    def read(self, states: Any) -> Float[np.ndarray, "*n d"]:
        """Return a caller's states, in the nest, as flat float64 NumPy rows.

        Raises
        ------
        ArgumentError
            If a variable is missing or not known, has another shape, or is not finite.
        """
        leaves = self.leaves(states)
        arrays = iter([v.check(leaf) for v, leaf in zip(self.variables, leaves, strict=True)])
        return self.pack(walk("", self.nest, lambda *_: next(arrays)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StateLayout) and self.to_plain() == other.to_plain()

    def __hash__(self) -> int:
        return hash(repr(self.to_plain()))

    def to_plain(self) -> dict[str, Any]:
        """Return the layout as what JSON can hold; named tuples and dataclasses as dicts."""
        return _to_plain(self.nest)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> StateLayout:
        """Return the layout that `to_plain` wrote down.

        Raises
        ------
        ValueError
            If it could not have written it: places or names stand twice, or some are missing.
        """
        layout = cls(_from_plain(plain))
        places = [place for v in layout.variables for place in v.places.ravel().tolist()]
        names = {variable.name for variable in layout.variables}
        if sorted(places) != list(range(len(places))) or len(names) != len(layout.variables):
            raise ValueError("its variables do not have each place, and each name, once")
        return layout


def _is_complex(values: Any) -> bool:
    return "complex" in str(getattr(values, "dtype", type(values).__name__))


def _to_plain(nest: Any) -> dict[str, Any]:
    if isinstance(nest, Variable):
        return {
            "name": nest.name,
            "places": nest.places.tolist(),
            "batch_axis": nest.batch_axis,
            "is_complex": nest.is_complex,
        }
    members = [[str(key), _to_plain(child)] for key, child in children(nest) or []]
    return {"kind": type(nest).__name__ if type(nest) in (list, tuple) else "dict", "of": members}


def _from_plain(plain: Mapping[str, Any]) -> Any:
    if "places" in plain:
        named = read_fields(Variable, plain, "name", "batch_axis", "is_complex")
        places = np.asarray(plain["places"])
        if places.dtype.kind != "i" or not 0 <= named["batch_axis"] <= places.ndim:
            raise ValueError("its places are no whole numbers, or it has no such batch axis")
        if named["is_complex"] and places.shape[-1:] != (2,):
            raise ValueError("its complex values are no pairs")
        return Variable(places=places, **named)
    members = [(read_json(key, str), _from_plain(child)) for key, child in plain["of"]]
    if read_json(plain["kind"], Literal["dict", "list", "tuple"]) == "dict":
        return dict(members)
    return rebuild([] if plain["kind"] == "list" else (), [child for _, child in members])
