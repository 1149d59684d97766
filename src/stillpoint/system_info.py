"""Which system a record belongs to: what its readers need when the network itself is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ._core.layout import StateLayout
from ._core.values import read_fields
from .dynamics import Kind, Regions
from .dynamics.restriction import Restriction
from .errors import ArgumentError


@dataclass(frozen=True, eq=False)
class SystemInfo:
    """What a record says of the system that it is of.

    Attributes
    ----------
    description
        How the system reads, for people.
    model
        How the model was read: the cell, or what stands in for it, inside its transforms.
    framework
        The library that computes the step, with its version.
    kind
        "map" or "flow".
    dt
        Duration of one step of a map, or None where steps are counted.
    lefschetz
        What the indices of all fixed points sum to, or None where that is not known.
    layout
        How the network's own states (a pair, a dictionary, layers) lie in the flat ones.
    state_regions, input_regions
        Named groups of states and inputs.
    restriction
        Which units of a larger system these are, or None for a whole one.
    weights_sha256
        A hash of the weights, or None where they cannot be listed.
    """

    description: str
    model: str
    framework: str
    kind: Kind
    dt: float | None
    lefschetz: int | None
    layout: StateLayout
    state_regions: Regions
    input_regions: Regions
    restriction: Restriction | None
    weights_sha256: str | None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SystemInfo) and self.to_plain() == other.to_plain()

    def __hash__(self) -> int:
        return hash((self.description, self.weights_sha256))

    @classmethod
    def unknown(cls, state_size: int, input_size: int, kind: Kind = "map") -> SystemInfo:
        """Return what is said of a system of which nothing but its sizes and kind is known.

        Examples
        --------
        >>> SystemInfo.unknown(2, 0).description
        'an unknown map of 2 states and 0 inputs'
        """
        return cls(
            description=f"an unknown {kind} of {state_size} states and {input_size} inputs",
            model="unknown",
            framework="unknown",
            kind=kind,
            dt=None,
            lefschetz=None,
            layout=StateLayout.flat(state_size),
            state_regions=Regions(state_size, {}),
            input_regions=Regions(input_size, {}),
            restriction=None,
            weights_sha256=None,
        )

    @property
    def state_size(self) -> int:
        """The number of state variables d."""
        return self.state_regions.size

    @property
    def input_size(self) -> int:
        """The number of inputs m."""
        return self.input_regions.size

    def contradictions(self, d: int, m: int) -> Iterator[str]:
        """Yield what is wrong if a record of `d` states and `m` inputs is of this system."""
        if (d, m) != (self.state_size, self.input_size):
            yield (
                f"system: it has {self.state_size} states and {self.input_size} inputs, but the "
                f"record is of {d} and {m}"
            )

    def check_same(self, name: str, other: SystemInfo) -> None:
        """Refuse an argument that is of another network than this one.

        Raises
        ------
        ArgumentError
            If the other network has other sizes or weights.
        """
        is_other = len({self.weights_sha256, other.weights_sha256} - {None}) > 1
        if is_other or any(self.contradictions(other.state_size, other.input_size)):
            raise ArgumentError(
                f"{name}: got what was found in another network; pass what was found in this one, "
                f"or the network in which it was found."
            )

    def coordinates(self) -> dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]:
        """Return labels of states and inputs: dimensions, values and attributes by name."""
        told: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {}
        for axis, regions in (("state", self.state_regions), ("input", self.input_regions)):
            number = np.arange(regions.size)
            told[axis] = ((axis,), number, {"long_name": f"number of the {axis}"})
            if regions:
                names = regions.labels()
                told[f"{axis}_region"] = ((axis,), names, {"long_name": f"region of the {axis}"})
        if self.state_size:
            number = np.arange(self.state_size)
            told["from_state"] = (("from_state",), number, {"long_name": "state that is read"})
            told["mode"] = (("mode",), number, {"long_name": "mode, the most unstable first"})
        return told

    def to_plain(self) -> dict[str, Any]:
        """Return a description in plain types, which JSON can hold."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "layout": self.layout.to_plain(),
            "state_regions": self.state_regions.to_plain(),
            "input_regions": self.input_regions.to_plain(),
            "restriction": None if self.restriction is None else self.restriction.to_plain(),
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> SystemInfo:
        """Return what `to_plain` wrote down.

        Raises
        ------
        ValueError
            If it could not have written it.
        """
        info = cls(**read_fields(cls, told, *(field.name for field in fields(cls))))
        if info.dt is not None and info.dt <= 0:
            raise ValueError(f"dt: is {info.dt}, but a positive number is wanted")
        if info.layout.size != info.state_size:
            raise ValueError(f"layout: is of {info.layout.size} states, not {info.state_size}")
        part = info.restriction
        if part and (len(part.kept) != info.state_size or part.n_held_inputs > info.input_size):
            raise ValueError("restriction: is of another number of units")
        return info


_PLAIN = ("description", "model", "framework", "kind", "dt", "lefschetz", "weights_sha256")
