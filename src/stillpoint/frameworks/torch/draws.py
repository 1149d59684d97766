"""Random draws inside a step, each replaced by its mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ...errors import UnsupportedModelError

Tensor = torch.Tensor


class MeansOfDraws(TorchFunctionMode):
    """While it is entered, what torch draws at random is the mean of its distribution.

    Dropout that a module applies by hand leaves its input as it is. What has no mean, or none among
    whole numbers, is drawn as ever. A draw that is compared with something, or made a mask, stands
    for a coin, which its mean does not: an UnsupportedModelError says so.

    Examples
    --------
    >>> with MeansOfDraws():
    ...     torch.randn(2), torch.normal(torch.tensor([1.0]), 0.1)
    (tensor([0., 0.]), tensor([1.]))
    """

    def __init__(self) -> None:
        super().__init__()
        self._drawn: list[Tensor] = []
        self._made_a_mask = False

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        super().__exit__(kind, error, trace)
        if self._made_a_mask:  # said here, as torch's operators swallow some errors
            raise UnsupportedModelError(
                "noise: the step makes a mask of numbers that it draws, whose mean is no mask; use "
                "torch.nn.functional.dropout, or leave the mask out."
            )

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        mean = _MEANS.get(func)
        if mean is None:
            self._made_a_mask |= self._makes_a_mask(func, args)
            return func(*args, **kwargs)
        made = mean(*args, **{name: v for name, v in kwargs.items() if name != "generator"})
        if func not in _KEEPING:
            self._drawn.append(made)
        return made

    def _makes_a_mask(self, func: Any, args: tuple[Any, ...]) -> bool:
        name = getattr(func, "__name__", "")
        is_mask = name.strip("_") in _COMPARISONS or (
            name in ("to", "type") and torch.bool in args[1:]
        )
        return is_mask and any(arg is drawn for arg in args for drawn in self._drawn)


# Comparisons by the names of torch's functions and methods, and what makes numbers a mask.
_COMPARISONS = {
    *("lt", "le", "gt", "ge", "eq", "ne", "bool", "less", "less_equal", "greater", "greater_equal"),
    *("logical_not", "nonzero"),
}


def _normal(mean: Any, std: Any = 1.0, size: Any = None, **options: Any) -> Tensor:
    if size is not None:
        return torch.full(tuple(size), float(mean), **options)
    return torch.zeros_like(torch.as_tensor(std)) + mean


def _bernoulli(own: Tensor, p: float | None = None, **_: Any) -> Tensor:
    return own.clone() if p is None else torch.full_like(own, p)


def _filled(value: Callable[..., Any]) -> Callable[..., Tensor]:
    return lambda own, *arguments, **options: own.fill_(value(*arguments, **options))


def _input(own: Tensor, *_: Any, **__: Any) -> Tensor:
    return own


def _of_size(value: float) -> Callable[..., Tensor]:
    def made(*size: Any, **options: Any) -> Tensor:
        shape = size[0] if size and not isinstance(size[0], int) else size
        return torch.full(tuple(options.pop("size", shape)), value, **options)

    return made


_MEANS: dict[Any, Callable[..., Tensor]] = {
    torch.randn: _of_size(0.0),
    torch.rand: _of_size(0.5),
    torch.randn_like: torch.zeros_like,
    torch.rand_like: lambda own, **options: torch.full_like(own, 0.5, **options),
    torch.normal: _normal,
    torch.bernoulli: _bernoulli,
    torch.poisson: torch.clone,
    Tensor.bernoulli: _bernoulli,
    Tensor.bernoulli_: lambda own, p=0.5: own.copy_(torch.as_tensor(p)),
    Tensor.normal_: _filled(lambda mean=0.0, std=1.0: mean),  # noqa: ARG005
    Tensor.uniform_: lambda own, low=0.0, high=1.0, **named: own.fill_(
        (named.get("from", low) + named.get("to", high)) / 2
    ),
    Tensor.exponential_: _filled(lambda lambd=1.0: 1 / lambd),
    Tensor.geometric_: _filled(lambda p: 1 / p),
    Tensor.log_normal_: _filled(lambda mean=1.0, std=2.0: math.exp(mean + std**2 / 2)),
}

# Dropout, called by hand.
_KEEPING = {
    torch.dropout,
    torch.feature_dropout,
    torch.alpha_dropout,
    torch.feature_alpha_dropout,
    functional.dropout,
    functional.dropout1d,
    functional.dropout2d,
    functional.dropout3d,
    functional.alpha_dropout,
    functional.feature_alpha_dropout,
}
_MEANS |= dict.fromkeys(_KEEPING, _input)
