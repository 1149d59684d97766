"""Trained networks: a cell with a linear readout, kept as one small `.npz` file."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ..as_system import as_system
from ..cells import GRUCell, LSTMCell, VanillaCell
from ..cells.base import Cell
from ..files import write_atomically
from ..status import FileFormatError, check_option
from ..system import System

#: Cells by the name that files and the command line use.
CELLS: dict[str, type] = {"tanh": VanillaCell, "gru": GRUCell, "lstm": LSTMCell}


@dataclass(frozen=True, eq=False)
class ReadoutNetwork:
    """A recurrent cell with the readout y = C h + a that it was trained with.

    Attributes
    ----------
    cell
        The recurrent part.
    C, a
        Readout weights, shape (k, p), and bias, shape (k,); h is the first p states.
    """

    cell: Cell
    C: Float[np.ndarray, "k p"]
    a: Float[np.ndarray, " k"]

    @property
    def system(self) -> System:
        """The recurrent part as a System."""
        return as_system(self.cell)

    def run(
        self, inputs: Float[np.ndarray, "n t m"]
    ) -> tuple[Float[np.ndarray, "n t d"], Float[np.ndarray, "n t k"]]:
        """Return the states and the outputs under `inputs`, from the zero state."""
        start = np.zeros((inputs.shape[0], self.cell.state_size))
        states = self.system.simulate(start, inputs)
        return states, self.read_out(states)

    def read_out(self, states: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... k"]:
        """Return the outputs that belong to `states`."""
        return states[..., : self.C.shape[1]] @ self.C.T + self.a

    def save(self, path: str | Path) -> None:
        """Write the weights to `path`, an `.npz` file."""
        name = next(name for name, cell in CELLS.items() if isinstance(self.cell, cell))
        arrays = {
            field.name: value
            for field in fields(self.cell)
            if isinstance(value := getattr(self.cell, field.name), np.ndarray)
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, cell=name, C=self.C, a=self.a, **arrays)
        write_atomically(path, lambda temporary: temporary.write_bytes(buffer.getvalue()))

    @classmethod
    def load(cls, path: Any) -> ReadoutNetwork:
        """Read weights that `save` wrote.

        Raises
        ------
        FileFormatError
            If the file holds no such network.
        """
        try:
            with np.load(path) as stored:
                arrays = {name: stored[name] for name in stored.files}
            cell = CELLS[str(arrays.pop("cell"))]
            readout = {name: arrays.pop(name) for name in ("C", "a")}
            return cls(cell(**{k: v.astype(np.float64) for k, v in arrays.items()}), **readout)
        except (ValueError, KeyError, OSError, TypeError) as error:
            raise FileFormatError(f"path: {path} holds no trained network ({error}).") from error


def load_network(name: str = "tanh") -> ReadoutNetwork:
    """Return a network that comes with the package, trained on the 3-bit flip-flop task.

    Parameters
    ----------
    name
        "tanh", "gru" or "lstm"; 16 units each. `scripts/train_shipped_networks.py` made them.

    Raises
    ------
    ArgumentError
        If there is no such network.

    Examples
    --------
    >>> load_network("gru").system
    System(map, 16 states, 3 inputs)
    """
    check_option("name", name, CELLS)
    return ReadoutNetwork.load(files(__package__) / "weights" / f"flip_flop_{name}_16.npz")
