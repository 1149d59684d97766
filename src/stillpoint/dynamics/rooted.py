"""Dynamics that stand for equations: their fixed points are zeros that a solver is to find."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import ArrayKind
from .base import Dynamics, RootProblem

Rows = Float[np.ndarray, "n k"]


class Rooted(Dynamics):
    """The map x + g(x, u) of a root problem g on the host, so that solvers take it for dynamics."""

    @property
    def arrays(self) -> ArrayKind:
        return ArrayKind.of(np.zeros(1))

    @abstractmethod
    def residual_problem(self) -> RootProblem:
        """Return the equations."""

    def step(self, x: Rows, u: Float[Any, "n m"]) -> Rows:
        return x + self.residual_problem().residual(x, u)

    def jacobian(self, x: Rows, u: Float[Any, "n m"]) -> Float[np.ndarray, "n k k"]:
        return np.eye(self.state_size) + self.residual_problem().jacobian(x, u)

    def input_jacobian(self, x: Rows, u: Float[Any, "n m"]) -> Float[np.ndarray, "n k m"]:
        raise NotImplementedError
