"""What all transforms share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.arrays import ArrayKind, to_numpy
from ..base import Dynamics, Kind


class Transformed(Dynamics):
    """Dynamics made of other dynamics, `inner`; what a transform does not change, it passes on."""

    #: The dynamics that are transformed.
    inner: Dynamics

    @property
    def words(self) -> str:
        """What was made of the inner dynamics, for `repr`; empty where their sizes say enough."""
        return ""

    @property
    def state_size(self) -> int:
        return self.inner.state_size

    @property
    def input_size(self) -> int:
        return self.inner.input_size

    @property
    def arrays(self) -> ArrayKind:
        return self.inner.arrays

    @property
    def working_size(self) -> int:
        return self.inner.working_size

    @property
    def kind(self) -> Kind:
        return self.inner.kind

    @property
    def maps_ball_into_itself(self) -> bool:
        return self.inner.maps_ball_into_itself

    @property
    def has_equilibrium_form(self) -> bool:
        return self.inner.has_equilibrium_form

    @property
    def is_matrix_free(self) -> bool:
        return self.inner.is_matrix_free

    def weights(self) -> Iterable[Any] | None:
        return self.inner.weights()

    def for_states_of_size(self, size: Float[np.ndarray, " d"]) -> Dynamics:
        return replace(self, inner=self.inner.for_states_of_size(size))  # type: ignore[type-var]

    def differentiated_quickly(self) -> Dynamics:
        return replace(self, inner=self.inner.differentiated_quickly())  # type: ignore[type-var]

    def differentiated_sharply(self) -> tuple[Dynamics, Dynamics | None]:
        sharp, other = self.inner.differentiated_sharply()
        if other is None:
            return self, None
        return replace(self, inner=sharp), replace(self, inner=other)  # type: ignore[type-var]


def extended(transformed: Transformed, **fields: Any) -> Dynamics | None:
    """Return transformed dynamics over intervals, with other `fields` if need be, or None."""
    inner = transformed.inner.interval_extension()
    return None if inner is None else replace(transformed, inner=inner, **fields)  # type: ignore[type-var]


def listed_weights(inner: Dynamics, *settings: Any) -> Iterable[Any] | None:
    """Return the weights of `inner` and what else determines the step."""
    weights = inner.weights()
    return None if weights is None else [*weights, *map(to_numpy, settings)]
