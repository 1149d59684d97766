"""Some units of a network, the others held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import ArrayKind, namespace, take
from ..._core.display import plural
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Matrices
from ..forms import HiddenForm, PiecewiseLinear, RateForm
from .base import extended, listed_weights
from .part import Part


@dataclass(frozen=True, eq=False)
class Restricted(Part):
    """Some units of a network; all others are held and count as inputs.

    The input is [u, x_held]: every start can have its own frozen context, and the Jacobian in the
    inputs contains the block from the held to the kept units.
    """

    inner: Dynamics
    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]

    @property
    def words(self) -> str:
        return f"{plural(len(self.held), 'unit')} held"

    def interval_extension(self) -> Dynamics | None:
        return extended(self)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n k m"]:
        state, inputs = self.whole(x, u)
        rows = take(self.inner.jacobian(state, inputs), self.kept, axis=1)
        driven = take(self.inner.input_jacobian(state, inputs), self.kept, axis=1)
        return namespace(x).concat([driven, take(rows, self.held, axis=2)], axis=2)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        state, inputs = self.whole(x, u)
        weights, _ = self.whole(w, namespace(u).zeros_like(u))
        return self.block(self.inner.curvature(state, inputs, weights))

    def equilibrium_box(self) -> Interval | None:
        box = self.inner.equilibrium_box()
        return box[self.kept] if box is not None and self.has_equilibrium_form else None

    def rate_form(self, u: Interval) -> RateForm | None:
        m = self.inner.input_size
        form = self.inner.rate_form(u[:, :m])
        return None if form is None else form.restricted(self.kept, self.held, u[:, m:])

    def hidden_form(self, u: Interval) -> HiddenForm | None:
        m = self.inner.input_size
        form = self.inner.hidden_form(u[:, :m])
        return None if form is None else form.restricted(self.kept, self.held, u[:, m:])

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = self.inner.piecewise_linear()
        return None if form is None else form.restricted(self.kept, self.held)

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.kept)

    def held_units(self, x: Batch, told: Float[Any, "n r"]) -> Float[Any, "n r"]:  # noqa: ARG002
        return told

    def moving(self, v: Batch) -> Float[Any, "n all"]:
        kind = ArrayKind.of(v)
        shape = (v.shape[0], len(self.held))
        held = kind.namespace.zeros(shape, dtype=kind.dtype, device=kind.device)
        return self.in_place(v, held)

    def block(self, matrices: Float[Any, "n all all"]) -> Float[Any, "n k k"]:
        return take(take(matrices, self.kept, axis=1), self.kept, axis=2)
