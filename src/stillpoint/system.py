"""The one noun that everything analyses: a batched map x' = F(x, u), or a flow dx/dt = f(x, u)."""

from __future__ import annotations

import copy
import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ._core.arrays import diagonal_matrices, like, to_numpy
from ._core.layout import StateLayout
from ._core.provenance import version_of
from ._core.selections import read_indices
from ._core.validation import (
    check_kind,
    check_option,
    check_real,
    check_whole,
    first_line,
    read_floats,
    read_input_sequences,
    read_inputs,
    read_states,
    shape_of,
)
from .dynamics import Dynamics, Kind, Regions, Restriction, activation
from .dynamics.activations import ACTIVATIONS
from .dynamics.conserved import read_conserved
from .dynamics.simulate import simulate
from .dynamics.transforms import (
    Clamped,
    EulerMap,
    Iterated,
    Leaf,
    Observable,
    Observed,
    Part,
    Restricted,
    Transformed,
)
from .errors import ArgumentError, came
from .frameworks.base import adapter_of_arrays
from .frameworks.pickling import pack_function
from .system_info import SystemInfo

Array = Any


@final
@dataclass(frozen=True, eq=False, repr=False)
class System:
    """A network as a dynamical system; made by `stillpoint.as_system`.

    Methods are batched: states have shape (n, d), inputs (n, m), or (m,) for one input in all
    rows; without inputs (m = 0) they can be left out. NumPy arrays in give NumPy arrays out;
    arrays of the network's own framework give such arrays.

    Attributes
    ----------
    dynamics
        The step and its derivatives.
    dt
        Duration of one step of a map, in the unit in which time constants are wanted; step of
        `simulate` for a flow. None counts steps.
    state_regions, input_regions
        Named index sets of states and inputs; an LSTM has `h` and `c`.
    layout
        How the network's own states (a pair, a dictionary, layers) lie in the flat ones.
    observed
        What the residual is measured in, see `observe`; the state itself if None.
    recognised
        Of a function or module that takes the steps of a canonical cell: that, in words.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
    >>> system
    System(map, 1 state, no inputs; recognised: vanilla network, tanh)
    >>> system.residual(np.zeros((1, 1)))
    array([[0.]])
    """

    dynamics: Dynamics
    dt: float | None
    state_regions: Regions
    input_regions: Regions
    layout: StateLayout
    observed: str | Callable[[Array], Array] | None = None
    recognised: str | None = None

    @classmethod
    def of(
        cls,
        dynamics: Dynamics,
        *,
        dt: float | None = None,
        state_regions: Regions | None = None,
        input_regions: Regions | None = None,
        layout: StateLayout | None = None,
    ) -> System:
        """Return the system of some dynamics; regions are its named parts unless given."""
        check_kind("dynamics", dynamics, Dynamics, "dynamics, such as a cell,")
        if layout is None:
            layout = StateLayout.of_parts(dynamics.state_size, dynamics.parts)
        check_kind("layout", layout, StateLayout, "a StateLayout")
        if dt is not None:
            dt = check_real("dt", dt, above=0)
        if state_regions is None:
            state_regions = Regions(dynamics.state_size, {**layout.parts, **dynamics.parts})
        if input_regions is None:
            input_regions = Regions(dynamics.input_size, {})
        check_kind("state_regions", state_regions, Regions, "Regions")
        check_kind("input_regions", input_regions, Regions, "Regions")
        return cls(dynamics, dt, state_regions, input_regions, layout)

    def __repr__(self) -> str:
        d, m = self.state_size, self.input_size
        states = f"{d} state{'s' if d != 1 else ''}"
        inputs = f"{m} input{'s' if m != 1 else ''}" if m else "no inputs"
        extra = f", regions {', '.join(self.state_regions)}" if self.state_regions.members else ""
        observed = "" if self.observed is None else ", observed"
        made = "".join(f", {words}" for words in _words(self.dynamics))
        return f"System({self.kind}, {states}, {inputs}{extra}{observed}{made}; {self._computed})"

    @property
    def _computed(self) -> str:
        """How the step is called and differentiated, in words."""
        if self.recognised is not None:
            return self.recognised
        inner = innermost(self.dynamics)
        return f"called as {inner.call}, {inner.derivatives}" if inner.call else inner.derivatives

    # -- what it is ---------------------------------------------------------------------------

    @property
    def state_size(self) -> int:
        """The number of state variables d."""
        return self.dynamics.state_size

    @property
    def input_size(self) -> int:
        """The number of inputs m."""
        return self.dynamics.input_size

    @property
    def kind(self) -> Kind:
        """ "map" or "flow"."""
        return self.dynamics.kind

    @cached_property
    def info(self) -> SystemInfo:
        """What records say of the system that they are of."""
        is_whole = not isinstance(self.dynamics, Transformed)
        part = None if is_whole else Restriction.of(self.dynamics)
        return SystemInfo(
            description=repr(self),
            model=_model_told(self.dynamics),
            framework=_framework_told(self.dynamics),
            kind=self.kind,
            dt=self.dt,
            lefschetz=self.lefschetz,
            layout=self.layout,
            state_regions=self.state_regions,
            input_regions=self.input_regions,
            restriction=part,
            weights_sha256=self.fingerprint(),
        )

    @cached_property
    def _observed_dynamics(self) -> Dynamics:
        """The dynamics whose residual is the one that this system measures."""
        if self.observed is None:
            return self.dynamics
        return Observed(self.dynamics, _observable(self.observed, self.dynamics))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: the fields, not what follows from them."""
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        return state | {"observed": pack_function(self.observed)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, observed=pickle.loads(state["observed"]))

    def __deepcopy__(self, memo: dict[int, Any]) -> System:
        return replace(self, dynamics=copy.deepcopy(self.dynamics, memo))

    @property
    def lefschetz(self) -> int | None:
        """What the indices of all fixed points sum to, or None where that is not known."""
        return self.dynamics.lefschetz

    def fingerprint(self) -> str | None:
        """Return a SHA-256 hash of the weights, or None where they cannot be listed."""
        weights = self.dynamics.weights()
        if weights is None:
            return None
        digest = hashlib.sha256(type(self.dynamics).__name__.encode())
        for array in weights:
            digest.update(np.ascontiguousarray(to_numpy(array)).tobytes())
        return digest.hexdigest()

    # -- what it does -------------------------------------------------------------------------

    def step(self, x: Array, u: Array = None) -> Float[Any, "n d"]:
        """Return F(x, u) for a map, f(x, u) for a flow."""
        return self._call(self.dynamics.step, x, u)

    def residual(self, x: Array, u: Array = None) -> Float[Any, "n r"]:
        """Return F(x, u) - x for a map, f(x, u) for a flow, or what an observed system measures."""
        return self._call(self._observed_dynamics.residual_problem().residual, x, u)

    def jacobian(self, x: Array, u: Array = None) -> Float[Any, "n d d"]:
        """Return dF_i / dx_j: rows = to, columns = from."""
        return self._call(self.dynamics.jacobian, x, u)

    def input_jacobian(self, x: Array, u: Array = None) -> Float[Any, "n d m"]:
        """Return dF_i / du_j."""
        return self._call(self.dynamics.input_jacobian, x, u)

    def jvp(self, x: Array, u: Array, v: Array) -> Float[Any, "n d"]:
        """Return J v, the derivative along `v`, shape (n, d)."""
        return self._call(self.dynamics.jvp, x, u, v=v)

    def vjp(self, x: Array, u: Array, w: Array) -> Float[Any, "n d"]:
        """Return w J, the transposed product with `w`, shape (n, d)."""
        return self._call(self.dynamics.vjp, x, u, w=w)

    @np.errstate(all="ignore")
    def simulate(self, x0: Array, inputs: Array = None, *, steps: int | None = None) -> Array:
        """Return trajectories.

        A map is stepped; a flow is integrated with the classical Runge-Kutta method, one step of
        length `dt` per row of inputs, which are held constant over the step.

        Parameters
        ----------
        x0
            Initial states, shape (n, d).
        inputs
            Shape (n, t, m); may be left out if m = 0.
        steps
            The number of steps t, where there are no inputs.

        Returns
        -------
        array, shape (n, t, d)
            The states after each step; the initial states are not among them.

        Raises
        ------
        ArgumentError
            If shapes do not fit, or a flow has no dt.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> halving = sp.as_system(lambda x, u: x / 2, state_size=1)
        >>> halving.simulate(np.ones((1, 1)), steps=3)[0, :, 0]
        array([0.5  , 0.25 , 0.125])
        """
        x = read_states("x0", x0, self.state_size)
        u = read_input_sequences("inputs", inputs, len(x), self.input_size, steps)
        states = simulate(self.dynamics, self._asarray(x), self._asarray(u), self.dt)
        return like(x0, states)

    # -- systems made from it -----------------------------------------------------------------

    def restrict(self, *regions: str, units: Any = None, holding: Any = None) -> System:
        """Return the system of some regions; all other units are held.

        The held units become inputs behind the system's own ones, in ascending order, so every
        start can have its own context: searches take states of the whole system and hold the
        other units at the start's own values. `input_regions` names the held regions, and all of
        them together as `held`. The states of the part are one array, whatever nest the whole has.

        Parameters
        ----------
        *regions
            Names of state regions or parents; the order given is the order of the states.
        units
            Indices of units instead of names.
        holding
            One context for all: the values of the held units, or a state of the whole system.
            They are no inputs then.

        Raises
        ------
        ArgumentError
            If a name is unknown, or `holding` has another width.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> system = sp.as_system(lambda x, u: np.tanh(x[:, ::-1]), state_size=2)
        >>> system.restrict(units=[0]).step(np.zeros((1, 1)), np.ones((1, 1))).round(4)
        array([[0.7616]])
        """
        if bool(regions) == (units is not None):
            raise ArgumentError("restrict: name regions, or pass units=, one of the two.")
        if self.observed is not None:
            raise ArgumentError("restrict: restrict the system first, then observe it.")
        if units is not None:
            kept = read_indices("units", units, self.state_size)
        else:
            kept = self.state_regions.indices(*regions)
        if not len(kept):
            raise ArgumentError("units: got none; a restriction keeps at least one.")
        held = self.state_regions.others(kept)
        restriction = Restriction(kept, held)
        part = self._part(restriction, Restricted(self.dynamics, kept, held))
        if holding is None:
            return part
        places = np.arange(self.input_size, part.input_size)
        return part._clamped(places, restriction.read_holding(holding))

    def conserving(self, C: Array, values: Array = None) -> System:
        """Return the system on the states that share the sums C x, which it conserves.

        Beside fixed points on one such leaf lie others on the next, so that none is isolated, and
        each has eigenvalues of 1 (0 of a flow) across the leaves. Here as many units as there are
        sums follow from the others, which are the state; the sums C x are inputs behind the
        system's own ones, named `conserved`. Searches take states of the whole system and keep to
        each start's own leaf; stability and index are those within it. `to_full` gives the states
        of the whole system.

        Parameters
        ----------
        C
            One row for each conserved sum, shape (r, d) or (d,).
        values
            What the sums are for all starts, shape (r,); they are no inputs then.

        Raises
        ------
        ArgumentError
            If the system does not conserve them at random states of several sizes, they are not
            independent or tell all units, or a shape does not fit.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> def switch(x):
        ...     rate = x[:, 1] - 2 * x[:, 0]
        ...     return np.stack([rate, -rate], axis=1)
        >>> leaf = sp.as_system(switch, state_size=2, kind="flow").conserving([1.0, 1.0])
        >>> points = sp.find_fixed_points(leaf, np.array([[3.0, 0.0]]))
        >>> points.to_full().round(6), points.is_stable
        (array([[1., 2.]]), array([ True]))
        """
        if self.observed is not None:
            raise ArgumentError("conserving: hold sums first, then observe the system.")
        sums = np.atleast_2d(read_floats("C", C))
        kept, held, shares, inverse = read_conserved(self.dynamics, sums)
        part = Restriction(kept, held, shares=shares, inverse=inverse)
        own = map(self.dynamics.arrays.asarray, (shares, inverse))
        leaf = self._part(part, Leaf(self.dynamics, kept, held, *own))
        if values is None:
            return leaf
        told = read_floats("values", values)
        if told.shape != (len(sums),):
            raise ArgumentError(
                f"values: got shape {told.shape}, but ({len(sums)},) is wanted: one for each row "
                f"of C."
            )
        return leaf._clamped(np.arange(self.input_size, leaf.input_size), told)

    def from_full(self, states: Array, inputs: Array = None) -> tuple[np.ndarray, np.ndarray]:
        """Return a restricted system's own states and inputs from states of the whole system.

        Parameters
        ----------
        states
            States of the system that was restricted, shape (n, D).
        inputs
            Those of its inputs that are not fixed, shape (n, m) or (m,).

        Returns
        -------
        states, shape (n, d), and inputs with the held units behind them

        Raises
        ------
        ArgumentError
            If this system is not a restriction, or a shape does not fit.
        """
        part = self._restriction("from_full")
        x = read_states("states", states, part.full_size)
        u = read_inputs("inputs", inputs, len(x), self.input_size - part.n_held_inputs)
        return part.from_full(x, u)

    def to_full(self, states: Array, inputs: Array = None) -> Float[np.ndarray, "n D"]:
        """Return states of the whole system from a restricted one's states and inputs.

        The inverse of `from_full`.

        Raises
        ------
        ArgumentError
            If this system is not a restriction, or a shape does not fit.
        """
        part = self._restriction("to_full")
        x = read_states("states", states, self.state_size)
        return part.to_full(x, read_inputs("inputs", inputs, len(x), self.input_size))

    def pack(self, states: Any) -> Float[np.ndarray, "*n d"]:
        """Return states as the network keeps them (a pair, a dictionary, layers) as flat rows.

        Parameters
        ----------
        states
            Arrays of the network's own shapes in its own nest. Dictionaries are read by key.

        Raises
        ------
        ArgumentError
            If a variable is missing or not known, has another shape, or is not finite.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> turn = lambda s, u: {"x": -s["y"], "y": s["x"]}
        >>> system = sp.as_system(turn, state={"x": np.zeros(1), "y": np.zeros(1)})
        >>> system.pack({"y": np.ones((1, 1)), "x": np.zeros((1, 1))})
        array([[0., 1.]])
        """
        return self.layout.read(states)

    def unpack(self, rows: Array) -> Any:
        """Return flat states, shape (n, d), as the network keeps them; the inverse of `pack`."""
        return self.layout.unpack(read_states("rows", rows, self.state_size))

    def iterate(self, times: int) -> System:
        """Return the system of F^times; its fixed points are the cycles of that period.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> flip = sp.as_system(lambda x, u: -x, state_size=1)
        >>> flip.iterate(2).residual(np.ones((1, 1)))
        array([[0.]])
        """
        if self.kind == "flow":
            raise ArgumentError(
                "iterate: a flow has no steps to repeat; make it a map by euler(dt)."
            )
        times = check_whole("times", times, least=1)
        return replace(
            self,
            dynamics=Iterated(self.dynamics, times),
            dt=None if self.dt is None else times * self.dt,
        )

    def periodic(self, inputs: Array) -> System:
        """Return one period of a periodic input as one step of a system without inputs.

        Its fixed points are the periodic answers of the network, at the time of the first input;
        their eigenvalues are the multipliers over a period, and `dt` is that of a period.

        Parameters
        ----------
        inputs
            One period, shape (k, m): the input of each step.

        Raises
        ------
        ArgumentError
            If this is a flow, or `inputs` does not have one row of m numbers for each step.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> leak = sp.as_system(lambda x, u: 0.5 * x + u, state_size=1, input_size=1)
        >>> sp.find_fixed_points(leak.periodic([[1.0], [0.0]]), np.zeros((1, 1))).xstar.round(6)
        array([[0.666667]])
        """
        if self.kind == "flow":
            raise ArgumentError("periodic: a flow has no steps; make it a map by euler(dt).")
        held = read_floats("inputs", inputs)
        if held.ndim != 2 or held.shape[1] != self.input_size or not self.input_size * len(held):
            advice = "" if self.input_size else " This system has no inputs; see iterate(k)."
            raise ArgumentError(
                f"inputs: got shape {held.shape}, but (k, {self.input_size}) is wanted: one row "
                f"for each step of a period.{advice}"
            )
        period = Iterated(self.dynamics, len(held), self.dynamics.arrays.asarray(held))
        dt = None if self.dt is None else len(held) * self.dt
        return replace(self, dynamics=period, dt=dt, input_regions=Regions(0, {}))

    def observe(self, g: str | Callable[[Array], Array]) -> System:
        """Return the same system with its residual measured in g(x) instead of x.

        A search in it ends where g(x) stands still. Only states where x itself stands still are
        reported as fixed points; the others keep the status `OBSERVED_ONLY`.

        Parameters
        ----------
        g
            An activation's name, or a function of states (n, d) that returns (n, k), in the
            library of the network's step; its Jacobian is taken by that library.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> drift = sp.as_system(lambda x, u: x - 1.0, state_size=1)
        >>> drift.observe("relu").residual(np.array([[-3.0]]))
        array([[0.]])
        """
        if self.kind == "flow":
            raise ArgumentError(
                "observe: only maps can be observed; use euler(dt) on a flow first."
            )
        _observable(g, self.dynamics)  # refused here, not at the first residual
        return replace(self, observed=g)

    def clamp(self, u: Array) -> System:
        """Return the system under the fixed input `u`, shape (m,); it has no inputs left.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> add = sp.as_system(lambda x, u: x + u, state_size=1, input_size=1)
        >>> add.clamp([2.0]).step(np.zeros((1, 1)))
        array([[2.]])
        """
        fixed = read_floats("u", u)
        if fixed.shape != (self.input_size,):
            raise ArgumentError(
                f"u: got shape {fixed.shape}, but ({self.input_size},) is wanted: one value for "
                f"each input of the system."
            )
        return self._clamped(np.arange(self.input_size), fixed)

    def euler(self, dt: float) -> System:
        """Return a flow as the map x' = x + dt f(x, u).

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> decay = sp.as_system(lambda x, u: -x, state_size=1, kind="flow")
        >>> decay.euler(0.1).step(np.ones((1, 1)))
        array([[0.9]])
        """
        if self.kind == "map":
            raise ArgumentError("euler: this system is a map already.")
        dt = check_real("dt", dt, above=0)
        return replace(self, dynamics=EulerMap(self.dynamics, dt), dt=dt)

    # -- between the caller's arrays and the network's own ------------------------------------

    @np.errstate(all="ignore")
    def _call(self, function: Callable[..., Array], x: Array, u: Array, **more: Array) -> Array:
        native_x, native_u = self._native(x, u)
        vectors = []
        for name, values in more.items():
            vectors.append(read_states(name, values, self.state_size))
            if len(vectors[-1]) != len(native_x):
                raise ArgumentError(
                    f"{name}: got shape {vectors[-1].shape}, but {tuple(native_x.shape)} is "
                    f"wanted, as x has."
                )
        return like(x, function(native_x, native_u, *map(self._asarray, vectors)))

    def _native(self, x: Array, u: Array) -> tuple[Array, Array]:
        states = read_states("x", x, self.state_size)
        inputs = read_inputs("u", u, len(states), self.input_size)
        return self._asarray(states), self._asarray(inputs)

    def _part(self, restriction: Restriction, dynamics: Part) -> System:
        """Return the system of some units, the others of which are inputs."""
        return System(
            dynamics,
            self.dt,
            state_regions=self.state_regions.restricted(restriction.kept),
            input_regions=restriction.input_regions(self.state_regions, self.input_regions),
            layout=StateLayout.flat(len(restriction.kept)),
        )

    def _restriction(self, method: str) -> Restriction:
        part = Restriction.of(self.dynamics)
        if part is None:
            raise ArgumentError(
                f"{method}: this system is not a restriction of a larger one; its states are full "
                f"already. Make one with restrict(...)."
            )
        return part

    def _clamped(self, places: np.ndarray, values: np.ndarray) -> System:
        """Return the system with the inputs at `places` fixed."""
        free = np.setdiff1d(np.arange(self.input_size), places)
        dynamics = Clamped(self.dynamics, places, self._asarray(values))
        return replace(self, dynamics=dynamics, input_regions=self.input_regions.restricted(free))

    def _asarray(self, array: np.ndarray) -> Array:
        return self.dynamics.arrays.asarray(array)


def check_system(system: object) -> System:
    """Return the system, or raise an error if a caller passed something else.

    Raises
    ------
    ArgumentError
        If it is not a System.
    """
    if isinstance(system, System):
        return system
    raise ArgumentError(
        f"system: got {came(system)}, but a System is wanted; make one with "
        f"stillpoint.as_system(model)."
    )


def innermost(dynamics: Dynamics) -> Dynamics:
    """Return the cell or black box that all transforms are around."""
    return innermost(dynamics.inner) if isinstance(dynamics, Transformed) else dynamics


def _words(dynamics: Dynamics) -> list[str]:
    """Return what was made of the cell or black box, the first transform first."""
    if not isinstance(dynamics, Transformed):
        return []
    return [*_words(dynamics.inner), *filter(None, [dynamics.words])]


def _model_told(dynamics: Dynamics) -> str:
    """Return the cell or black box, and the transforms around it."""
    name = type(dynamics).__name__
    return f"{name}({_model_told(dynamics.inner)})" if isinstance(dynamics, Transformed) else name


def _framework_told(dynamics: Dynamics) -> str:
    """Return the library that computes the step, and its version."""
    dynamics = innermost(dynamics)
    inside = type(dynamics).__module__.split(".")
    library = dynamics.arrays.namespace.__name__.rpartition(".")[2]
    if "frameworks" in inside:
        library = inside[inside.index("frameworks") + 1]
    return f"{library} {version_of(library)}"


def _observable(g: str | Callable[[Array], Array], dynamics: Dynamics) -> Observable:
    """Return what is observed as a function on the arrays of `dynamics`, with its Jacobian."""
    if callable(g):
        states = dynamics.arrays.asarray(np.zeros((2, dynamics.state_size)))
        try:
            trial = g(states)
        except Exception as error:
            raise ArgumentError(
                f"g: it failed on states of shape {tuple(states.shape)} ({first_line(error)})."
            ) from error
        shape = shape_of(trial)
        if len(shape) != 2 or shape[0] != 2:
            raise ArgumentError(
                f"g: it returned {came(trial)} for states of shape {tuple(states.shape)}, but an "
                f"array with one row for each state is wanted."
            )
        return Observable(*adapter_of_arrays(trial).read_observable(g, dynamics.state_size))
    phi = activation(check_option("g", g, ACTIVATIONS))
    return Observable(phi.value, lambda x: diagonal_matrices(phi.slope(x, phi.value(x))))
