"""Solvers, the loop that runs them, and the batched linear algebra under them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import array_api_strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning
from stillpoint._core.arrays import solve_rows, to_numpy
from stillpoint.cells import GRUCell, LSTMCell, StackedCell, VanillaCell
from stillpoint.search.options import default_solvers
from stillpoint.solvers import Adam, LevenbergMarquardt, Newton, Plateau, Solver, Status, solve

A = 0.9575040240772687  # tanh(2 a) = a


def scalar(step, slope, **options):
    """Return a scalar map with its derivative."""
    return sp.as_system(
        lambda x: step(x),
        state_size=1,
        jacobian=lambda x, _: slope(x)[:, :, None],
        **options,
    )


def column(*values):
    return np.array(values, dtype=float)[:, None]


def run(system, x, solver, u=None, tol=1e-24, max_steps=200, **options):
    """Return where the loop brings the rows `x`."""
    u = np.zeros((len(x), 0)) if u is None else u
    return solve(system.dynamics, x, u, [solver], tol=tol, max_steps=max_steps, **options)


TANH = scalar(lambda x: np.tanh(2 * x), lambda x: 2 / np.cosh(2 * x) ** 2)
FOLDED = scalar(lambda x: np.tanh(2 * x - 0.6), lambda x: 2 / np.cosh(2 * x - 0.6) ** 2)
PARABOLA = scalar(lambda x: x + x**2 + 0.1, lambda x: 1 + 2 * x)  # |x' - x| is at least 0.1
AWAY = scalar(lambda x: x + np.exp(-x / 1e7), lambda x: 1 - 1e-7 * np.exp(-x / 1e7))
POLE = scalar(lambda x: x + np.where(x > 0, np.nan, 1.0), lambda x: 1 - 1e-3 * np.ones_like(x))
LINEAR = sp.as_system(
    VanillaCell(np.array([[0.2, 0.5], [-0.4, 0.1]]), np.eye(2), np.array([1.0, -1]), phi="linear")
)


# -- known roots -----------------------------------------------------------------------------------

SECOND_ORDER = {"newton": Newton(), "lm": LevenbergMarquardt()}


@pytest.mark.parametrize("name", SECOND_ORDER)
@pytest.mark.parametrize(("start", "root"), [(0.7, A), (-0.7, -A), (1e-3, 0.0), (5.0, A)])
def test_second_order_solvers_find_the_root(name, start, root):
    end = run(TANH, column(start), SECOND_ORDER[name])
    assert end.status.tolist() == [Status.FIXED_POINT]
    assert end.x[0, 0] == pytest.approx(root, abs=1e-11)
    assert 0 < end.steps[0] < 20


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_a_linear_system_is_solved_in_few_steps(name):
    u = np.array([[0.3, -0.2], [1.0, 2.0]])
    end = run(LINEAR, np.full((2, 2), 10.0), SECOND_ORDER[name], u=u)
    W = np.array([[0.2, 0.5], [-0.4, 0.1]])
    expected = np.linalg.solve(np.eye(2) - W, (u + np.array([1.0, -1])).T).T
    np.testing.assert_allclose(end.x, expected, atol=1e-11)
    assert end.steps.max() <= {"newton": 1, "lm": 8}[name]


def test_newton_converges_quadratically():
    """x' = x - (x^2 - 2): Newton's method for the square root of 2, as Heron of Alexandria did."""
    heron = scalar(lambda x: x - (x**2 - 2), lambda x: 1 - 2 * x)
    errors = []
    for steps in range(1, 6):
        end = run(heron, column(2.0), Newton(), tol=1e-300, max_steps=steps)
        errors.append(abs(end.x[0, 0] - np.sqrt(2)))
    # e' = e^2 / (2 x), exactly
    for before, after in pairwise(errors[:4]):
        assert after == pytest.approx(before**2 / (2 * np.sqrt(2)), rel=0.2)
    assert run(heron, column(2.0), Newton()).steps.tolist() == [5]


@pytest.mark.parametrize("framework", ["numpy", "torch", "array_api_strict"])
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_solvers_run_on_every_namespace(name, framework):
    if framework == "torch":
        pytest.importorskip("torch")
    xp = __import__(framework)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((9, 3), (9, 0), (9,), (3,))]
    states = rng.uniform(-1, 1, size=(20, 3))
    reference = sp.find_fixed_points(sp.as_system(GRUCell(*weights)), states)
    cell = GRUCell(*(xp.asarray(weight) for weight in weights))
    points = sp.find_fixed_points(sp.as_system(cell), states, solver=SECOND_ORDER[name])
    assert len(points) >= 1
    assert set(reference.nearest(points.xstar)) <= set(range(len(reference)))
    nearest = reference.xstar[reference.nearest(points.xstar)]
    np.testing.assert_allclose(points.xstar, nearest, rtol=0, atol=1e-10)


# -- how a row can end -----------------------------------------------------------------------------

ENDS = {
    "fixed-newton": (TANH, 0.7, Newton(), 200, Status.FIXED_POINT),
    "fixed-lm": (TANH, 0.7, LevenbergMarquardt(), 200, Status.FIXED_POINT),
    "at-the-root": (TANH, 0.0, Newton(), 200, Status.FIXED_POINT),
    "slow-fold": (FOLDED, 0.5, LevenbergMarquardt(), 500, Status.SLOW_POINT),
    "slow-parabola": (PARABOLA, 0.5, LevenbergMarquardt(), 500, Status.SLOW_POINT),
    "slow-at-start": (PARABOLA, 0.0, LevenbergMarquardt(), 200, Status.SLOW_POINT),
    "max-steps-newton": (TANH, 0.7, Newton(), 1, Status.MAX_STEPS),
    "max-steps-lm": (TANH, 0.7, LevenbergMarquardt(), 1, Status.MAX_STEPS),
    "max-steps-adam": (TANH, 0.7, Adam(rate=1e-3), 5, Status.MAX_STEPS),
    "stalled-fold": (FOLDED, 0.5, Newton(), 200, Status.STALLED),
    "stalled-parabola": (PARABOLA, 0.5, Newton(), 200, Status.STALLED),
    "stalled-singular": (PARABOLA, 0.0, Newton(), 200, Status.STALLED),
    "stalled-adam": (PARABOLA, 0.0, Adam(rate=1e-3), 200, Status.STALLED),
    "diverged-newton": (AWAY, 0.0, Newton(), 200, Status.DIVERGED),
    "non-finite": (POLE, 0.5, Newton(), 200, Status.NON_FINITE),
    "non-finite-lm": (POLE, 0.5, LevenbergMarquardt(), 200, Status.NON_FINITE),
    "non-finite-adam": (POLE, 0.5, Adam(), 200, Status.NON_FINITE),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_end_has_its_status(name):
    system, start, solver, max_steps, status = ENDS[name]
    end = run(system, column(start), solver, max_steps=max_steps)
    assert Status(end.status[0]) == status


@pytest.mark.parametrize("name", [name for name in ENDS if not ENDS[name][2].joint])
def test_a_row_ends_alone_as_it_does_in_company(name):
    """A bad row leaves the others as they were, bit for bit; and they leave it."""
    system, start, solver, max_steps, _ = ENDS[name]
    others = column(0.3, -0.4, 0.9, -2.0, 3.0, 100.0)
    together = run(
        system, np.vstack([others[:3], column(start), others[3:]]), solver, max_steps=max_steps
    )
    alone = [
        run(system, x[None], solver, max_steps=max_steps)
        for x in [*others[:3], np.array([start]), *others[3:]]
    ]
    assert together.status.tolist() == [end.status[0] for end in alone]
    assert together.steps.tolist() == [end.steps[0] for end in alone]
    assert together.x.tobytes() == np.vstack([end.x for end in alone]).tobytes()


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_one_enormous_start_does_not_move_the_bound_of_the_others(name):
    near = run(AWAY, column(0.0, 1.0), SECOND_ORDER[name])
    beside = run(AWAY, column(0.0, 1.0, 1e9), SECOND_ORDER[name])
    assert beside.status[:2].tolist() == near.status.tolist()
    assert beside.x[:2].tobytes() == near.x.tobytes()


def test_a_runaway_row_is_no_fixed_point():
    """x' = x + 1/x never rests; far out it only moves little for its size."""
    system = scalar(lambda x: x + 1 / x, lambda x: 1 - 1 / x**2)
    with pytest.warns(StillpointWarning, match="no start reached a fixed point"):
        points = sp.find_fixed_points(system, column(1.0, 3.0, -2.0))
    assert len(points) == 0


def test_a_non_finite_row_keeps_its_last_row_of_the_search():
    with pytest.warns(StillpointWarning, match="3 met NaN or infinity"):
        points = sp.find_fixed_points(POLE, column(1.0, 2.0, 3.0))
    assert points.starts.counts() == {Status.NON_FINITE: 3}
    assert np.isnan(points.starts.q).all()


def test_slow_points_are_where_the_motion_is_slowest():
    end = run(FOLDED, column(0.5), LevenbergMarquardt(), max_steps=500)
    grid = np.linspace(0, 1, 200_001)[:, None]
    speed = np.abs(FOLDED.residual(grid))[:, 0]
    slowest = grid[(grid[:, 0] < 0.9) & (speed <= speed[grid[:, 0] < 0.9].min() + 1e-18), 0]
    assert end.x[0, 0] == pytest.approx(slowest.mean(), abs=1e-4)
    assert abs(FOLDED.residual(end.x)[0, 0]) == pytest.approx(speed[grid[:, 0] < 0.9].min())


class GivesUp(Solver):
    """A solver that can do nothing, for any row."""

    def problem(self, dynamics):
        return dynamics.residual_problem()

    def start(self, problem, y, u):
        return Newton().start(problem, y, u)

    def update(self, problem, rows):
        return Newton().update(problem, rows)

    def status(self, rows):
        return np.full(len(rows.q), Status.STALLED)


def test_what_has_converged_is_not_for_the_solver_to_say():
    jump = sp.as_system(lambda x: np.where(x > 2, np.inf, np.where(x > 1, x, x + 1)), state_size=1)
    end = run(jump, column(1.5, 3.0, 0.5), GivesUp())
    assert end.status.tolist() == [Status.FIXED_POINT, Status.NON_FINITE, Status.STALLED]
    assert end.steps.tolist() == [0, 0, 0]


def test_every_status_has_its_number_and_its_sentence():
    assert [int(status) for status in Status] == [*range(9), 10, 11, 12]  # files hold them
    assert len({status.sentence for status in Status}) == len(Status)
    assert Status.DIVERGED.sentence == "diverged: its norm exceeded the bound"


def test_a_later_solver_takes_the_rows_that_are_left():
    both = sp.find_fixed_points(
        FOLDED, column(0.5, -0.9), solver=[Newton(), LevenbergMarquardt()], max_steps=500, rounds=0
    )
    assert both.starts.status.tolist() == [Status.SLOW_POINT, Status.FIXED_POINT]
    first = run(FOLDED, column(0.5), Newton(), max_steps=500)
    second = run(FOLDED, column(0.5), LevenbergMarquardt(), max_steps=500)
    assert both.starts.steps[0] == first.steps[0] + second.steps[0]
    assert both.starts.end[0] == second.x[0]


# -- the loop --------------------------------------------------------------------------------------


class Counting:
    """x' = tanh(2 x) that counts the rows it is asked for."""

    def __init__(self):
        self.rows = []

    def __call__(self, x, _):
        self.rows.append(len(x))
        return np.tanh(2 * x)


def test_a_later_solver_takes_what_does_not_hold():
    """Of the roots of tanh(2 x) = x those above zero are wanted."""
    step = lambda x: np.tanh(2 * x)  # noqa: E731
    dynamics = scalar(step, lambda x: 2 / np.cosh(2 * x) ** 2).dynamics
    asked = []

    def positive(x, u):
        asked.append(x[:, 0].round(3).tolist())
        return x[:, 0] > 0

    chain = [Newton(), LevenbergMarquardt()]
    options = {"tol": 1e-24, "max_steps": 50, "holds": positive}
    outcome = solve(dynamics, column(0.7, -0.7), np.zeros((2, 0)), chain, **options)
    newton = solve(dynamics, column(0.7, -0.7), np.zeros((2, 0)), chain[:1], **options)
    assert asked == [[0.958, -0.958]]  # the last solver's ends are not asked about
    assert (outcome.status == Status.FIXED_POINT).all()
    assert outcome.steps[0] == newton.steps[0]
    assert outcome.steps[1] > newton.steps[1]


def test_a_solver_hands_on_rows_after_its_own_number_of_steps():
    dynamics = scalar(lambda x: x + x**3, lambda x: 1 + 3 * x**2).dynamics  # 2/3 a step
    few, start = Newton(most_steps=5), column(1.0)
    alone = solve(dynamics, start, np.zeros((1, 0)), [few], tol=1e-24, max_steps=200)
    assert (alone.steps, alone.status) == ([5], [Status.MAX_STEPS])
    both = solve(dynamics, start, np.zeros((1, 0)), [few, Newton()], tol=1e-24, max_steps=200)
    assert both.status == [Status.FIXED_POINT]
    assert both.steps > 10
    with pytest.raises(ArgumentError, match="most_steps"):
        Newton(most_steps=0)


def counted():
    step = Counting()
    system = sp.as_system(
        step, state_size=1, jacobian=lambda x, _: 2 / np.cosh(2 * x)[:, :, None] ** 2
    )
    step.rows.clear()
    return system, step


def test_finished_rows_are_retired():
    system, step = counted()
    x = np.vstack([np.zeros((1000, 1)), column(0.6)])  # all but one are at rest already
    end = run(system, x, Newton())
    assert step.rows[0] == 1001
    assert max(step.rows[1:]) == 1
    assert (end.steps[:1000] == 0).all()
    assert end.steps[1000] > 2


@pytest.mark.parametrize("chunk", [1, 10, 64, 1000])
@pytest.mark.parametrize("name", SECOND_ORDER)
def test_chunks_bound_the_rows_and_change_nothing(name, chunk):
    x = np.random.default_rng(0).normal(size=(64, 1))
    whole = run(TANH, x, SECOND_ORDER[name])
    system, step = counted()
    chunked = run(system, x, SECOND_ORDER[name], chunk=chunk)
    assert max(step.rows) == min(chunk, 64)
    assert chunked.x.tobytes() == whole.x.tobytes()
    assert chunked.steps.tolist() == whole.steps.tolist()


def test_a_joint_solver_keeps_its_rows_together():
    system, step = counted()
    run(system, np.vstack([np.zeros((5, 1)), column(0.6)]), Adam(rate=1e-3), max_steps=20, chunk=1)
    assert set(step.rows) == {6}


def test_the_memory_budget_bounds_the_rows(monkeypatch):
    system, step = counted()
    loop = __import__("stillpoint.solvers.loop", fromlist=["loop"])
    x = np.random.default_rng(0).normal(size=(500, 1))
    monkeypatch.setattr(loop, "MEMORY_BUDGET", 10_000)
    run(system, x, Newton())
    assert 1 <= max(step.rows) < 100


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_starts_are_not_changed_by_the_loop(name):
    x = np.random.default_rng(0).normal(size=(10, 1))
    kept = x.copy()
    end = run(TANH, x, SECOND_ORDER[name])
    assert x.tobytes() == kept.tobytes()
    assert not np.shares_memory(end.x, x)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_newton_never_makes_q_larger(values):
    x = column(*values)
    end = run(FOLDED, x, Newton(), max_steps=20)
    before, after = np.abs(FOLDED.residual(x)), np.abs(FOLDED.residual(end.x))
    assert (after <= before).all()


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_levenberg_marquardt_never_makes_q_larger(values):
    x = column(*values)
    end = run(PARABOLA, x, LevenbergMarquardt(), max_steps=20)
    before, after = np.abs(PARABOLA.residual(x)), np.abs(PARABOLA.residual(end.x))
    assert (after <= before).all()


def test_damping_grows_ever_faster_while_steps_fail():
    """Nielsen (1999): the factor doubles with every failing step, and is 2 after a good one."""
    wall = scalar(lambda x: x + np.arctan(20 * x), lambda x: 1 + 20 / (1 + 400 * x**2))
    solver = LevenbergMarquardt()
    problem = solver.problem(wall.dynamics)
    rows = [solver.start(problem, column(3.0), np.zeros((1, 0)))]
    while rows[-1].y[0, 0] == 3.0:  # the undamped step leads 280 to the other side
        rows.append(solver.update(problem, rows[-1]))
    slope = 20 / (1 + 400 * 9)
    failing = np.array([row.damping[0] for row in rows[1:-1]]) / (1e-3 * slope**2)
    np.testing.assert_allclose(failing, np.cumprod(2.0 ** np.arange(1, len(failing) + 1)))
    assert len(failing) == 6
    assert rows[-1].growth.tolist() == [2.0]


# -- observed problems -----------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_levenberg_marquardt_solves_problems_that_are_not_square(k):
    """The motion of k linear readouts of two units: fewer, as many, or more than unknowns."""
    C = np.random.default_rng(k).normal(size=(k, 2))
    system = sp.as_system(lambda x: np.tanh(x / 2) + 0.3, state_size=2).observe(lambda x: x @ C.T)
    end = run(system, np.array([[2.0, -3.0], [0.1, 0.2]]), LevenbergMarquardt())
    assert end.status.tolist() == [Status.FIXED_POINT] * 2
    assert np.abs((system.step(end.x) - end.x) @ C.T).max() < 1e-11
    if k >= 2:
        assert np.abs(system.step(end.x) - end.x).max() < 1e-10


# -- Adam ------------------------------------------------------------------------------------------


def test_adam_finds_known_roots():
    end = run(TANH, column(0.8, -0.7, 1.2), Adam(rate=0.01), tol=1e-12, max_steps=5000)
    np.testing.assert_allclose(end.x[:, 0], [A, -A, A], atol=1e-5)
    assert (end.status == Status.FIXED_POINT).all()


SCHEDULES = {
    "default": Plateau(),
    "sharp": Plateau(factor=0.25, patience=1, threshold=1e-2),
    "resting": Plateau(factor=0.5, patience=0, threshold=0.3, cooldown=3),
    "never": Plateau(patience=10_000),
}


@pytest.mark.torch
@pytest.mark.parametrize("rate", [1.0, 0.1])
@pytest.mark.parametrize("name", SCHEDULES)
def test_adam_and_its_schedule_are_those_of_torch(name, rate):
    torch = pytest.importorskip("torch")
    plan = SCHEDULES[name]
    W = np.random.default_rng(0).normal(size=(4, 4))
    x = np.random.default_rng(1).normal(size=(6, 4))
    system = sp.as_system(VanillaCell(W, np.zeros((4, 0)), np.zeros(4)))

    solver = Adam(rate=rate, schedule=plan, stillness=0.0)
    problem = solver.problem(system.dynamics)
    rows = solver.start(problem, x, np.zeros((6, 0)))

    y = torch.tensor(x, requires_grad=True)
    recurrent = torch.tensor(W)
    optimizer = torch.optim.Adam([y], lr=rate)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer,
        factor=plan.factor,
        patience=plan.patience,
        threshold=plan.threshold,
        cooldown=plan.cooldown,
        eps=0.0,
    )

    def loss():
        return 0.5 * ((torch.tanh(y @ recurrent.T) - y) ** 2).sum(dim=1).mean()

    rates = []
    for _ in range(50):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
        with torch.no_grad():
            schedule.step(loss())
        rows = solver.update(problem, rows)
        rates.append(optimizer.param_groups[0]["lr"])
        assert rows.rate == pytest.approx(rates[-1], rel=1e-12)
        np.testing.assert_allclose(rows.y, y.detach().numpy(), rtol=0, atol=1e-10)
    assert (len(set(rates)) > 1) == (name != "never")


def test_the_schedule_changes_where_adam_ends():
    ends = [
        run(TANH, column(0.8, -0.7), Adam(rate=1.0, schedule=plan), tol=1e-30, max_steps=60).x
        for plan in SCHEDULES.values()
    ]
    for k, end in enumerate(ends):
        for other in ends[:k]:
            assert not np.array_equal(end, other)


@pytest.mark.parametrize(
    "change", [{"rate": 0.5}, {"betas": (0.5, 0.999)}, {"betas": (0.9, 0.9)}, {"epsilon": 1e-2}]
)
def test_no_constant_of_adam_is_ignored(change):
    base = Adam(rate=0.1)
    x = column(0.8, -0.7)
    one = run(TANH, x, base, max_steps=10).x
    other = run(TANH, x, replace(base, **change), max_steps=10).x
    assert not np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("base", "change"),
    [
        (Newton(), {"max_trials": 1}),
        (Newton(), {"decrease": 0.45}),
        (LevenbergMarquardt(), {"first_damping": 10.0}),
        (LevenbergMarquardt(), {"slope_tol": 1e-1}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else type(value).__name__,
)
def test_no_setting_of_a_solver_is_ignored(base, change):
    x = column(*np.linspace(-3, 3, 31))
    one, other = (run(FOLDED, x, solver) for solver in (base, replace(base, **change)))
    assert one.steps.tolist() != other.steps.tolist() or not np.array_equal(one.x, other.x)


# -- one linear system per row ---------------------------------------------------------------------

NAMESPACES = ["numpy", "torch", "array_api_strict"]


def arrays_of(framework):
    if framework == "torch":
        pytest.importorskip("torch")
    return __import__(framework).asarray


def test_the_strict_namespace_is_the_one_meant():
    assert type(arrays_of("array_api_strict")([1.0])).__module__.startswith(
        array_api_strict.__name__
    )


@pytest.mark.parametrize("framework", NAMESPACES)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_regular_rows_are_solved(framework, k):
    asarray = arrays_of(framework)
    rng = np.random.default_rng(k)
    matrices, rhs = rng.normal(size=(7, k, k)), rng.normal(size=(7, k))
    got = to_numpy(solve_rows(asarray(matrices), asarray(rhs)))
    np.testing.assert_allclose(got, np.linalg.solve(matrices, rhs[..., None])[..., 0], atol=1e-12)


@pytest.mark.parametrize("framework", NAMESPACES)
@pytest.mark.parametrize(
    "singular",
    [np.zeros((2, 2)), np.ones((2, 2)), np.array([[1.0, 0], [0, 0]]), np.array([[1.0, 2], [2, 4]])],
    ids=["zero", "ones", "projection", "rank-one"],
)
def test_a_singular_row_is_nan_and_leaves_the_others_bit_for_bit(framework, singular):
    asarray = arrays_of(framework)
    rng = np.random.default_rng(0)
    matrices, rhs = rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2))
    clean = to_numpy(solve_rows(asarray(matrices), asarray(rhs)))
    matrices[[1, 3]] = singular
    got = to_numpy(solve_rows(asarray(matrices), asarray(rhs)))
    assert np.isnan(got[[1, 3]]).all()
    assert got[[0, 2, 4]].tobytes() == clean[[0, 2, 4]].tobytes()


@pytest.mark.parametrize("framework", NAMESPACES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_non_finite_rows_leave_the_others_alone(framework, bad):
    asarray = arrays_of(framework)
    rng = np.random.default_rng(0)
    matrices, rhs = rng.normal(size=(5, 3, 3)), rng.normal(size=(5, 3))
    clean = to_numpy(solve_rows(asarray(matrices), asarray(rhs)))
    matrices[0, 1, 1] = bad
    rhs[2, 0] = bad
    matrices[4] = 0
    with np.errstate(all="ignore"):
        got = to_numpy(solve_rows(asarray(matrices), asarray(rhs)))
    assert not np.isfinite(got[2]).all()
    assert np.isnan(got[4]).all()
    if np.isnan(bad):
        assert np.isnan(got[0]).any()
    assert got[[1, 3]].tobytes() == clean[[1, 3]].tobytes()


@pytest.mark.parametrize("framework", NAMESPACES)
def test_no_rows_are_no_problem(framework):
    asarray = arrays_of(framework)
    assert solve_rows(asarray(np.zeros((0, 3, 3))), asarray(np.zeros((0, 3)))).shape == (0, 3)


def test_newton_hands_rows_on_soon_where_equations_are_not_of_single_units():
    w = np.random.default_rng(0).standard_normal
    gru, lstm = GRUCell(w((6, 2)), w((6, 1)), w(6), w(2)), LSTMCell(w((8, 2)), w((8, 1)), w(8))
    vanilla = VanillaCell(w((2, 2)), w((2, 1)), w(2))
    stack = StackedCell((vanilla, VanillaCell(w((2, 2)), w((2, 2)), w(2))))
    for cell, soon in ((vanilla, False), (gru, False), (lstm, True), (stack, True)):
        assert (default_solvers(cell)[0].most_steps is not None) == soon
