"""How many points there are between the events of a diagram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column

#: Parameters of events this near to each other, in lengths of the path, are one.
RESOLUTION = 1e-9


@final
@dataclass(frozen=True, eq=False, repr=False)
class Counts(Record):
    """How many points there are between the events of a diagram; by `Diagram.counts`.

    Attributes
    ----------
    low, high
        Parameters of the events on both sides, or ends of the path, shape (i,).
    n_points, n_stable, index_sum
        Places, stable ones among them, and the sum of the indices, in the middle between.
    """

    rows = "interval"

    low: Float[np.ndarray, " i"] = column("interval", long_name="parameter it begins at")
    high: Float[np.ndarray, " i"] = column("interval", long_name="parameter it ends at")
    n_points: Int[np.ndarray, " i"] = column("interval", long_name="points")
    n_stable: Int[np.ndarray, " i"] = column("interval", long_name="stable points")
    index_sum: Int[np.ndarray, " i"] = column("interval", long_name="sum of indices")

    def __len__(self) -> int:
        return len(self.low)

    def _display(self) -> Display:
        columns = [
            Column("from", [f"{s:.8g}" for s in self.low], 14),
            Column("to", [f"{s:.8g}" for s in self.high], 14),
            Column("points", [str(k) for k in self.n_points], 6),
            Column("stable", [str(k) for k in self.n_stable], 6),
            Column("index sum", [f"{k:+}" for k in self.index_sum], 9),
        ]
        return Display(f"counts on {plural(len(self), 'interval')} of the parameter", columns)
