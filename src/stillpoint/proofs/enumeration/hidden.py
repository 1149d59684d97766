"""The fixed points of a network with a hidden layer beside a linear part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...dynamics import HiddenForm
from ...intervals import Interval
from .low_rank import slopes
from .pieces import PiecewiseEquations


@dataclass(frozen=True, eq=False)
class Hidden(PiecewiseEquations):
    """p(x) = L phi(K x + k) + M x + c: the unknowns are the state itself.

    L and K are exact, the others enclosed.

    Examples
    --------
    >>> one, zero = np.ones((1, 1)), Interval(np.zeros(1))
    >>> form = HiddenForm(2 * one, one, zero, Interval(-one), zero, "tanh")
    >>> Hidden(form).residual(Interval(np.array([[0.0], [1.9]]))).excludes_zero.tolist()
    [[False], [True]]
    """

    form: HiddenForm

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.form.L.shape[0]

    @property
    def work(self) -> int:  # type: ignore[override]
        return len(self.weights) * self.size**2

    @property
    def region(self) -> Interval | None:  # type: ignore[override]
        return self.form.bounds

    @property
    def weights(self) -> Float[np.ndarray, "h n"]:
        return self.form.K

    @property
    def constants(self) -> Interval:
        return self.form.k

    @property
    def rests_at_zero(self) -> bool:
        silent = (self.form.k.upper < 0) | self.form.k.is_zero
        return self.form.phi == "relu" and bool(self.form.c.is_zero.all() and silent.all())

    def hyperplanes(self) -> tuple[Interval, Interval]:
        return Interval(self.form.K), self.form.k

    def drive(self, z: Interval) -> Interval:
        return z @ self.form.K.T + self.form.k

    def residual(self, z: Interval) -> Interval:
        form = self.form
        return form.activation.value(self.drive(z)) @ form.L.T + z @ form.M.T + form.c

    def jacobian(self, z: Interval) -> Interval:
        return self.slopes_of(slopes(self.form.phi, self.drive(z)))

    def slopes_of(self, slopes: Interval) -> Interval:
        rows = slopes[:, None, :] * self.form.L
        return rows @ self.form.K + self.form.M

    def offsets_of(self, slopes: Interval) -> Interval:
        return (slopes * self.form.k) @ self.form.L.T + self.form.c

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return z
