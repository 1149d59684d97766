"""Trained networks: a cell with a linear readout, kept as one small `.npz` file."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.files import read_path, write_atomically
from .._core.validation import check_kind, check_option, first_line, read_floats, shape_of
from ..as_system import as_system
from ..cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from ..cells.base import Cell
from ..dynamics import Regions, activation
from ..errors import ArgumentError, FileFormatError, came
from ..system import System

#: Cells of unstructured networks, by the name that the command line uses.
CELLS: dict[str, type] = {"tanh": VanillaCell, "gru": GRUCell, "lstm": LSTMCell}

#: The networks that come with the package, by the names of their files.
SHIPPED = {
    "tanh": "flip_flop_tanh_16",
    "gru": "flip_flop_gru_16",
    "lstm": "flip_flop_lstm_16",
    "dale_leaky": "flip_flop_dale_leaky_30",
    "dale_elman": "flip_flop_dale_elman_30",
    "decision": "decision_relu_64",
    "context": "context_tanh_64",
    "sine": "sine_tanh_40",
}
_CLASSES = {cell.__name__: cell for cell in (VanillaCell, LeakyCell, GRUCell, LSTMCell)}
_REGION, _HISTORY = "region_", "history_"


@dataclass(frozen=True, eq=False, repr=False)
class ReadoutNetwork:
    """A recurrent cell with the readout y = C h + a that it was trained with.

    Attributes
    ----------
    cell
        The recurrent part.
    C, a
        Readout weights, shape (k, p), and bias, shape (k,); h is the first p states, or phi(x)
        of a leaky cell.
    regions
        Named groups of units, for networks that have regions.
    history
        How training went: named curves with one value per step; empty where nobody kept them.
    """

    cell: Cell
    C: Float[np.ndarray, "k p"]
    a: Float[np.ndarray, " k"]
    regions: Mapping[str, Sequence[int]] = field(default_factory=dict)
    history: Mapping[str, Float[np.ndarray, " steps"]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_kind("cell", self.cell, Cell, "a cell of stillpoint.cells")
        C, a = read_floats("C", self.C), read_floats("a", self.a)
        if C.ndim != 2 or a.shape != C.shape[:1] or C.shape[1] > self.cell.state_size:
            raise ArgumentError(
                f"C, a: got shapes {C.shape} and {a.shape}, but (k, p) and (k,) are wanted, p no "
                f"more than the {self.cell.state_size} states."
            )
        Regions(self.cell.state_size, self.regions)
        check_kind("history", self.history, Mapping, "a table of curves")

    def __repr__(self) -> str:
        outputs = f"{len(self.a)} output{'s' if len(self.a) != 1 else ''}"
        return f"ReadoutNetwork({type(self.cell).__name__}, {self.system!r}, {outputs})"

    def __stillpoint_system__(self) -> System:
        """Return the recurrent part, for `as_system`."""
        return self.system

    @property
    def system(self) -> System:
        """The recurrent part as a System."""
        return as_system(self.cell, regions=self.regions or None)

    def run(
        self, inputs: Float[np.ndarray, "n t m"]
    ) -> tuple[Float[np.ndarray, "n t d"], Float[np.ndarray, "n t k"]]:
        """Return the states and the outputs under `inputs`, from the zero state."""
        (n, *_) = shape_of(inputs) or (0,)
        start = np.zeros((n, self.cell.state_size))
        states = self.system.simulate(start, inputs)
        return states, self.read_out(states)

    def read_out(self, states: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... k"]:
        """Return the outputs that belong to `states`."""
        states = read_floats("states", states)
        if not self.C.shape[1] <= (states.shape or (0,))[-1] <= self.cell.state_size:
            raise ArgumentError(
                f"states: got shape {states.shape}, but (..., {self.cell.state_size}) is wanted."
            )
        if isinstance(self.cell, LeakyCell):
            states = activation(self.cell.phi).value(states)
        return states[..., : self.C.shape[1]] @ self.C.T + self.a

    def save(self, path: str | Path) -> None:
        """Write the weights to `path`, an `.npz` file."""
        arrays: dict[str, Any] = {
            name: value
            for name, value in vars(self.cell).items()
            if isinstance(value, np.ndarray | str)
        }
        arrays |= {_REGION + name: np.array(places) for name, places in self.regions.items()}
        arrays |= {
            _HISTORY + name: curve.astype(np.float32) for name, curve in self.history.items()
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, cell=type(self.cell).__name__, C=self.C, a=self.a, **arrays)
        write_atomically(path, lambda temporary: temporary.write_bytes(buffer.getvalue()))

    @classmethod
    def load(cls, path: Any) -> ReadoutNetwork:
        """Read weights that `save` wrote.

        Raises
        ------
        FileFormatError
            If the file holds no such network.
        """
        path = read_path("path", path)
        try:
            with open(path, "rb") as file, np.load(file) as stored:
                arrays = {name: stored[name] for name in stored.files}
            cell = _CLASSES[str(arrays.pop("cell"))]
            readout = {name: arrays.pop(name) for name in ("C", "a")}
            regions = {name: places.tolist() for name, places in _named(_REGION, arrays).items()}
            history = _named(_HISTORY, arrays)
            weights = {n: str(v) if v.dtype.kind == "U" else v for n, v in arrays.items()}
            return cls(cell(**weights), **readout, regions=regions, history=history)
        except (ValueError, KeyError, OSError, TypeError) as error:
            raise FileFormatError(
                f"path: {came(str(path))} holds no trained network ({first_line(error)})."
            ) from error


def _named(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    """Take the arrays whose names begin with a prefix out of `arrays`, and return them."""
    return {n.removeprefix(prefix): arrays.pop(n) for n in list(arrays) if n.startswith(prefix)}


def load_network(name: str = "tanh") -> ReadoutNetwork:
    """Return a network that comes with the package; `scripts/train_shipped_networks.py` made them.

    Parameters
    ----------
    name
        Of the 3-bit flip-flop: "tanh", "gru" or "lstm", 16 units each; "dale_leaky" or
        "dale_elman", 21 excitatory and 9 inhibitory units that obey Dale's law. "decision": 64
        rectified units, trained on `PerceptualDecision()`. "context": 64 tanh units, trained on
        `ContextIntegration()`. "sine": 40 tanh units, trained on
        `SineWave(n_frequencies=6, lowest=0.1, highest=0.5, steps=200)`.

    Raises
    ------
    ArgumentError
        If there is no such network.

    Examples
    --------
    >>> load_network("gru").system
    System(map, 16 states, 3 inputs; closed form)
    """
    check_option("name", name, SHIPPED)
    return ReadoutNetwork.load(files(__package__) / "weights" / f"{SHIPPED[name]}.npz")
