"""How states of a plane move: the flow field, and how much of the motion the plane shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from jaxtyping import Float

from .._core.display import Display
from .._core.pca import Projection, as_projection
from .._core.record import Record, column, part, plain
from .._core.selections import read_unmasked
from .._core.validation import check_whole, read_floats, read_inputs, whole_number
from .._core.values import Domain
from ..errors import ArgumentError, came
from ..points import FixedPoints, SlowPoints
from ..search.options import provenance
from ..system import System, check_system
from ..system_info import SystemInfo

# Numbers in a block of states that are stepped together, which a cache holds.
_BLOCK = 2**18

# A picture is wider than the states that it is of by this share at each side.
_MARGIN = 0.12

# Further out lie states that products of floating-point numbers do not.
_WIDEST = 1e100


@final
@dataclass(frozen=True, eq=False, repr=False)
class FlowField(Record):
    """The motion on a grid in a plane through the state space; made by `stillpoint.flow_field`.

    Attributes
    ----------
    x, y
        Coordinates of the grid, shapes (k,) and (l,).
    velocity
        F(x, u) - x of a map, f(x, u) of a flow, in coordinates of the plane, shape (l, k, 2).
    speed
        The length of the motion in the whole state space, shape (l, k).
    share
        Which share of its square lies in the plane, shape (l, k); NaN where nothing moves. Where it
        is small, the arrows of a picture say little.
    inputs
        The constant input, shape (m,).
    plane
        The projection, whose two coordinates are x and y.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "y"

    y: Float[np.ndarray, " l"] = column("y", long_name="second coordinate")
    x: Float[np.ndarray, " k"] = column("x", long_name="first coordinate")
    velocity: Float[np.ndarray, "l k 2"] = column(
        "y", "x", "component", long_name="motion in the plane"
    )
    speed: Float[np.ndarray, "l k"] = column("y", "x", long_name="length of the whole motion")
    share: Float[np.ndarray, "l k"] = column(
        "y",
        "x",
        long_name="share of the squared motion that lies in the plane",
        domain=Domain(least=0, most=1, missing=True),
    )
    inputs: Float[np.ndarray, " m"] = column("input", long_name="input", domain=Domain(finite=True))
    plane: Projection = part(Projection, "plane_")
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    @property
    def median_share(self) -> float:
        """The median of `share` where something moves; NaN where nothing does."""
        return self._share(50)

    def _share(self, percent: float) -> float:
        known = self.share[~np.isnan(self.share)]
        return float(np.percentile(known, percent)) if known.size else float("nan")

    @property
    def summary(self) -> str:
        """How much of the motion lies in the plane, in words."""
        if np.isnan(self.median_share):
            return "nothing moves here"
        return (
            f"in this plane: {self.median_share:.0%} of the squared motion (median; lower quartile "
            f"{self._share(25):.0%})"
        )

    def _display(self) -> Display:
        k, l = len(self.x), len(self.y)  # noqa: E741
        return Display(
            f"flow field: {k} x {l} states of a plane ({', '.join(self.plane.names)})",
            remarks=[self.summary],
            provenance=self.provenance,
        )

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.plane.components_.shape[1], len(self.inputs))
        if len(self.plane.components_) != 2:
            yield f"plane: it has {len(self.plane.components_)} axes, but 2 are wanted"


@np.errstate(all="ignore")
def flow_field(
    system: System,
    plane: Any = None,
    inputs: Any = None,
    *,
    around: Any = None,
    bounds: Any = None,
    resolution: Any = 100,
) -> FlowField:
    """Return how states of a plane move under constant input.

    Parameters
    ----------
    system
        From `as_system`.
    plane
        A `Projection` onto two axes, from `stillpoint.planes` or `fit_pca(states, 2)`, or any
        fitted object with `components_` and `mean_`. May be left out for systems of two states.
    inputs
        The constant input, shape (m,); may be left out if m = 0.
    around
        What the picture is to hold: states, shape (..., d), such as trajectories, or points of a
        search. By default the states that the plane was fitted to.
    bounds
        The ranges of the two coordinates instead, ((x0, x1), (y0, y1)).
    resolution
        States along each axis, one number or two.

    Returns
    -------
    FlowField
        For `plots.flow_field`, which draws arrows or streamlines, speed and nullclines.

    Raises
    ------
    ArgumentError
        If an argument does not fit the system, or nothing tells how large the picture is.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> spiral = sp.as_system(
    ...     lambda x: x @ np.array([[-0.1, 1.0], [-1.0, -0.1]]), state_size=2, kind="flow")
    >>> field = sp.flow_field(spiral, bounds=[(-1, 1), (-1, 1)], resolution=3)
    >>> field.velocity[1, 2].round(6).tolist(), field.share[1, 2].item()
    ([-0.1, 1.0], 1.0)
    """
    d = check_system(system).state_size
    u = read_inputs("inputs", inputs, 1, system.input_size)
    fitted = _read_plane(plane, d)
    k, l = _read_resolution(resolution)  # noqa: E741
    (x0, x1), (y0, y1) = _read_bounds(fitted, around, bounds)
    x, y = np.linspace(x0, x1, k), np.linspace(y0, y1, l)
    states = fitted.inverse_transform(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2))
    motion, block = np.empty_like(states), max(256, _BLOCK // d)
    for first in range(0, len(states), block):
        rows = slice(first, first + block)
        after = system.step(states[rows], u)
        motion[rows] = after - states[rows] if system.kind == "map" else after
    finite = np.isfinite(motion).all(axis=1)
    shown = np.where(finite[:, None], motion, 0.0)
    return FlowField(
        x=x,
        y=y,
        velocity=np.where(finite[:, None], fitted.directions(shown), np.nan).reshape(l, k, 2),
        speed=np.where(finite, np.linalg.norm(shown, axis=1), np.nan).reshape(l, k),
        share=fitted.share(shown).reshape(l, k),
        inputs=u[0],
        plane=fitted,
        system=system.info,
        provenance=provenance("flow_field", system, states, resolution=[k, l]),
    )


def _read_plane(plane: Any, d: int) -> Projection:
    if plane is None and d == 2:
        return Projection.of(np.eye(2), np.zeros(2), ["x0", "x1"])
    if plane is None:
        raise ArgumentError(
            f"plane: it may be left out for two states only, but the system has {d}; pass one of "
            f"stillpoint.planes, such as planes.pca(trajectories)."
        )
    fitted = as_projection(plane, "plane")
    if fitted.components_.shape[1] != d or len(fitted.components_) < 2:
        raise ArgumentError(
            f"plane: got {len(fitted.components_)} axes of size {fitted.components_.shape[1]}, but "
            f"two axes of size {d} are wanted."
        )
    return replace(fitted.take(np.arange(2)), names=fitted.names[:2])


def _read_resolution(resolution: Any) -> tuple[int, int]:
    if whole_number(resolution) is not None:
        number = check_whole("resolution", resolution, least=2, most=10_000)
        return number, number
    if not isinstance(resolution, tuple | list) or len(resolution) != 2:
        raise ArgumentError(
            f"resolution: got {came(resolution)}, but a whole number is wanted, or two of them."
        )
    k, l = (check_whole("resolution", n, least=2, most=10_000) for n in resolution)  # noqa: E741
    return k, l


def _read_bounds(plane: Projection, around: Any, bounds: Any) -> Float[np.ndarray, "2 2"]:
    if bounds is not None:
        ranges = read_floats("bounds", bounds)
        if ranges.shape != (2, 2) or not (ranges[:, 0] < ranges[:, 1]).all():
            raise ArgumentError(
                f"bounds: got {came(bounds)}, but ((x0, x1), (y0, y1)) is wanted, each with the "
                f"smaller one first."
            )
        if not np.abs(ranges).max() < _WIDEST:
            raise ArgumentError(f"bounds: got {came(bounds)}, which is too far out for a picture.")
        return ranges
    ranges = plane.extent
    if around is not None:
        points = isinstance(around, FixedPoints | SlowPoints)
        states, known = read_unmasked("around", around.xstar if points else around)
        if states.shape[-1:] != plane.mean_.shape or not known.all(axis=-1).any():
            raise ArgumentError(
                f"around: got shape {states.shape}, but states (..., {len(plane.mean_)}) are "
                f"wanted, one at least of which nothing is masked."
            )
        ranges = plane.range_of(states[known.all(axis=-1)])
    if np.isnan(ranges).any():
        raise ArgumentError(
            "bounds: the plane was not fitted to states, so nothing says how large the picture is; "
            "pass bounds=((x0, x1), (y0, y1)), or around=states."
        )
    if not np.abs(ranges).max() < _WIDEST:
        raise ArgumentError("around: the states lie too far out for a picture; leave some out.")
    width = np.ptp(ranges, axis=1).max() or 1.0
    half = np.maximum(np.ptp(ranges, axis=1) / 2, 0.1 * width) + _MARGIN * width
    return ranges.mean(axis=1)[:, None] + np.stack([-half, half], axis=1)
