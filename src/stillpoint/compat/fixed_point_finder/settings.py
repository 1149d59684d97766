"""The settings that only the TensorFlow finder has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..._core.validation import check_kind, check_option, check_real
from ...errors import ArgumentError, came
from ...solvers import Adam
from ..shared import Hyperparameters

_INSTEAD = {
    "feed_dict": "fix what was fed in the function that you pass",
    "alr_hps": "set lr_init, lr_patience, lr_factor and lr_cooldown",
    "agnc_hps": "Adam's steps do not grow with the gradient, so leave it out",
}


@dataclass(frozen=True)
class TFHyperparameters(Hyperparameters):
    """The settings of the TensorFlow finder: those of the torch finder, and four dictionaries.

    Attributes
    ----------
    adam_hps
        Adam's `epsilon`, `beta1` and `beta2`.
    feed_dict, alr_hps, agnc_hps
        Must be empty: sessions, and the schedules of another package, are not part of this one.
    """

    adam_hps: Mapping[str, float] = field(default_factory=lambda: {"epsilon": 0.01})
    feed_dict: Mapping[Any, Any] = field(default_factory=dict)
    alr_hps: Mapping[str, Any] = field(default_factory=dict)
    agnc_hps: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, instead in _INSTEAD.items():
            if check_kind(name, getattr(self, name), Mapping, "an empty dictionary"):
                raise ArgumentError(
                    f"{name}: got {came(getattr(self, name))}, but it must be empty; {instead}."
                )
        for name, value in check_kind("adam_hps", self.adam_hps, Mapping, "a dictionary").items():
            check_option("adam_hps", name, ("epsilon", "beta1", "beta2"))
            check_real("adam_hps", value, least=0)

    def adam(self, kind: type[Adam]) -> Adam:
        solver = super().adam(kind)
        beta1, beta2 = solver.betas
        betas = (self.adam_hps.get("beta1", beta1), self.adam_hps.get("beta2", beta2))
        return replace(solver, betas=betas, epsilon=self.adam_hps.get("epsilon", solver.epsilon))
