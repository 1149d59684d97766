"""The fixed points of a network as r = phi(W r + c): rates that reproduce themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from ..intervals import Interval
from .activations import Activation, activation
from .trapping import bounds_of_rates


@dataclass(frozen=True, eq=False)
class RateForm:
    """The equations r = phi(W r + c) of the rates r under one constant input.

    An Elman network x' = phi(W x + c) has its rates for a state. A leaky one rests where
    x = W phi(x) + c, so that its rates r = phi(x) solve the same equations and its state is their
    current W r + c. The two sets of fixed points are images of one another, one to one.

    Attributes
    ----------
    W
        Recurrent weights, exact, shape (d, d), rows = to.
    c
        What does not depend on the rates, B u + b, enclosed, shape (d,).
    phi
        Name of the activation.
    of_currents
        Whether the state is the current W r + c rather than the rate r.

    Examples
    --------
    >>> form = RateForm(np.array([[2.0]]), Interval(np.zeros(1)), "tanh", of_currents=True)
    >>> form.states(np.array([[0.5]]))
    array([[1.]])
    """

    W: Float[np.ndarray, "d d"]
    c: Interval
    phi: str
    of_currents: bool

    @property
    def activation(self) -> Activation:
        """The activation function."""
        return activation(self.phi)

    @cached_property
    def bounds(self) -> Interval | None:
        """A box that holds the rates of all fixed points, shape (d,), or None."""
        return bounds_of_rates(self.W, self.c, self.phi)

    def rates(self, x: Interval) -> Interval:
        """Return the rates that belong to states, shape (n, d)."""
        return self.activation.value(x) if self.of_currents else x

    def states(self, rates: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Return the states that belong to the rates of fixed points, to rounding."""
        return rates @ self.W.T + self.c.mid if self.of_currents else rates

    def restricted(
        self, kept: Int[np.ndarray, " i"], held: Int[np.ndarray, " j"], x_held: Interval
    ) -> RateForm:
        """Return the form of some units, the others held at states `x_held`, shape (1, j)."""
        from_held = self.rates(x_held) @ self.W[np.ix_(kept, held)].T
        c = (self.c[kept] + from_held)[0]
        return replace(self, W=self.W[np.ix_(kept, kept)], c=c)
