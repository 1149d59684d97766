"""The best proof there is that a list of fixed points is complete."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from tqdm.auto import tqdm

from ..._core.display import plural
from ..._core.validation import check_flag, check_kind, check_whole, read_inputs, shape_of
from ...dynamics import Dynamics, RateForm
from ...errors import ArgumentError
from ...intervals import Interval
from ...intervals.linalg import solve_enclosed
from ...system import System, check_system
from ..krawczyk import Equations, EquilibriumForm
from .arrangement import sign_patterns
from .bisection import bisect
from .contraction import is_contraction, iterate
from .hidden import Hidden
from .leading import Choice, choose, choose_slices
from .linear_regions import survey, systems
from .low_rank import Latent, latent_of
from .pieces import PiecewiseEquations
from .rays import at_origin, bounded
from .record import Enumeration
from .zeros import Zeros

#: How many boxes or linear regions are looked at before a proof is given up.
BUDGET = 300_000

# Networks with more unknowns than this are not bisected; with so many, few are finished.
_MOST_DIMENSIONS = 8

# Rectified networks with more units than this, and a higher rank, have too many regions.
_MOST_UNITS = 16

# Networks with more units than this are not split: to choose directions alone takes long.
_MOST_SPLIT = 100

# Gated networks with more units than this are not looked at in directions: boxes take too long. In
# more directions than these none was proved, and to estimate how many boxes that takes is slow.
_MOST_SLICED, _MOST_SLICED_DIRECTIONS = 48, 4

# Nothing is tried that is estimated to take so many times the budget; estimates may be this wrong.
_HOPELESS = 4

# Boxes of networks with more numbers to compute for each than this count as several.
_USUAL_WORK = 1000


@np.errstate(all="ignore")
def enumerate_fixed_points(
    system: System,
    inputs: Any = None,
    *,
    budget: int = BUDGET,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> Enumeration:
    """Enumerate all fixed points under one input, with a proof that there are no others.

    Proofs are available for vanilla and leaky cells that are contractions, or of low rank (or few
    units), or with a few leading directions beside which the others contract, as trained ones
    have; for rectified ones with few linear regions, for GRUs and LSTMs with few leading
    directions, and for stacks of cells with few units; also clamped and restricted. Of
    `system.iterate(k)`, whose fixed points are cycles, they are available for bounded vanilla and
    leaky rate cells and GRUs with few units.

    Parameters
    ----------
    system
        The network, as `stillpoint.as_system` makes it.
    inputs
        The input, shape (m,); may be left out if there is none.
    budget
        How many boxes or linear regions are looked at before a proof is given up. In leading
        directions their number is estimated first, and no proof is tried that would need many
        times as many; the reason says how many.
    executor
        Looks at several batches of boxes at once, for example a `ProcessPoolExecutor`; left out,
        one core does.
    progress
        Whether to draw a progress bar; None draws it on a terminal when the proof takes long.

    Returns
    -------
    Enumeration
        The fixed points that are proved, whether they are all, and if not, why. After Ctrl-C it
        holds what is proved by then.

    Raises
    ------
    ArgumentError
        If `system` is no System, `inputs` is not one input of it, `budget` is not at least 1,
        `executor` cannot map, or `progress` is neither True, False nor None.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> from stillpoint.cells import VanillaCell
    >>> system = sp.as_system(VanillaCell(np.array([[2.0]]), np.zeros((1, 0)), np.zeros(1)))
    >>> sp.enumerate_fixed_points(system)
    proved: exactly 3 fixed points (bisection in 1 dimension)
    """
    check_system(system)
    if len(shape := shape_of(inputs)) > 1:
        raise ArgumentError(
            f"inputs: got shape {shape}, but ({system.input_size},) is wanted: points "
            f"are enumerated under one input at a time."
        )
    (u,) = read_inputs("inputs", inputs, 1, system.input_size)
    budget = check_whole("budget", budget, least=1)
    if executor is not None:
        check_kind("executor", executor, Executor, "an executor of concurrent.futures")
    progress = None if progress is None else check_flag("progress", progress)
    try:
        return enumerate_states(
            system.dynamics, u, budget=budget, executor=executor, progress=progress
        )
    except KeyboardInterrupt as stop:
        if not isinstance(stop, _Stopped):
            raise
        return stop.proof


def enumerate_states(
    dynamics: Dynamics,
    u: Float[np.ndarray, " m"],
    *,
    budget: int = BUDGET,
    executor: Executor | None = None,
    progress: bool | None = False,
) -> Enumeration:
    """Return the same of dynamics under an input, neither of which is checked."""
    proof = _Proof(dynamics.state_size, u, budget, executor, progress)
    enclosed = dynamics.interval_extension()
    if enclosed is None:
        return proof.not_available("the step is a black box, which cannot be enclosed")
    with np.errstate(all="ignore"):  # what is infinite or NaN proves nothing
        form = enclosed.rate_form(Interval(u[None]))
        if form is not None:
            return proof.of_rates(form)
        hidden = enclosed.hidden_form(Interval(u[None]))
        if hidden is not None:
            return proof.of_hidden(Hidden(hidden))
        box = enclosed.equilibrium_box()
        if box is None:
            return proof.not_available("no box is known that holds all fixed points")
        problem = enclosed.equilibrium_problem()
        steps = enclosed.n_steps
        return proof.of_equilibria(EquilibriumForm(problem, u[None], len(box), box, steps))


class _Stopped(KeyboardInterrupt):
    """Ctrl-C came; what is proved by then."""

    def __init__(self, proof: Enumeration) -> None:
        super().__init__()
        self.proof = proof


@dataclass(frozen=True)
class _Proof:
    """The methods, each of which returns what it proved."""

    state_size: int
    u: Float[np.ndarray, " m"]
    budget: int
    executor: Executor | None = None
    progress: bool | None = False

    def of_rates(self, form: RateForm) -> Enumeration:
        """Choose the method for r = phi(W r + c)."""
        if is_contraction(form):
            states = iterate(form)
            reason = "the only fixed point was not reached"
            return self._found(states, "contraction", 1, 1 - len(states), reason)
        if form.phi == "linear":
            matrix = np.eye(self.state_size) - form.matrix
            return self._by_one_system(matrix[None], form.c[None], form.states)
        latent = latent_of(form, _MOST_UNITS if form.phi == "relu" else _MOST_DIMENSIONS)
        if latent is None:
            return self._in_leading_directions(form)
        found = self._by_regions(latent) if form.phi == "relu" else self.by_bisection(latent)
        if found.is_proof or latent.size < self.state_size or latent.region is None:
            return found
        further = self._in_leading_directions(form)
        return further if further.is_proof else found

    def _in_leading_directions(self, form: RateForm) -> Enumeration:
        """Bisect in the few directions beside which the others contract."""
        if form.bounds is None:
            return self.not_available("no box is known that holds all fixed points")
        if self.state_size > _MOST_SPLIT:
            return self.not_available(
                f"{self.state_size} units whose weights have no low rank are too many"
            )
        chosen = choose(form, _MOST_DIMENSIONS)
        if chosen is None:
            return self.not_available(
                f"{self.state_size} units whose weights have no low rank, and beside "
                f"{_MOST_DIMENSIONS} directions no contraction, are too many"
            )
        return self._as_chosen(chosen)

    def of_equilibria(self, form: EquilibriumForm) -> Enumeration:
        """Bisect all unknowns of an equilibrium form, or a few directions of them."""
        found = self.by_bisection(form)
        if found.is_proof or not 1 < form.size <= _MOST_SLICED:
            return found
        chosen = choose_slices(form, _MOST_SLICED_DIRECTIONS)
        if chosen is None:
            return found
        further = self._as_chosen(chosen)
        return further if further.is_proof or form.size > _MOST_DIMENSIONS else found

    def _as_chosen(self, chosen: Choice) -> Enumeration:
        """Bisect the directions that were chosen, unless that is hopeless."""
        equations, boxes = chosen
        assert equations.region is not None
        method = plural(len(equations.region), "leading direction")
        if not boxes < _HOPELESS * self._boxes(equations):
            told = f"about {boxes:,.0f}" if np.isfinite(boxes) else "no end of"
            return self.not_available(
                f"{told} boxes would have to be examined in {method}, "
                f"and the budget is {self._boxes(equations)}"
            )
        return self.by_bisection(equations, method=method, total=boxes)

    def of_hidden(self, equations: Hidden) -> Enumeration:
        """Choose the method for L phi(K x + k) + M x + c = 0."""
        if equations.form.phi == "linear":
            always = np.ones((1, len(equations.weights)), dtype=bool)
            return self._by_one_system(*systems(equations, always), equations.states)
        if equations.form.phi != "relu":
            return self.by_bisection(equations)
        patterns = sign_patterns(equations, self.budget)
        if isinstance(patterns, str):
            return self.not_available(patterns)
        return self._in_regions(equations, patterns)

    def by_bisection(
        self,
        equations: Equations,
        known: Zeros | None = None,
        method: str = "",
        total: float | None = None,
    ) -> Enumeration:
        """Exclude every box without a fixed point, but for those that are known."""
        size = equations.size
        if equations.region is None:
            return self.not_available("no box is known that holds all fixed points")
        bisects = len(equations.region) <= _MOST_DIMENSIONS
        budget = self._boxes(equations)
        disable = None if self.progress is None else not self.progress
        with tqdm(total=total, unit="box", disable=disable, delay=1.0, leave=False) as bar:
            found = bisect(
                equations,
                equations.region,
                budget if bisects else 1,
                known,
                executor=self.executor,
                report=bar.update,
            )
        if not bisects and len(found.open):
            return self.not_available(f"{size} dimensions are too many for bisection")
        if found.interrupted:
            reason = f"interrupted after {found.examined} boxes"
        elif len(found.open):
            reason = f"{found.examined} boxes were examined, and the budget is {budget}"
        elif len(found.stuck):
            middle = equations.states(found.stuck.intervals.mid[:1])[0]
            reason = (
                f"{len(found.stuck)} small boxes, one of them at {_short(middle)}, may hold "
                f"degenerate fixed points, or a continuum of them"
            )
        else:
            reason = "some fixed points are too near each other to be told apart"
        method = f"bisection in {method or plural(size, 'dimension')}"
        left = (
            max(len(found.open), int(found.interrupted)) + len(found.stuck) + found.zeros.unresolved
        )
        states = equations.states(found.zeros.where.mid)
        proof = self._found(states, method, found.examined, left, reason)
        if found.interrupted:
            raise _Stopped(proof)
        return proof

    def _by_regions(self, latent: Latent) -> Enumeration:
        """Solve the linear system of every region."""
        patterns = sign_patterns(latent, self.budget)
        if isinstance(patterns, str):
            return self._without_regions(latent, patterns)
        return self._in_regions(latent, patterns)

    def _in_regions(
        self, equations: PiecewiseEquations, patterns: Bool[np.ndarray, "n h"]
    ) -> Enumeration:
        found = survey(equations, patterns)
        if found.singular:
            reason = (
                f"the equations of {found.singular} linear regions are singular, or nearly so: "
                f"a continuum of fixed points may lie there"
            )
        else:
            reason = f"fixed points on kinks may be degenerate in {found.unclear} linear regions"
        left = found.singular + found.unclear + found.zeros.unresolved
        states = equations.states(found.zeros.where.mid)
        return self._found(states, "linear regions", len(patterns), left, reason)

    def _without_regions(self, latent: Latent, reason: str) -> Enumeration:
        """Bisect a cube that holds all fixed points, as regions cannot be listed for a reason."""
        if latent.size > _MOST_DIMENSIONS:
            return self.not_available(reason)
        budget = max(1, self._boxes(latent) // (8 * latent.size))
        region = bounded(latent, budget) if latent.region is None else latent.region
        if region is None:
            return self.not_available(
                f"{reason}, and no cube is proved to hold all fixed points: "
                f"they may lie on a ray, or very far out"
            )
        latent = replace(latent, region=region)
        return self.by_bisection(latent, at_origin(latent, budget))

    def _by_one_system(
        self,
        A: Interval,
        b: Interval,
        states_of: Callable[[Float[np.ndarray, "n q"]], Float[np.ndarray, "n d"]],
    ) -> Enumeration:
        """Solve A z = b, shapes (1, q, q) and (1, q)."""
        solution, regular = solve_enclosed(A, b)
        states = states_of(solution.mid[regular])
        reason = "I - J is singular, or nearly so: there may be none, or a continuum"
        return self._found(states, "linear regions", 1, int(not regular.all()), reason)

    def _boxes(self, equations: Equations) -> int:
        """Return how many boxes the budget is for."""
        return max(1, int(self.budget * min(1.0, _USUAL_WORK / equations.work)))

    def _found(
        self, states: Float[np.ndarray, "k d"], method: str, examined: int, left: int, reason: str
    ) -> Enumeration:
        proved = left == 0
        return Enumeration(self.u, states, proved, method, examined, left, "" if proved else reason)

    def not_available(self, reason: str) -> Enumeration:
        """Return that nothing was tried."""
        nothing = np.zeros((0, self.state_size))
        return Enumeration(self.u, nothing, False, "not available", 0, 0, reason)


def _short(state: Float[np.ndarray, " d"]) -> str:
    """Return the first values of a state."""
    values = ", ".join(f"{value:.4g}" for value in state[:3])
    return f"({values}{', ...' if len(state) > 3 else ''})"
