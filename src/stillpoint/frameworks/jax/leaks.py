"""Traces of which nothing lives on: a step that keeps what JAX traces is no function."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax

Traced = TypeVar("Traced")


def leak_checked(trace: Callable[[], Traced]) -> Traced:
    """Return what a trace gives; JAX's error if a value of it is still referred to afterwards.

    What another thread or a report of an error holds for a moment counts as well, so a leak is one
    if it is there the second time.
    """
    with jax.checking_leaks():
        try:
            return trace()
        except Exception as error:
            if not (type(error) is Exception and str(error).startswith("Leaked")):  # JAX's own
                raise
    with jax.checking_leaks():
        return trace()
