"""The closed curves that a search knows, each once, and which of them an orbit has come to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_real, check_whole
from ...points.fourier import nearest
from ...system import System
from ..cycle_orbits import images_of
from .guesses import guesses
from .newton import Turn, solved

# Relative to the size of a curve: what lies on it, and where an orbit is that comes to it.
_ON, _NEAR = 1e-6, 1e-3

# The residual that a step in double precision allows, and one in single precision.
_TOLERANCE, _TOLERANCE_SINGLE = 1e-12, 1e-5

# How often an orbit must come to the first piece of a curve, and be on it, to be on the curve.
_TURNS = 8


@dataclass(frozen=True, eq=False)
class KnownCurve:
    """A closed curve of F^pieces."""

    turn: Turn
    pieces: int

    def holds(self, path: Float[np.ndarray, "t d"], within: float = _ON) -> bool:
        """Whether an orbit is on the curve, whenever it comes to its first piece."""
        whole = max(1, min(_TURNS, len(path) // self.pieces)) * self.pieces
        near = nearest(self.turn.nodes, path[-whole:])[1] < within * self.turn.size
        return bool(near.reshape(-1, self.pieces).all(axis=0).any())


@dataclass(frozen=True, eq=False)
class KnownCurves:
    """What is known of the closed curves of a system.

    Attributes
    ----------
    system
        F.
    most_pieces, most_modes, tol
        As in `find_closed_curves`.
    curves
        Those that were found.
    """

    system: System
    most_pieces: int
    most_modes: int
    tol: float
    curves: list[KnownCurve] = field(default_factory=list)

    @classmethod
    def none(
        cls, system: System, most_pieces: int, max_modes: int, tol: float | None
    ) -> KnownCurves:
        """Return that none is known yet; None for the tolerance that the precision allows.

        Raises
        ------
        ArgumentError
            If there are no modes, or the tolerance is not positive.
        """
        if tol is None:
            is_single = system.dynamics.arrays.resolution > 1e-10
            tol = _TOLERANCE_SINGLE if is_single else _TOLERANCE
        most_modes = check_whole("max_modes", max_modes, least=1, most=10_000)
        return cls(system, most_pieces, most_modes, check_real("tol", tol, above=0))

    def led_to(self, path: Float[np.ndarray, "t d"], u: Float[np.ndarray, " m"]) -> int:
        """Return the curve that an orbit has come to, -1 if it is near none that can be found."""
        row = self._place(path, u)
        if row < 0:
            row = self.near(path, u, self.most_pieces, attracts=True)
        return row if row >= 0 and self.curves[row].holds(path, _NEAR) else -1

    def near(
        self,
        path: Float[np.ndarray, "t d"],
        u: Float[np.ndarray, " m"],
        most_pieces: int = 1,
        attracts: bool = False,
    ) -> int:
        """Return the curve that Newton's method makes of a path, -1 if it makes none."""
        for pieces in range(1, most_pieces + 1):
            for nodes, rho in guesses(path[::-pieces][::-1]):
                curve = self.solved(Turn(self.system, u, nodes, rho, attracts), pieces)
                if curve is not None:
                    return self.placed(curve)
        return -1

    def power(self, pieces: int) -> System:
        """Return F^pieces."""
        return self.system if pieces == 1 else self.system.iterate(pieces)

    def solved(self, guess: Turn, pieces: int) -> KnownCurve | None:
        """Return the curve of F^pieces that a guess leads to, in as few pieces as it has."""
        turn = solved(replace(guess, system=self.power(pieces)), self.tol, self.most_modes)
        if turn is None:
            return None
        images = images_of(self.system, turn.nodes[:1], turn.u[None], pieces - 1)
        angle, distance = nearest(turn.nodes, np.vstack([turn.nodes[:1], *images]))
        met = np.flatnonzero(distance[1:] < _ON * turn.size)
        if not len(met):
            return KnownCurve(turn, pieces)
        fewer = 1 + int(met[0])  # they lead to the same piece, turned by that angle
        return self.solved(replace(turn, rho=float(angle[fewer])), fewer)

    def placed(self, curve: KnownCurve) -> int:
        """Return the row of a curve, a new one if it is not known."""
        start, u = curve.turn.nodes[:1], curve.turn.u
        images = images_of(self.system, start, u[None], self.most_pieces)
        row = self._place(np.concatenate(list(images)), u)
        if row < 0:
            self.curves.append(curve)
        return row if row >= 0 else len(self.curves) - 1

    def _place(self, path: Float[np.ndarray, "t d"], u: Float[np.ndarray, " m"]) -> int:
        """Return the curve under that input that an orbit is on, -1 if it is on none."""
        for row, known in enumerate(self.curves):
            if (known.turn.u == u).all() and known.holds(path):
                return row
        return -1
