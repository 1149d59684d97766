"""The slow modes of a Jacobian, and how far they stand apart from the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Complex, Float
from scipy.linalg import schur
from scipy.linalg.lapack import dtrsyl

from .._core.sentences import SentenceEnum
from ..dynamics import Kind
from .spectra import MARGIN

# A complex pair with smaller imaginary parts is a double real eigenvalue seen through rounding.
_PAIR = 1e-6


class NoSlowModes(SentenceEnum):
    """Why a Jacobian has no slow modes that can be told from the others."""

    NOT_FINITE = 0, "the Jacobian is not finite"
    NOT_APART = 1, "the slow mode is not slow beside the others"
    ROTATES = 2, "the slow mode is one of a complex pair, which has no direction"


@dataclass(frozen=True, eq=False)
class SlowModes:
    """The p slow modes of one Jacobian.

    Attributes
    ----------
    eigenvalues
        Of the slow modes, shape (p,).
    frame
        Orthonormal columns that span the right slow eigenvectors, shape (d, p).
    selection
        Columns that span the left ones, selection^T frame = I.
    transverse
        The largest modulus of the other eigenvalues (real part for a flow).
    separation
        Time constant of the fastest slow mode over that of the slowest other one.
    pace
        |log |lambda|| of the fastest slow mode (|Re lambda| for a flow).
    """

    eigenvalues: Complex[np.ndarray, " p"]
    frame: Float[np.ndarray, "d p"]
    selection: Float[np.ndarray, "d p"]
    transverse: float
    separation: float
    pace: float

    def aligned(self, frame: Float[np.ndarray, "d p"]) -> SlowModes:
        """Return the same modes in the frame of their span that is nearest to `frame`."""
        left, _, right = np.linalg.svd(self.frame.T @ frame)
        turn = left @ right  # Procrustes
        return replace(self, frame=self.frame @ turn, selection=self.selection @ turn)


def slow_modes(jacobian: Float[np.ndarray, "d d"], kind: Kind, p: int) -> SlowModes | NoSlowModes:
    """Return the p modes whose eigenvalues lie nearest to 1 (to 0 for a flow).

    The spans come from an ordered Schur form, so multiple eigenvalues do no harm. Where the p
    modes cannot be told from the next one, the reason is returned.

    Examples
    --------
    >>> modes = slow_modes(np.diag([0.5, 0.9]), "map", 1)
    >>> modes.eigenvalues.real, modes.transverse, round(modes.separation, 2)
    (array([0.9]), 0.5, 6.58)
    >>> slow_modes(np.array([[0.9, -0.3], [0.3, 0.9]]), "map", 1).sentence
    'the slow mode is one of a complex pair, which has no direction'
    """
    if not np.isfinite(jacobian).all():
        return NoSlowModes.NOT_FINITE
    values = np.linalg.eigvals(jacobian).astype(np.complex128)
    centre = 1.0 if kind == "map" else 0.0
    distance = np.abs(values - centre)
    order = np.argsort(distance)
    slow, others = values[order[:p]], values[order[p:]]
    if abs(slow.imag.sum()) > 0:
        apart = abs(slow.imag.sum()) >= _PAIR
        return NoSlowModes.ROTATES if apart else NoSlowModes.NOT_APART
    nearest = np.sort(distance)
    border = np.inf if p == len(values) else (nearest[p - 1] + nearest[p]) / 2
    inside = lambda re, im=0.0: bool(abs(complex(re, im) - centre) < border)  # noqa: E731
    form, basis, size = schur(jacobian, sort=inside)
    if size != p:
        return NoSlowModes.NOT_APART
    # selection^T = [1, Y] basis^T is invariant: selection^T J = form_11 selection^T.
    # So form_11 Y - Y form_22 = form_12, with blocks that are triangular already.
    coupling = np.zeros((p, 0))
    if p < len(values):
        coupling, scale, _ = dtrsyl(form[:p, :p], form[p:, p:], form[:p, p:], isgn=-1)
        coupling /= scale
    slowest_other = float(np.min(_pace(others, kind), initial=np.inf))
    pace = float(np.max(_pace(slow, kind)))
    return SlowModes(
        eigenvalues=slow,
        frame=basis[:, :p],
        selection=basis[:, :p] + basis[:, p:] @ coupling.T,
        transverse=_largest(others, kind),
        separation=slowest_other / max(pace, MARGIN),
        pace=pace,
    )


def _pace(eigenvalues: Complex[np.ndarray, " k"], kind: Kind) -> Float[np.ndarray, " k"]:
    """Return one over the time constants, in steps for a map."""
    if kind == "flow":
        return np.abs(eigenvalues.real)
    with np.errstate(divide="ignore"):
        return np.abs(np.log(np.abs(eigenvalues)))


def _largest(eigenvalues: Complex[np.ndarray, " k"], kind: Kind) -> float:
    """Return the largest modulus, or real part; what decays at once where there is no mode."""
    if kind == "flow":
        return float(np.max(eigenvalues.real, initial=-np.inf))
    return float(np.max(np.abs(eigenvalues), initial=0.0))
