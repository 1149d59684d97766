"""Objects whose settings are one record, and attributes that may be set."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, ClassVar

from ..._core.validation import check_option
from ...errors import ArgumentError
from .errors import raises_as_before


@raises_as_before
class Settled:
    """Base of finders: their settings by position in the tool's order, by name, and as attributes.

    Parameters
    ----------
    *settings, **named
        Fields of `hyperparameters`.

    Raises
    ------
    ArgumentError
        If a setting is unknown, given twice, or not what is wanted.
    """

    #: The record of the settings, a frozen data class that checks them.
    hyperparameters: ClassVar[type]
    #: The settings that may be given by position, in the order of the tool.
    positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *settings: Any, **named: Any) -> None:
        order = self._order(*settings)
        if len(settings) > len(order):
            raise ArgumentError(
                f"settings: got {len(settings)} by position, but {len(order)} at most are wanted; "
                f"name the others, for example {next(iter(self.default_hps()))}=..."
            )
        given = dict(zip(order, settings, strict=False))
        for name in named:
            check_option("hyper-parameter", name, self.default_hps())
            if name in given:
                raise ArgumentError(f"{name}: it is given twice, by position and by name.")
        self.hps: Any = self.hyperparameters(**given, **named)

    def _order(self, *settings: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Return the names of settings that are given by position."""
        return self.positional

    def __getattr__(self, name: str) -> Any:
        if name != "hps" and name in self.default_hps():
            return getattr(self.hps, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.default_hps():
            self.hps = replace(self.hps, **{name: value})
        else:
            super().__setattr__(name, value)

    @classmethod
    def default_hps(cls) -> dict[str, Any]:
        """Return the settings and their defaults."""
        return asdict(cls.hyperparameters())
