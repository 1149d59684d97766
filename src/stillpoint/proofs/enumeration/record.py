"""What is proved about the number of fixed points under one input."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.display import plural
from ..._core.values import read_fields, read_json


@dataclass(frozen=True, eq=False, repr=False)
class Enumeration:
    """All fixed points under one input, or as many as could be proved, and why not all.

    A proof is about the map with the weights as they are stored, in real arithmetic: whatever
    rounding can do is in the bounds. What it rests on is IEEE 754 arithmetic and a bound on the
    errors of the library's tanh, exp and log1p (``stillpoint.intervals``).

    Attributes
    ----------
    inputs
        The input, shape (m,).
    states
        One row for every fixed point that is proved, to rounding, shape (k, d).
    is_proof
        Whether it is proved that there are no other fixed points.
    method
        How: "contraction", "linear regions", "bisection in 2 dimensions", "bisection in 3
        leading directions", or "not available".
    examined, left
        How many boxes or regions were looked at, and how many of them stayed undecided.
    reason
        Why there is no proof; empty if there is one.

    Examples
    --------
    >>> Enumeration(np.zeros(0), np.zeros((1, 2)), True, "contraction", 1, 0, "")
    proved: exactly 1 fixed point (contraction)
    """

    inputs: Float[np.ndarray, " m"]
    states: Float[np.ndarray, "k d"]
    is_proof: bool
    method: str
    examined: int
    left: int
    reason: str

    @property
    def n_points(self) -> int:
        """How many fixed points are proved."""
        return len(self.states)

    @property
    def verdict(self) -> str:
        """One sentence on what is proved."""
        points = plural(self.n_points, "fixed point")
        if self.is_proof:
            return f"proved: exactly {points} ({self.method})"
        if self.method == "not available":
            return f"no proof of completeness: {self.reason}"
        return (
            f"at least {points}, no proof that there are no others ({self.method}): {self.reason}"
        )

    def __repr__(self) -> str:
        return self.verdict

    def to_plain(self) -> dict[str, Any]:
        """Return a description in plain types, which JSON can hold."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        arrays = {"inputs": self.inputs.tolist(), "states": self.states.ravel().tolist()}
        return fields | arrays | {"shape": list(self.states.shape)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Enumeration:
        """Return what `to_plain` wrote down.

        Raises
        ------
        ValueError
            If it could not have written it.
        """
        said = read_fields(cls, plain, "is_proof", "method", "examined", "left", "reason")
        k, d = read_json(plain["shape"], tuple[int, ...])
        if min(k, d, said["examined"], said["left"]) < 0:
            raise ValueError("examined, left, shape: a number is negative")
        inputs, states = (
            np.array(read_json(plain[name], tuple[float, ...]), dtype=np.float64)
            for name in ("inputs", "states")
        )
        return cls(inputs=inputs, states=states.reshape(k, d), **said)
