"""Where the starts of a round come from: one small class for each kind of state.

A sampler looks at the points that are known, or it does not (`Source.is_independent`). Of the
first kind are those that measured best on networks with hard points; `benchmarks/calibration.py`
is the table behind the verdicts that the second kind allows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from .._core.grouping import match_states
from ..points import FixedPoints, Source
from ..solvers import Newton, NewtonKrylov, solve
from ..solvers.deflated_newton import DeflatedNewton
from ..system import System
from .options import has_many_unknowns
from .sampling import FAR, box_of_points, follow_held, states_at, visited_states

States = Float[np.ndarray, "n d"]

# Noise around states of trajectories, in standard deviations of each unit over the trajectories;
# around mixtures and sums, in standard deviations of the known points.
_NOISE = (0.1, 0.3, 1.0)
_LITTLE_NOISE = 0.05

# How many known points a mixture or a sum takes at most.
_MEMBERS = 4

# The share of points, beside visited states, among those whose units are recombined.
_OF_POINTS = 0.75

# Lengths of steps along unstable directions, relative to the size of the point.
_LENGTHS = (0.05, 2.0)

# Deflation: known points that repel a search, its steps, and the q at which it may end.
_REPELLING = 64
_DEFLATED_STEPS = 30
_ROUGHLY = 1e-8


class Sampler(ABC):
    """A source of starts under one input."""

    source: ClassVar[Source]

    #: How many of a round's starts it draws, relative to the others.
    weight: ClassVar[int]

    #: Whether it is kept for when the others bring nothing new, and the second half of a search.
    is_reserve: ClassVar[bool] = False

    @abstractmethod
    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:
        """Return `n` states, or fewer where there are no more."""


class AroundKnown(Sampler):
    """A source of starts that looks at the points that are known."""

    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:
        if known is None:
            raise ValueError("known: these starts need a point that is known.")
        return self.around(known, rng, n)

    @abstractmethod
    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        """Return `n` states, or fewer where there are no more."""


# Wider boxes have no width in floating-point numbers.
_FURTHEST = 1e150


@dataclass(frozen=True)
class Perturbed(Sampler):
    """States of trajectories, or earlier starts, with noise of several sizes."""

    visited: States
    source: Source  # type: ignore[misc]
    weight = 3

    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:  # noqa: ARG002
        chosen = self.visited[rng.integers(len(self.visited), size=n)]
        size = rng.choice(_NOISE, size=(n, 1)) * np.maximum(self.visited.std(axis=0), 1e-3)
        return chosen + size * rng.standard_normal(chosen.shape)


@dataclass(frozen=True)
class Box(Sampler):
    """Random states of a box.

    The box is one of the unknowns of the equilibrium form: for an LSTM these are h alone, and c
    is where it stands still under that h.
    """

    system: System
    inputs: Float[np.ndarray, " m"]
    low: Float[np.ndarray, " k"]
    high: Float[np.ndarray, " k"]
    source = Source.BOX
    weight = 3

    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:  # noqa: ARG002
        low, high = (np.clip(end, -_FURTHEST, _FURTHEST) for end in (self.low, self.high))
        return self.at(rng.uniform(low, high, (n, len(low))))

    def corners(self, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n k"]:
        """Return the unknowns at random corners."""
        return np.where(rng.random((n, len(self.low))) < 0.5, self.low, self.high)

    def at(self, y: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "j d"]:
        """Return the states of unknowns, without those that are out of all proportion.

        Where the forget gate of an LSTM is wide open, c rests nowhere near.
        """
        x = states_at(self.system, y, self.inputs)
        size = np.abs(x).max(axis=1, initial=0.0)
        return x[size < FAR * np.maximum(1.0, np.abs(y).max(axis=1, initial=0.0))]


def random_states(
    system: System, u: Float[np.ndarray, " m"], rng: np.random.Generator, n: int
) -> States:
    """Return `n` random states, or fewer, of the box that holds the fixed points (`sampling`)."""
    box = Box(system, u, *box_of_points(system, u, visited_states(system, u, rng), rng))
    return box.states(None, rng, n)


@dataclass(frozen=True)
class SparseCorners(Sampler):
    """Corners of the box, with a random share of the units at zero."""

    box: Box
    source = Source.SPARSE
    weight = 3

    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:  # noqa: ARG002
        corner = self.box.corners(rng, n)
        active = rng.random(corner.shape) < rng.random((n, 1))
        return self.box.at(np.where(active, corner, 0.0))


@dataclass(frozen=True)
class Held(Sampler):
    """Where the network comes to from random states while a random share of its units is held.

    A point that many units hold up together may be far from every state that is drawn unit by unit.
    Often a few of them bring the others along: held at their values, they lead to the point. From
    one unit to all are held, each number as likely as its double, at random values or at extremes.
    """

    box: Box
    source = Source.HELD
    weight = 3
    is_reserve = True

    def states(self, known: FixedPoints | None, rng: np.random.Generator, n: int) -> States:  # noqa: ARG002
        low, high = self.box.low, self.box.high
        inside = rng.uniform(low, high, (n, len(low)))
        begin = np.where(rng.random((n, 1)) < 0.5, inside, self.box.corners(rng, n))
        share = np.exp(rng.uniform(-np.log(max(1, len(low))), 0.0, (n, 1)))
        held = rng.random(begin.shape) < share
        return self.box.at(follow_held(self.box.system, begin, self.box.inputs, held))


@dataclass(frozen=True)
class Recombined(AroundKnown):
    """Each unit at its value in one of a few known points and visited states, at random.

    Units that are high in one point and those that are high in another come together so.
    """

    visited: States
    source = Source.RECOMBINED
    weight = 1
    is_reserve = True

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        point = known.xstar[rng.integers(len(known), size=(n, _MEMBERS))]
        state = self.visited[rng.integers(len(self.visited), size=(n, _MEMBERS))]
        members = np.where(rng.random((n, _MEMBERS, 1)) < _OF_POINTS, point, state)
        return choose_units(members, rng)


@dataclass(frozen=True)
class Mixtures(AroundKnown):
    """Convex combinations of two to four known points: saddles lie between other points."""

    source = Source.MIXTURE
    weight = 2

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        several = np.array_split(np.arange(n), _MEMBERS - 1)
        noise = _LITTLE_NOISE * float(known.xstar.std())
        parts = [
            mixtures_of(known.xstar, len(rows), rng, members=2 + k, noise=noise)
            for k, rows in enumerate(several)
        ]
        return np.concatenate(parts)


@dataclass(frozen=True)
class SignedSums(AroundKnown):
    """Sums of three known points with random signs.

    In networks that store several patterns, states that mix them lie there, beyond all mixtures.
    """

    source = Source.SIGNED_SUM
    weight = 2

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        chosen = known.xstar[rng.integers(len(known), size=(n, 3))]
        sums = (rng.choice((-1.0, 1.0), size=(n, 3, 1)) * chosen).sum(axis=1)
        return sums + _LITTLE_NOISE * float(known.xstar.std()) * rng.standard_normal(sums.shape)


@dataclass(frozen=True)
class MirrorImages(AroundKnown):
    """The states -x of known points x at which -x is fixed too and not known."""

    source = Source.MIRROR_IMAGE
    weight = 2

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        x, u = known.xstar, known.inputs
        images = -x[known.mirrored]
        found = match_states(x, u, images, u[known.mirrored], known.tol_unique)
        return rng.permutation(images[found < 0])[:n]


@dataclass(frozen=True)
class UnstableDirections(AroundKnown):
    """Steps from known points along one of their unstable eigenvectors, both ways."""

    source = Source.UNSTABLE
    weight = 1

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        saddles = np.flatnonzero(known.n_unstable > 0)
        if not len(saddles):
            return known.xstar[:0]
        saddles = rng.permutation(saddles)[:n]  # few: eigenvectors of large networks cost much
        lin = known.linearization.take(saddles)
        vectors = np.stack([lin.leading_vectors(k) for k in range(len(saddles))])
        row = rng.integers(len(saddles), size=n)
        mode = rng.integers(known.n_unstable[saddles][row])
        phase = np.exp(1j * rng.uniform(0, 2 * np.pi, n))  # the plane of a pair, all around
        direction = (vectors[row, mode] * phase[:, None]).real
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-12)
        size = np.sqrt((known.xstar**2).sum(axis=1).mean()) + 1e-3
        length = size * np.exp(rng.uniform(np.log(_LENGTHS[0]), np.log(_LENGTHS[1]), (n, 1)))
        return known.xstar[saddles][row] + length * direction


@dataclass(frozen=True)
class Deflation(AroundKnown):
    """Where searches that start at mixtures end when known points repel them.

    It takes about three times as long per start as a mixture does, and is worth it where the last
    points are hard to reach.
    """

    system: System
    source = Source.DEFLATED
    weight = 1

    def around(self, known: FixedPoints, rng: np.random.Generator, n: int) -> States:
        begin = Mixtures().around(known, rng, n)
        repelling = rng.permutation(len(known))[:_REPELLING]
        end = solve(
            self.system.dynamics,
            begin,
            np.tile(known.inputs[:1], (n, 1)),
            [DeflatedNewton(known.xstar[repelling], known.inputs[repelling], self._solver)],
            tol=_ROUGHLY,
            max_steps=_DEFLATED_STEPS,
            progress=False,
        ).x
        return np.where(np.isfinite(end).all(axis=1, keepdims=True), end, begin)

    @property
    def _solver(self) -> Newton | NewtonKrylov:
        return (NewtonKrylov if has_many_unknowns(self.system.dynamics) else Newton)(max_trials=6)


def mixtures_of(
    known: Float[np.ndarray, "p d"],
    n: int,
    rng: np.random.Generator,
    *,
    members: int = 3,
    noise: float = 0.0,
) -> Float[np.ndarray, "n d"]:
    """Return random convex combinations of so many known points each, with Gaussian noise.

    Saddles lie between the points whose basins they divide.

    Examples
    --------
    >>> mixtures_of(np.eye(2), 3, np.random.default_rng(0)).sum(axis=1).round(9)
    array([1., 1., 1.])
    """
    chosen = rng.integers(len(known), size=(n, members))
    shares = rng.dirichlet(np.ones(members), size=n)
    mixtures = np.einsum("nk,nkd->nd", shares, known[chosen])
    return mixtures + noise * rng.standard_normal(mixtures.shape)


def choose_units(
    members: Float[np.ndarray, "n k d"], rng: np.random.Generator
) -> Float[np.ndarray, "n d"]:
    """Return states whose units each have their value in one of the members, in random shares.

    Examples
    --------
    >>> states = choose_units(np.array([[[0.0, 1.0], [2.0, 3.0]]]), np.random.default_rng(0))
    >>> states[0, 0] in (0, 2), states[0, 1] in (1, 3)
    (True, True)
    """
    n, k, d = members.shape
    edges = np.cumsum(rng.dirichlet(np.ones(k), size=n), axis=1)[:, :-1, None]
    chosen = (rng.random((n, 1, d)) > edges).sum(axis=1)
    return np.take_along_axis(members, chosen[:, None, :], axis=1)[:, 0]
