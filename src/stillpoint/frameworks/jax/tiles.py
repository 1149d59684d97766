"""Functions of one row, compiled by JAX for batches of two fixed sizes.

A search leaves fewer rows at every step, and JAX compiles anew for every shape that it meets.
Cutting a batch into tiles keeps the shapes the same: every function is compiled at most twice for a
system, and no finished row is computed again, as it would be if rows were only frozen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

# Rows of a large and of a small tile. Large ones shrink where a Jacobian of all their rows would
# take more than so many bytes.
_LARGE, _SMALL = 256, 16
_TILE_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class Tiled:
    """A function of rows, compiled for tiles of fixed size; NumPy in, NumPy out.

    Rows that pad a tile are copies of the last one. `width` is the larger of the sizes of a state
    and an input.
    """

    row: Callable[..., Any]
    width: int
    double: bool

    @functools.cached_property
    def _compiled(self) -> Callable[..., Any]:
        return jax.jit(jax.vmap(self.row))

    def __call__(self, *arguments: np.ndarray) -> np.ndarray:
        n = len(arguments[0])
        large = min(_LARGE, max(_SMALL, _TILE_BYTES // (8 * self.width**2)))
        results: list[np.ndarray] = []
        start = 0
        with jax.enable_x64(self.double):
            while start < n or not results:
                size = large if n - start >= large // 2 else _SMALL
                rows = [_padded(a[start : start + size, ...], size) for a in arguments]
                result = np.asarray(self._compiled(*rows))
                results.append(result[: max(n - start, 0), ...])
                start += size
        return results[0] if len(results) == 1 else np.concatenate(results)


def _padded(rows: np.ndarray, size: int) -> np.ndarray:
    missing = size - len(rows)
    if not missing:
        return rows
    last = rows[-1:, ...] if len(rows) else np.zeros((1, *rows.shape[1:]), dtype=rows.dtype)
    return np.concatenate([rows, np.broadcast_to(last, (missing, *rows.shape[1:]))])
