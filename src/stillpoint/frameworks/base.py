"""How an adapter is found for what the user passes, without importing any framework."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple, SupportsIndex

from .._core.layout import StateLayout
from .._core.validation import check_option, check_whole
from ..dynamics import Dynamics
from ..errors import ArgumentError, MissingExtraError

#: The adapters of frameworks with modules, and the extra that installs each. Every one offers
#: `is_model` and `read_model`. Keras stands before torch, as its layers can be torch modules too.
MODULES = {
    "keras": "keras",
    "torch": "torch",
    "flax": "jax",
    "equinox": "jax",
    "brainpy": "brainpy",
    "brainstate": "brainpy",
}

# Adapters that do not lie under the name of their framework.
_PLACES = {"brainpy": "brain.brainpy", "brainstate": "brain.brainstate"}

#: The adapters of array libraries whose functions can be read, and the extra that installs each.
#: Every one offers `is_array`, `read_function` and `read_observable`.
FUNCTIONS = {"numpy": "", "torch": "torch", "jax": "jax", "tensorflow": "tensorflow"}


@dataclass(frozen=True)
class ModelSpec:
    """What the caller says about a model beside the model itself; None where nothing is said.

    Attributes
    ----------
    state_size, input_size
        d and m.
    state
        An example of one state, or the names of the state variables.
    params
        The parameters of a model that does not hold its own.
    t
        The time at which a velocity f(t, y) is taken.
    facts
        What the caller says of a black box: the fields `kind`, `jacobian`, `input_jacobian`,
        `lefschetz` and `noise` of a `StepFunction`.
    """

    state_size: SupportsIndex | None = None
    input_size: SupportsIndex | None = None
    state: Any = None
    params: Any = None
    t: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """ "map" or "flow"."""
        return self.facts.get("kind", "map")

    @property
    def is_quiet(self) -> bool:
        """Whether random draws are replaced by their means."""
        return self.facts.get("noise") == "off"

    def size(self, name: str, owner: Any, told: Any, advice: str = "") -> int:
        """Return state_size or input_size: what the caller says, or else what `owner` has told.

        `advice` goes into the error where nobody says it.

        Examples
        --------
        >>> ModelSpec(state_size=3).size("state_size", "a model", None)
        3
        """
        given = getattr(self, name)
        if given is not None:
            return check_whole(name, given, least=int(name == "state_size"))
        try:
            return operator.index(told)
        except TypeError:
            raise ArgumentError(
                f"{name}: got None, and {type(owner).__name__} does not tell its own. {advice}If "
                f"it is one step of a recurrent network, pass as_system(model, {name}=...); any "
                f"other module (convolutional, feed-forward) has no state to search in."
            ) from None

    def refuse(self, owner: Any, *names: str) -> None:
        """Raise an error if one of the named fields is given that says nothing about `owner`.

        `facts` stands for all that it holds.
        """
        given = [name for name in names if name != "facts" and getattr(self, name) is not None]
        # What draws nothing at random is as quiet as asked.
        facts = self.facts.keys() - {"noise"} if "facts" in names else ()
        refuse_told(owner, [*given, *facts])


def refuse_told(owner: Any, names: Iterable[str]) -> None:
    """Raise an error if a caller said something that the model tells itself.

    Raises
    ------
    ArgumentError
        If there are such names.
    """
    if listed := ", ".join(names):
        raise ArgumentError(f"{listed}: {type(owner).__name__} tells this itself; leave it out.")


class AdaptedModel(NamedTuple):
    """A model as dynamics, and how its own states lie in the flat ones."""

    dynamics: Dynamics
    layout: StateLayout | None


def adapter(framework: str) -> ModuleType:
    """Return the adapter module of `framework`, importing the framework if need be."""
    extras = MODULES | FUNCTIONS
    check_option("framework", framework, extras)
    try:
        return importlib.import_module(f".{_PLACES.get(framework, framework)}", __package__)
    except ModuleNotFoundError as error:
        if error.name != framework:
            raise
        raise MissingExtraError(
            f"framework={framework!r}: {framework} is not installed; "
            f"install it with: pip install 'stillpoint[{extras[framework]}]'"
        ) from None


def function_adapters() -> list[ModuleType]:
    """Return the adapters of the array libraries that this process has already imported."""
    return [adapter(name) for name in FUNCTIONS if sys.modules.get(name) is not None]


def adapter_of_model(model: Any) -> ModuleType | None:
    """Return the adapter that `model` belongs to, or None if it is no framework's module."""
    loaded = [adapter(name) for name in MODULES if sys.modules.get(name) is not None]
    return next((found for found in loaded if found.is_model(model)), None)


def adapter_of_arrays(array: Any) -> ModuleType:
    """Return the adapter whose library `array` belongs to."""
    for found in function_adapters():
        if found.is_array(array):
            return found
    raise ArgumentError(
        f"array: got {type(array).__name__}, which belongs to no known framework "
        f"({', '.join(FUNCTIONS)}); convert it to NumPy first."
    )
