"""How alike two networks are: points, spectra, shape, graphs, machines and diagrams."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.validation import check_option
from ...errors import ArgumentError
from .alignment import SignedPermutation, disparity, renaming, rotation, widened
from .graphs import GraphLikeness, compare_graphs, has_networkx
from .matching import Pairs, pair_in_place, pair_renamed, pair_turned
from .outline import Outline, Places, outline_of
from .record import MAPS, NetworkComparison
from .sequences import compare_events, compare_machines
from .spectra import spectra_apart

# Jacobians are one within this, relative to the largest entry: they follow positions, which are
# known to the tolerance of the search, through slopes and curvatures of the size of the weights.
_SLOPES = 1e-6

_NONE = np.zeros(0, dtype=np.int64)


def compare(first: Any, second: Any, *, up_to: str = "orthogonal") -> NetworkComparison:
    """Say how alike two networks are, in what does not depend on the names of their units.

    Points are paired where as many directions leave them, by optimal assignment up to the maps that
    are allowed; then positions, spectra and the shape that they form are compared, and counts by
    unstable directions, and, where there are such records, graphs (isomorphic, or edits apart),
    machines (equal, or the shortest word that tells them apart) and diagrams (order of events). Of
    graphs all nodes count, and the edges of saddles with one unstable direction; other edges come
    from directions that were sampled. A network whose units were renamed, or turned over in sign,
    is recognised as the same one, with the permutation.

    Parameters
    ----------
    first, second
        What is known of each network: `FixedPoints`, a `Portrait`, an `AttractorGraph`, an
        `Automaton`, a diagram, a file of one of these, or a list of such records of one network.
    up_to
        The maps of the states that leave a network the same: "identity", where coordinates mean the
        same in both, "permutation", names and signs of units, or "orthogonal", all that keep angles
        and lengths, also into more dimensions. Each allows those before it.

    Returns
    -------
    NetworkComparison
        With a `sentence` and a table.

    Raises
    ------
    ArgumentError
        If there is no such record, the two have none of a kind in common, sizes differ where that
        cannot be, or machines have other pulses.

    References
    ----------
    Maheswaranathan et al. (2019) NeurIPS 32, and Turner, Dabholkar and Barak (2021) NeurIPS 34, on
    what networks that do the same have in common; Schönemann (1966) Psychometrika 31:1 on the map.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> W, P = np.array([[2.0, 0.5], [0.0, 1.8]]), np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> b = np.array([0.1, 0.0])
    >>> cell = lambda W, b: sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), b))
    >>> found = [sp.find_all_fixed_points(cell(*net)) for net in ((W, b), (P @ W @ P.T, P @ b))]
    >>> same = sp.compare(*found)
    >>> same.same_up_to, same.unit.tolist(), same.sign.tolist()
    ('permutation', [1, 0], [1, -1])
    """
    check_option("up_to", up_to, MAPS)
    one, other = outline_of("first", first), outline_of("second", second)
    return compare_outlines(one, other, up_to)


@np.errstate(all="ignore")
def compare_outlines(
    one: Outline, other: Outline, up_to: str, *, search: bool = True
) -> NetworkComparison:
    """Return the comparison of two outlines; `search` as of `compare_graphs`."""
    told: dict[str, Any] = {"machine": None, "events": None, "graph": None}
    if one.machine is not None and other.machine is not None:
        told["machine"] = compare_machines(one.machine, other.machine)
    if one.events is not None and other.events is not None:
        kinds = ([kind for kind, _ in events] for events in (one.events, other.events))
        told["events"] = compare_events(*kinds)
    if one.places is not None and other.places is not None:
        points = _compare_points(one.places, other.places, up_to)
        told["graph"] = _compare_graphs(one, other, (points["first"], points["second"]), search)
    elif told["machine"] is None and told["events"] is None:
        raise ArgumentError(
            "second: it has no record of a kind that there is of the first network; compare points "
            "with points, machines with machines."
        )
    else:
        points = _no_points()
    return NetworkComparison(up_to=up_to, **points, **told)


def _compare_graphs(
    one: Outline, other: Outline, pairs: Pairs, search: bool
) -> GraphLikeness | None:
    if one.links is None or other.links is None or not has_networkx():
        return None
    known = dict(zip(*(rows.tolist() for rows in pairs), strict=True))
    return compare_graphs(one.links, other.links, known, search=search)


def _compare_points(one: Places, other: Places, up_to: str) -> dict[str, Any]:
    """Return the fields that say how alike points are."""
    same_size = one.states.shape[1] == other.states.shape[1]
    if up_to != "orthogonal" and not same_size:
        raise ArgumentError(
            f"up_to: got {up_to!r}, but the networks have {one.states.shape[1]} and "
            f"{other.states.shape[1]} states; use 'orthogonal'."
        )
    tolerance = max(one.tolerance, other.tolerance)
    is_same, pairs, renamed = None, (_NONE, _NONE), None
    known = one.jacobian is not None and other.jacobian is not None
    allowed = MAPS[: MAPS.index(up_to) + 1] if known else (up_to,)
    for name in allowed:  # without Jacobians no two networks are known to be one
        if name != "orthogonal" and not same_size:
            continue
        pairs = _PAIRING[name](one, other)
        moved, renamed = _moved(name, one, other, pairs)
        if _are_same(one, other, pairs, moved, tolerance):
            is_same = name
            break
    first, second = pairs
    apart = moved.states[first] - widened(other.states, moved.states.shape[1])[second]
    shape = disparity(one.states[first], other.states[second])
    found = is_same == "permutation" and renamed is not None
    unstable = np.union1d(one.n_unstable, other.n_unstable).astype(np.int64)
    counts = [(places.n_unstable == unstable[:, None]).sum(axis=1) for places in (one, other)]
    return {
        "first": first,
        "second": second,
        "distance": np.linalg.norm(apart, axis=1),
        "spectra": spectra_apart(one.eigenvalues[first], other.eigenvalues[second]),
        "only_first": np.setdiff1d(np.arange(len(one)), first),
        "only_second": np.setdiff1d(np.arange(len(other)), second),
        "unstable": unstable,
        "counts": np.stack(counts, axis=1).astype(np.int64),
        "unit": renamed.unit if found and renamed else _NONE,
        "sign": renamed.sign if found and renamed else _NONE,
        "same_up_to": is_same,
        "tolerance": tolerance,
        "disparity": None if np.isnan(shape) else shape,
    }


_PAIRING = {"identity": pair_in_place, "permutation": pair_renamed, "orthogonal": pair_turned}


class _Moved:
    """Points of one network as another's: positions, and Jacobians where they are known."""

    def __init__(
        self, states: Float[np.ndarray, "n w"], jacobian: Any, input_jacobian: Any
    ) -> None:
        self.states, self.jacobian, self.input_jacobian = states, jacobian, input_jacobian


def _moved(
    name: str, one: Places, other: Places, pairs: Pairs
) -> tuple[_Moved, SignedPermutation | None]:
    """Return one network's points after the best map, and the permutation if it is one."""
    J, B = one.jacobian, one.input_jacobian
    if name == "identity" or not len(pairs[0]):
        width = max(one.states.shape[1], other.states.shape[1])
        return _Moved(widened(one.states, width), J, B), None
    if name == "permutation":
        found = renaming(one, other, *pairs)
        slopes = None if J is None else found.of_matrices(J)
        return _Moved(found.of(one.states), slopes, None if B is None else found.of(B)), found
    matrix = _best_rotation(one, other, pairs)
    states = widened(one.states, len(matrix)) @ matrix
    if one.states.shape[1] != other.states.shape[1]:
        return _Moved(states, None, None), None
    slopes = None if J is None else matrix.T @ J @ matrix
    return _Moved(states, slopes, None if B is None else matrix.T @ B), None


def _best_rotation(one: Places, other: Places, pairs: Pairs) -> Float[np.ndarray, "w w"]:
    """Return the orthogonal map that brings points, and what inputs do there, nearest."""
    mine, theirs = one.states[pairs[0]], other.states[pairs[1]]
    B, C = one.input_jacobian, other.input_jacobian
    if B is not None and C is not None and B.shape[2] == C.shape[2]:
        mine, theirs = (
            np.vstack([rows, slopes[which].transpose(0, 2, 1).reshape(-1, rows.shape[1])])
            for rows, slopes, which in ((mine, B, pairs[0]), (theirs, C, pairs[1]))
        )
    return rotation(mine, theirs)[0]


def _are_same(one: Places, other: Places, pairs: Pairs, moved: _Moved, tolerance: float) -> bool:
    """Whether all points are paired, lie at one place, and have one Jacobian.

    Without Jacobians that is not known, nor for networks of different sizes.
    """
    n = len(one)
    if not n or n != len(other) or len(pairs[0]) < n or moved.jacobian is None:
        return False
    if other.jacobian is None or other.states.shape[1] != moved.states.shape[1]:
        return False
    first, second = pairs
    x, y = np.arcsinh(moved.states[first]), np.arcsinh(other.states[second])
    if np.abs(x - y).max() > tolerance:
        return False
    both = [(moved.jacobian, other.jacobian), (moved.input_jacobian, other.input_jacobian)]
    return all(_agree(a[first], b[second]) for a, b in both if a is not None and b is not None)


def _agree(one: Float[np.ndarray, "..."], other: Float[np.ndarray, "..."]) -> bool:
    if one.shape != other.shape:
        return False
    size = np.abs(other).max(initial=0.0)
    return bool(np.abs(one - other).max(initial=0.0) <= _SLOPES * size)


def _no_points() -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("first", "second", "only_first", "only_second", "unstable", "unit", "sign"), _NONE
    )
    nothing: Int[np.ndarray, "k two"] = np.zeros((0, 2), dtype=np.int64)
    return {
        **empty,
        "distance": np.zeros(0),
        "spectra": np.zeros(0),
        "counts": nothing,
        "same_up_to": None,
        "tolerance": 1.0,
        "disparity": None,
    }
