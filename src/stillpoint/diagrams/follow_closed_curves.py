"""The verb that follows closed curves of a map along a path, from where they are born."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .._core.validation import check_kind, check_whole
from ..branches.bordered import Along, at_parameter
from ..branches.events import EventKind
from ..branches.path import InputPath
from ..errors import ArgumentError, came
from ..points import ClosedCurves, Orbits
from ..points.fourier import resampled
from ..recurrence.closed_curves.described import described
from ..recurrence.closed_curves.known import KnownCurve, KnownCurves
from ..recurrence.closed_curves.newton import Turn
from ..search.options import provenance
from ..system import System, check_system
from .normal_forms import PairForm, pair_form
from .points_at import size_of
from .records import Diagram, Event, check_along
from .recurrent import MapCycles

Nodes = Float[np.ndarray, "n d"]

# Nodes of the first guess, and its radii that are tried, in sizes of states.
_NODES, _RADII = 27, (0.03, 0.01, 0.003, 0.1)

# Moduli of the eigenvalue are compared so far apart, in lengths of the path.
_APART = 1e-4

# Where no curve is found steps are halved, down to this share of the way to the next parameter.
_SHORTEST = 0.02

# From one parameter to the next a curve grows or shrinks by this factor, at most.
_GROWTH = 4.0


@np.errstate(all="ignore")
def follow_closed_curves(
    system: System,
    diagram: Diagram,
    path: InputPath,
    *,
    n_steps: int = 16,
    max_modes: int = 512,
    tol: float | None = None,
) -> ClosedCurves:
    """Follow the closed curves of a map that are born at Neimark-Sacker points through inputs.

    The normal form says on which side of the event there is a closed curve, how large it is and
    how far each step turns (Kuznetsov 2004, section 4.7); Newton's method makes the first curve of
    that, attracting or not, and each curve is where it begins at the next parameter. Rotation
    numbers change along the way, so there are gaps where they lock to a ratio of small numbers: the
    curve carries cycles there, which `find_cycles` finds. Behind a gap curves are sought again.

    Parameters
    ----------
    system
        A map, from `as_system`.
    diagram
        Of its points or cycles along the path, see `follow_points` and `follow_cycles`.
    path
        The path of inputs that the diagram is along.
    n_steps
        How many parameters from each event to the end of the path, near the event more densely;
        more where steps have to be shorter.
    max_modes, tol
        As for `find_closed_curves`.

    Returns
    -------
    ClosedCurves
        In the order of their inputs, each where Newton's method ended. No orbit is followed, so
        none is counted in `hits`.

    Raises
    ------
    ArgumentError
        If the system is a flow, the path is a family of systems, the diagram is along another one,
        or an argument does not fit.

    Examples
    --------
    The delayed logistic map has a closed curve behind a = 2, turning by a sixth at first:

    >>> import numpy as np, stillpoint as sp
    >>> def logistic(x, a):
    ...     return np.stack([a[:, 0] * x[:, 0] * (1 - x[:, 1]), x[:, 0]], axis=1)
    >>> system = sp.as_system(logistic, state_size=2, input_size=1)
    >>> path = sp.path([1.8], [2.1], values=[1.8, 2.1])
    >>> points = sp.find_fixed_points(system, [[0.5, 0.5]], [1.9], orbits=False)
    >>> diagram = sp.follow_points(system, points, path, checks=0)
    >>> curves = sp.follow_closed_curves(system, diagram, path, n_steps=4)
    >>> curves.inputs[[0, -1], 0].round(3), curves.rotation[[0, -1]].round(4)
    (array([2.001, 2.1  ]), array([0.1666, 0.1561]))
    >>> bool(curves.is_stable.all())
    True
    """
    if check_system(system).kind == "flow":
        raise ArgumentError("system: got a flow, whose limit cycles follow_cycles follows.")
    check_kind("diagram", diagram, Diagram, "what follow_points or follow_cycles returns")
    if not isinstance(path, InputPath):
        raise ArgumentError(
            f"path: got {came(path)}, but closed curves are followed along inputs; at one "
            f"parameter of a family find_closed_curves finds them."
        )
    path.check(system)
    check_along("path", path, diagram)
    diagram.system.check_same("diagram", system.info)
    n_steps = check_whole("n_steps", n_steps, least=1)
    period = round(float(diagram.period.max(initial=1.0)))
    along = Along(system, path, size_of(diagram.states), MapCycles(period))
    known = KnownCurves.none(system, period, max_modes, tol)
    for event in diagram.events.of_kind(EventKind.NEIMARK_SACKER):
        _Born(along, known, event).follow(n_steps)
    d, m = system.state_size, system.input_size
    asked = {"n_steps": n_steps, "max_modes": known.most_modes, "tol": known.tol}
    told = provenance("follow_closed_curves", system, diagram.states, **asked)
    return described(known, Orbits.none(d, m), np.zeros(0, dtype=np.int64), told)


@dataclass(frozen=True, eq=False)
class _Born:
    """What is born at a Neimark-Sacker point: closed curves on one side of it, in `most_pieces`."""

    along: Along
    known: KnownCurves
    event: Event

    def follow(self, n_steps: int) -> None:
        """Add the curves from the event to the end of the path."""
        first = self._first()
        if first is None:
            return
        s, curve = first
        begin, path = self.event.parameter, self.along.path
        end = path.high if s > begin else path.low
        for target in begin + (end - begin) * (np.arange(1, n_steps + 1) / n_steps) ** 2:
            if abs(target - begin) > abs(s - begin):
                s, curve = self._onward(s, curve, float(target))

    def _first(self) -> tuple[float, KnownCurve] | None:
        """Return the first curve, as large as the normal form says, and its parameter."""
        begin, path = self.event.parameter, self.along.path
        apart = _APART * (path.high - path.low)
        low, high = max(begin - apart, path.low), min(begin + apart, path.high)
        below, above = self._form(low), self._form(high)
        if below is None or above is None:
            return None
        faster = np.log(abs(above.eigenvalue / below.eigenvalue)) / (high - low)
        for radius in _RADII:
            r = radius * self.along.size
            s = begin - self.event.coefficient * r**2 / faster
            form = self._form(s) if path.low <= s <= path.high else None
            curve = None if form is None else self._curve(s, *form.ring(r, _NODES))
            if curve is not None:
                return s, curve
        return None

    def _onward(self, s: float, curve: KnownCurve, target: float) -> tuple[float, KnownCurve]:
        """Return the last curve on the way to a parameter, from which one goes on."""
        step = whole = target - s
        while abs(step) > _SHORTEST * abs(whole):
            turn = curve.turn
            further = target if abs(target - s) <= abs(step) else s + step
            found = self._curve(further, resampled(turn.nodes, _NODES), turn.rho)
            if found is None:
                step /= 2
            else:
                s, curve = further, found
                if s == target:
                    break
        return s, curve

    def _curve(self, s: float, nodes: Nodes, rho: float) -> KnownCurve | None:
        """Return the curve at a parameter that nodes lead to, None if they lead to another one."""
        guess = Turn(self.along.system, self._inputs(s), nodes, rho)
        found = self.known.solved(guess, self.known.most_pieces)
        if found is None:
            return None
        moved = np.linalg.norm(found.turn.nodes.mean(axis=0) - nodes.mean(axis=0))
        near = moved < _GROWTH * guess.size
        if not near or not 1 / _GROWTH < found.turn.size / guess.size < _GROWTH:
            return None
        return self.known.curves[self.known.placed(found)]

    def _inputs(self, s: float) -> Float[np.ndarray, " m"]:
        here = np.array([s])
        return self.along.path.inputs_at(here, self.along.path.piece(here))[0]

    def _form(self, s: float) -> PairForm | None:
        """Return the normal form of the pair that crosses, at a parameter near the event."""
        along, here, event = self.along, np.array([s]), self.event
        guess = along.from_states(event.state[None], np.array([event.parameter]))
        piece = along.path.piece(here)
        x = along.states(at_parameter(along, guess, here, piece).z, piece)[0]
        view = along.solution.view(along.system.dynamics)
        return pair_form(view, x, self._inputs(s), event.eigenvalue)
