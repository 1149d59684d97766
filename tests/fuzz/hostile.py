"""Values that no argument expects: each by a name, made anew for every call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np


class Silent:
    """An object that cannot be shown."""

    def __repr__(self) -> str:
        raise KeyError("no repr")


class Loud:
    """An object whose repr is a page."""

    def __repr__(self) -> str:
        return "x" * 100_000


def itself() -> list[Any]:
    """Return a list that holds itself."""
    held: list[Any] = []
    held.append(held)
    return held


def readonly() -> np.ndarray:
    """Return an array that cannot be written to, with strides of its own."""
    array = np.ones((4, 6))[::2, ::3]
    array.flags.writeable = False
    return array


#: Every value by its name.
POOL: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "-1": lambda: -1,
    "0": lambda: 0,
    "2.5": lambda: 2.5,
    "1e5": lambda: 1e5,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "2**70": lambda: 2**70,
    "-(2**70)": lambda: -(2**70),
    "10**400": lambda: 10**400,
    "10**5000": lambda: 10**5000,
    "empty string": lambda: "",
    "abc": lambda: "abc",
    "/": lambda: "/",
    "long string": lambda: "a" * 100_000,
    "null character": lambda: "a\0b",
    "bytes": lambda: b"abc",
    "[]": list,
    "[[]]": lambda: [[]],
    "{}": dict,
    "ragged": lambda: [[1.0, 2.0], [3.0]],
    "itself": itself,
    "list of None": lambda: [None],
    "list of strings": lambda: ["abc"],
    "list of lists of strings": lambda: [["abc"]],
    "set": lambda: {1, 2},
    "table": lambda: {"abc": 1},
    "table by number": lambda: {1: [0]},
    "objects": lambda: np.array([[object()]]),
    "empty array": lambda: np.zeros((0, 2)),
    "no columns": lambda: np.zeros((3, 0)),
    "0-d": lambda: np.array(1.0),
    "0-d whole": lambda: np.array(1),
    "vector": lambda: np.ones(5),
    "wide": lambda: np.ones((3, 7)),
    "4-d": lambda: np.ones((2, 2, 2, 2)),
    "whole numbers": lambda: np.arange(6).reshape(3, 2),
    "far index": lambda: [99],
    "NaN rows": lambda: np.full((3, 2), np.nan),
    "huge": lambda: np.full((3, 2), 1e308),
    "complex": lambda: np.ones((3, 2), dtype=complex),
    "float16": lambda: np.ones((2, 2), dtype=np.float16),
    "longdouble": lambda: np.full((2, 2), np.finfo(np.longdouble).max),
    "datetime64": lambda: np.zeros((3, 2), dtype="datetime64[s]"),
    "structured": lambda: np.zeros(3, dtype=[("x", float), ("y", float)]),
    "masked": lambda: np.ma.masked_array(np.ones((3, 2)), mask=[[1, 0]] * 3),
    "nothing masked": lambda: np.ma.masked_array(np.ones((3, 2))),
    "masked rows": lambda: [np.ma.masked_array(np.ones(2), mask=[1, 0])] * 3,
    "the masked constant": lambda: np.ma.masked,
    "matrix": lambda: np.matrix(np.ones((2, 2))),
    "big-endian": lambda: np.ones((2, 2), dtype=">f8"),
    "strings": lambda: np.array(["a", "b"]),
    "booleans": lambda: np.ones((3, 2), dtype=bool),
    "read-only": readonly,
    "class": lambda: dict,
    "exception": lambda: ValueError("abc"),
    "lambda": lambda: lambda *_: None,
    "module": lambda: math,
    "generator": lambda: (k for k in range(3)),
    "silent": Silent,
    "list of silent": lambda: [Silent()],
    "loud": Loud,
    "seed sequence": lambda: np.random.SeedSequence(0),
    "dtype": lambda: np.dtype(float),
}

#: What no argument can use, whatever it means.
NEVER = frozenset(
    {
        *("nan", "10**400", "10**5000", "itself", "list of None", "objects", "NaN rows"),
        *("complex", "datetime64", "structured", "masked", "masked rows", "exception", "module"),
        *("generator", "silent", "list of silent", "loud"),
    }
)


def _with_pandas() -> None:
    import pandas as pd

    POOL["table of pandas"] = lambda: pd.DataFrame(np.ones((500, 2)))
    POOL["series"] = lambda: pd.Series(["a"] * 500)


def _with_torch() -> None:
    import torch

    POOL["requires grad"] = lambda: torch.ones(2, 2, requires_grad=True)
    POOL["bfloat16"] = lambda: torch.ones(2, 2, dtype=torch.bfloat16)
    POOL["no storage"] = lambda: torch.ones(2, 2, device="meta")
    POOL["complex tensor"] = lambda: torch.ones(2, 2, dtype=torch.complex64)


for add in (_with_pandas, _with_torch):
    try:
        add()
    except ImportError:  # the pool is then so much smaller
        continue
