"""Parts of a linearisation: what regions do to each other, and what deviations lead to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.record import Record
from .._core.validation import check_sequence, read_deviation
from ..system_info import SystemInfo


class Blocks(Record):
    """What a linearisation says by regions; `Linearization` is the record."""

    value: Float[np.ndarray, "n d"]
    input_jacobian: Float[np.ndarray, "n d m"]
    system: SystemInfo

    @property
    @abstractmethod
    def jacobian(self) -> Float[np.ndarray, "n d d"]:
        """The Jacobian in the state, rows = to."""

    def block(
        self, to: str | Sequence[str], source: str | Sequence[str]
    ) -> Float[np.ndarray, "n k j"]:
        """Return the part of A, or of B for an input region, from one region to another.

        Parameters
        ----------
        to
            State regions; the order given is the order of the rows.
        source
            State regions or input regions; the order given is the order of the columns. Of a
            restricted system, the held regions are input regions, all together `held`.

        Raises
        ------
        ArgumentError
            If a name is unknown.
        """
        rows = self.system.state_regions.indices(*_names("to", to))
        names = _names("source", source)
        if set(names) <= set(self.system.input_regions.names):
            return self.input_jacobian[:, rows][:, :, self.system.input_regions.indices(*names)]
        return self.jacobian[:, rows][:, :, self.system.state_regions.indices(*names)]

    def predict(self, dx: Any, du: Any = None, dheld: Any = None) -> Float[np.ndarray, "... n d"]:
        """Return the first-order Taylor prediction F(x0, u0) + A dx + B du.

        Parameters
        ----------
        dx
            Deviations of the state, any shape that broadcasts to (..., n, d).
        du
            Deviations of the inputs, broadcasting to (..., n, m); none if left out.
        dheld
            Of a restricted system: deviations of the held units, broadcasting to (..., n, r);
            `du` is then that of the other inputs.

        Raises
        ------
        ArgumentError
            If a width does not fit, or nothing is held.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> lin = sp.linearize(sp.as_system(lambda x: x**2, state_size=1), np.ones((1, 1)))
        >>> lin.predict([[0.1]]).round(6)
        array([[1.2]])
        """
        deviations = [("dx", dx, self.jacobian), ("du", du, self.input_jacobian)]
        if dheld is not None:
            held = self.system.input_regions.indices("held")
            free = self.system.input_regions.others(held)
            deviations[1:] = [
                ("du", du, self.input_jacobian[..., free]),
                ("dheld", dheld, self.input_jacobian[..., held]),
            ]
        prediction = self.value
        for name, deviation, matrix in deviations:
            if deviation is not None:
                deviation = read_deviation(name, deviation, len(self.value), matrix.shape[2])
                prediction = prediction + np.einsum("nij,...nj->...ni", matrix, deviation)
        return prediction


def _names(name: str, regions: str | Sequence[str]) -> Sequence[str]:
    listed = [regions] if isinstance(regions, str) else regions
    return check_sequence(name, listed, str, "the name of a region, or a list of names")
