"""Some units of a network as a system of their own: what they share, whatever the others do."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import namespace, take
from ..base import Batch, Dynamics, Inputs, Linear, Matrices, RootProblem, StateProblem
from .base import Transformed


class Part(Transformed):
    """Dynamics of the `kept` units; what tells the other ones, the `held`, are the last inputs."""

    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]

    @abstractmethod
    def held_units(self, x: Batch, told: Float[Any, "n r"]) -> Float[Any, "n r"]:
        """Return the held units that belong to kept ones, given the last inputs."""

    @abstractmethod
    def moving(self, v: Batch) -> Float[Any, "n all"]:
        """Return how all units move where the kept ones move by v."""

    @abstractmethod
    def block(self, matrices: Float[Any, "n all all"]) -> Float[Any, "n k k"]:
        """Return what Jacobians of all units say of the kept ones, rows and columns."""

    @property
    def state_size(self) -> int:
        return len(self.kept)

    @property
    def input_size(self) -> int:
        return self.inner.input_size + len(self.held)

    @property
    def has_equilibrium_form(self) -> bool:
        return self.inner.has_equilibrium_form and self.inner.output_problem().unitwise

    def equilibrium_problem(self) -> RootProblem:
        whole = self.inner.output_problem()
        return PartProblem(self, whole) if whole.unitwise else self.residual_problem()

    def for_states_of_size(self, size: Float[np.ndarray, " k"]) -> Dynamics:
        whole = np.ones(self.inner.state_size)
        whole[self.kept] = size
        return replace(self, inner=self.inner.for_states_of_size(whole))  # type: ignore[type-var]

    def step(self, x: Batch, u: Inputs) -> Batch:
        return take(self.inner.step(*self.whole(x, u)), self.kept, axis=1)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.block(self.inner.jacobian(*self.whole(x, u)))

    def differential(self, x: Batch, u: Inputs) -> Linear:
        return self.pushed(self.inner.differential(*self.whole(x, u)))

    def pushed(self, whole: Linear) -> Linear:
        """Return what a derivative in all units says of the kept ones."""
        return lambda v: take(whole(self.moving(v)), self.kept, axis=1)

    def whole(self, x: Batch, u: Inputs) -> tuple[Float[Any, "n all"], Float[Any, "n own"]]:
        """Return the state and the inputs of the whole network."""
        m = self.inner.input_size
        return self.in_place(x, self.held_units(x, u[:, m:])), u[:, :m]

    def in_place(self, kept: Batch, held: Float[Any, "n r"]) -> Float[Any, "n all"]:
        """Return values of kept and held units as those of all units, in their order."""
        together = namespace(kept).concat([kept, held], axis=1)
        return take(together, np.argsort(np.concatenate([self.kept, self.held])), axis=1)


@dataclass(frozen=True)
class PartProblem(StateProblem):
    """The equations of the kept units from the whole network's equilibrium form."""

    part: Part
    problem: RootProblem
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        whole = self.problem.residual(*self.part.whole(y, u))
        return take(whole, self.part.kept, axis=1)

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return self.part.block(self.problem.jacobian(*self.part.whole(y, u)))

    def differential(self, y: Batch, u: Inputs) -> Linear:
        return self.part.pushed(self.problem.differential(*self.part.whole(y, u)))
