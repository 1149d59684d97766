"""Lyapunov exponents: how fast small deviations from an orbit grow, direction by direction.

Deviations are carried along the orbit and made orthonormal again by QR (Benettin et al. 1980). That
is needed often enough for the smallest of them not to drown in the rounding of the largest, and
costs more than all else, so its interval is chosen from the spread of the exponents themselves,
and some stretches are done step by step as well, to see that it was short enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from .._core.validation import (
    check_whole,
    read_floats,
    read_inputs,
    read_seed,
    read_states,
    shape_of,
)
from ..dynamics import Dynamics
from ..dynamics.simulate import tangent_stepper
from ..errors import ArgumentError, warn
from ..search.options import provenance
from ..system import System, check_system
from .lyapunov_spectrum import LyapunovSpectrum

# Steps of the transient over which the spread is measured, and the largest interval.
_MEASURED, _LONGEST = 50, 50

# Within an interval the largest deviation may outgrow the smallest by this factor, in logarithms.
_SPREAD = np.log(1e7)

# Where it does by more, as a pulse of input may make it, that stretch is done step by step.
_DROWNED = np.log(1e9)

# Logarithms that numbers stay within.
_RANGE = 300.0

# Stretches that are also done step by step, and the relative difference that is one.
_CHECKED, _TOLERANCE = 8, 1e-6

# Parts of the time whose means tell the errors.
_BATCHES = 20

Vectors = Float[np.ndarray, "n d k"]
Logarithms = Float[np.ndarray, "n k"]


@np.errstate(all="ignore")
def lyapunov(
    system: System,
    start: Any,
    inputs: Any = None,
    *,
    k: int | None = None,
    steps: int = 2000,
    transient: int = 500,
    interval: int | None = None,
    seed: int = 0,
) -> LyapunovSpectrum:
    """Return the Lyapunov exponents along orbits.

    Parameters
    ----------
    system
        From `as_system`; a flow needs `dt`.
    start
        Where orbits begin, shape (o, d), or (d,) for one.
    inputs
        A constant input, shape (m,) or (o, m); or sequences, shape (o, t, m), along which the
        exponents are conditional on the input: then t - `transient` steps count.
    k
        How many exponents, the largest ones; all by default.
    steps
        Steps that count.
    transient
        Steps before, in which orbits come to the attractor and deviations turn into their
        directions.
    interval
        Steps from one QR decomposition to the next; by default as many as the spread of the
        exponents admits.
    seed
        Of the first deviations.

    Returns
    -------
    LyapunovSpectrum
        With standard errors, Kaplan-Yorke dimension and entropy bound.

    Raises
    ------
    ArgumentError
        If an argument does not fit, all orbits diverge, or `interval` is so long that the small
        exponents are lost in rounding.

    Warns
    -----
    StillpointWarning
        If some orbits diverge, or the sum of all exponents is not the mean of ``log |det J|``.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> henon = sp.as_system(
    ...     lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1), state_size=2)
    >>> spectrum = sp.lyapunov(henon, np.zeros((8, 2)) + np.linspace(0, 0.1, 8)[:, None])
    >>> spectrum.exponents.sum().round(6).item(), np.log(0.3).round(6).item()
    (-1.203973, -1.203973)
    """
    d = check_system(system).state_size
    given = read_floats("start", start)
    x = read_states("start", given[None] if given.ndim == 1 else given, d)
    if not len(x):
        raise ArgumentError("start: there is no state; one at least is wanted.")
    k = d if k is None else check_whole("k", k, least=1, most=d)
    transient = check_whole("transient", transient, least=0)
    steps, u = _read_inputs(system, inputs, len(x), check_whole("steps", steps, least=1), transient)
    longest = None if interval is None else check_whole("interval", interval, least=1)
    dt = _time_step(system)
    orbit = _Orbit(system.dynamics, dt, x, u, k, read_seed("seed", seed))
    for step in range(0, transient - _MEASURED, 2):
        orbit.stretch(step, min(2, transient - _MEASURED - step))
    measured = [orbit.stretch(step, 1) for step in range(orbit.t, transient)]
    interval = longest or _interval(measured, k, max(1, steps // _BATCHES))
    begun = orbit.copy()
    while True:
        logs, worst, volume = _run(orbit, steps, interval, longest is not None)
        if not worst > _TOLERANCE or interval == 1:
            break
        if longest is not None:
            raise ArgumentError(
                f"interval: between QR decompositions {interval} steps apart the small exponents "
                f"are lost in rounding; leave it out."
            )
        orbit, interval = begun.copy(), max(1, interval // 2)
    return _spectrum(system, x, logs, worst, volume, dt, steps, transient, interval)


@dataclass
class _Orbit:
    """Orbits with deviations from them, which are orthonormal after every stretch."""

    dynamics: Dynamics
    dt: float
    x: Float[np.ndarray, "n d"]
    u: Callable[[int], Float[np.ndarray, "n m"]]
    k: int
    seed: int
    t: int = 0
    V: Any = None

    def __post_init__(self) -> None:
        self.advance = tangent_stepper(self.dynamics, self.dt)
        if self.V is None:
            rng = np.random.default_rng(self.seed)
            self.V = np.linalg.qr(rng.standard_normal((*self.x.shape, self.k)))[0]

    def copy(self) -> _Orbit:
        return _Orbit(self.dynamics, self.dt, self.x, self.u, self.k, self.seed, self.t, self.V)

    def stretch(self, t: int, length: int) -> Logarithms:
        """Go `length` steps, then make deviations orthonormal; return how they grew."""
        asarray = self.dynamics.arrays.asarray
        x, V = asarray(self.x), asarray(self.V)
        for step in range(t, t + length):
            x, V = self.advance(x, asarray(self.u(step)), V)
        self.x, self.t = to_numpy(x), t + length
        Q, R = np.linalg.qr(_finite(to_numpy(V)))
        self.V = Q
        return np.log(np.abs(np.diagonal(R, axis1=1, axis2=2)))

    def by_steps(self, t: int, length: int) -> Logarithms:
        """Do the same with a QR decomposition after every step."""
        return np.sum([self.stretch(step, 1) for step in range(t, t + length)], axis=0)

    def volume(self, t: int) -> Float[np.ndarray, " n"]:
        """Return log |det J| of the next step."""
        asarray, (n, d) = self.dynamics.arrays.asarray, self.x.shape
        whole = asarray(np.broadcast_to(np.eye(d), (n, d, d)).copy())
        J = self.advance(asarray(self.x), asarray(self.u(t)), whole)[1]
        return np.linalg.slogdet(_finite(to_numpy(J)))[1]


def _run(
    orbit: _Orbit, steps: int, interval: int, is_told: bool
) -> tuple[list[tuple[int, Logarithms]], float, float]:
    """Return growth by stretches, and two errors: of the interval, and of the sum of all."""
    logs, worst, by_det, begin = [], 0.0, [], orbit.t
    is_whole = orbit.k == orbit.x.shape[1]
    firsts = list(range(begin, begin + steps, interval))
    checked = set(np.linspace(0, len(firsts) - 1, min(_CHECKED, len(firsts))).astype(int).tolist())
    for number, t in enumerate(firsts):
        length = min(interval, begin + steps - t)
        if number in checked:
            grown, volume = orbit.copy().by_steps(t, length), np.zeros(())
            along = orbit.copy()
            for step in range(t, t + length) if is_whole else ():
                volume = volume + along.volume(step)
                along.stretch(step, 1)
        before = orbit.copy()
        growth = orbit.stretch(t, length)
        if length > 1 and not _is_safe(growth[np.isfinite(orbit.x).all(axis=1)]):
            if is_told:
                worst = np.inf
                break
            orbit = before
            growth = orbit.by_steps(t, length)
        logs.append((length, growth))
        if number in checked:
            worst = max(worst, _difference(growth, grown))
            if is_whole:
                by_det.append(_difference(growth.sum(axis=1), volume))
        if not np.isfinite(orbit.x).any():
            break
    return logs, worst, max(by_det, default=float("nan"))


def _is_safe(growth: Logarithms) -> bool:
    """Whether no deviation drowned in another's rounding, and none left the range of numbers."""
    with np.errstate(all="ignore"):
        spread = growth.max(axis=1, initial=-np.inf) - growth.min(axis=1, initial=np.inf)
    return bool((np.abs(growth) < _RANGE).all() and (spread < _DROWNED).all())


def _difference(one: Any, other: Any) -> float:
    """Return the largest difference, relative to 1 or to the value, where both are finite."""
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.max(np.abs(one - other) / np.maximum(1, np.abs(other)), initial=0, where=both))


def _spectrum(
    system: System,
    start: Float[np.ndarray, "o d"],
    logs: list[tuple[int, Logarithms]],
    worst: float,
    volume: float,
    dt: float,
    steps: int,
    transient: int,
    interval: int,
) -> LyapunovSpectrum:
    growth = np.stack([grown for _, grown in logs])  # (stretches, o, k)
    lengths = np.array([length for length, _ in logs])
    lost = np.isnan(growth).any(axis=(0, 2)) | (lengths.sum() < steps)
    if lost.all():
        raise ArgumentError("start: all orbits diverge, so there is nothing to measure.")
    if lost.any():
        warn(f"{int(lost.sum())} of {len(lost)} orbits diverge and do not count.")
    by_orbit = growth.sum(axis=0) / (steps * dt)
    by_orbit[lost] = np.nan
    batches = np.array_split(np.arange(len(lengths)), min(_BATCHES, len(lengths)))
    means = np.stack([growth[b].sum(axis=0) / (lengths[b].sum() * dt) for b in batches])
    means = means[:, ~lost].reshape(-1, by_orbit.shape[1])
    errors = (
        means.std(axis=0, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else means[0] * np.nan
    )
    exponents = by_orbit[~lost].mean(axis=0)
    order = np.argsort(-exponents, kind="stable")
    if _disagree(by_orbit[~lost], means, len(batches)):
        warn(
            "orbits differ in their exponents by more than their errors: they may be on different "
            "attractors, and a mean over them says nothing; look at by_orbit."
        )
    if volume > _TOLERANCE:
        warn(
            f"the sum of all exponents differs from the mean of log |det J| by {volume:.0e}: some "
            f"directions shrink within one step by more than floating-point numbers can tell."
        )
    return LyapunovSpectrum(
        exponents=exponents[order],
        errors=errors[order],
        by_orbit=by_orbit[:, order],
        steps=steps,
        transient=transient,
        interval=interval,
        interval_error=worst,
        determinant_error=volume,
        system=system.info,
        provenance=provenance("lyapunov", system, start, steps=steps, transient=transient),
    )


def _disagree(by_orbit: Logarithms, means: Float[np.ndarray, "b k"], batches: int) -> bool:
    """Whether the largest exponent of some orbit is not that of all, by six standard errors."""
    if len(by_orbit) < 2 or batches < 4:
        return False
    errors = means[:, 0].reshape(batches, -1).std(axis=0, ddof=1) / np.sqrt(batches)
    apart = np.abs(by_orbit[:, 0] - by_orbit[:, 0].mean())
    return bool((apart > 6 * errors + 1e-3 * np.abs(by_orbit[:, 0]).max()).any())


def _interval(measured: list[Logarithms], k: int, batch: int) -> int:
    """Return how many steps deviations may go without QR, from how they spread in single steps.

    No more than a batch has, of those whose means tell the errors.
    """
    longest = min(_LONGEST, batch)
    if not measured:
        return 1 if k > 1 else longest
    logs = np.stack(measured)
    spread = (logs.max(axis=2) - logs.min(axis=2)).mean(axis=0).max()
    return int(np.clip(_SPREAD / spread, 1, longest)) if np.isfinite(spread) else 1


def _finite(V: Vectors) -> Vectors:
    """Return deviations with NaN for orbits that are lost, as QR does not take what is infinite."""
    lost = ~np.isfinite(V).all(axis=(1, 2))
    return np.where(lost[:, None, None], np.nan, V) if lost.any() else V


def _time_step(system: System) -> float:
    if system.kind == "flow" and system.dt is None:
        raise ArgumentError("system: a flow needs a step; give one: as_system(..., dt=...).")
    return system.dt or 1.0


def _read_inputs(
    system: System, inputs: Any, n: int, steps: int, transient: int
) -> tuple[int, Callable[[int], Float[np.ndarray, "n m"]]]:
    """Return the steps that count, and the inputs of each step."""
    if len(shape_of(inputs)) != 3:
        u = read_inputs("inputs", inputs, n, system.input_size)
        return steps, lambda t: u  # noqa: ARG005
    sequences = read_floats("inputs", inputs)
    if sequences.shape[0] not in (1, n) or sequences.shape[2] != system.input_size:
        raise ArgumentError(
            f"inputs: got shape {sequences.shape}, but ({n}, t, {system.input_size}) is wanted."
        )
    if sequences.shape[1] <= transient:
        raise ArgumentError(
            f"inputs: got {sequences.shape[1]} steps, but more than transient={transient} are "
            f"wanted, as those before do not count."
        )
    each = np.broadcast_to(sequences, (n, *sequences.shape[1:]))
    return sequences.shape[1] - transient, lambda t: each[:, t]
