"""The search for closed curves of maps: where orbits go that neither rest nor come back.

Orbits are followed until they settle. What is neither at rest nor on a cycle is asked for its
rotation number (`guesses`), and Newton's method makes a closed curve of the answer
(`newton`), or none. Orbits that lead elsewhere may begin near a curve that repels, so their
first steps are looked at as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.validation import check_flag, check_whole, read_inputs, read_states
from ...errors import ArgumentError
from ...points import ClosedCurves
from ...search.options import provenance
from ...system import System, check_system
from .described import described
from .known import KnownCurves
from .orbits import follow, with_beginnings


@np.errstate(all="ignore")
def find_closed_curves(
    system: System,
    starts: Any,
    inputs: Any = None,
    *,
    transient: int = 1000,
    max_components: int = 4,
    max_modes: int = 512,
    repelling: bool = True,
    tol: float | None = None,
) -> ClosedCurves:
    """Find closed curves of a map on which each step is a turn, with their rotation numbers.

    A network that generates a wave with a frequency of its own does not come back after a whole
    number of steps: its states fill a closed curve K with ``F(K(θ)) = K(θ + ρ)``. That equation is
    solved by Newton's method in K and ρ, with as many modes as it needs to hold between its nodes.
    It finds curves whether they attract or repel, if it begins near them: at the ends of orbits,
    and at their beginnings. A curve is decided, not proved, and others may be missing.

    Parameters
    ----------
    system
        A map, from `as_system`.
    starts
        Where orbits begin, shape (n, d).
    inputs
        A constant input, shape (m,), or one for each start, shape (n, m).
    transient
        Steps before an orbit is looked at; four and sixteen times as many more where that does not
        tell what it came to.
    max_components
        Curves may fall into so many pieces that the map takes to each other.
    max_modes
        Modes that a curve may have. Where it needs more, as near a resonance, it is not found.
    repelling
        Whether the beginnings of orbits that came to no curve are tried too.
    tol
        The largest residual relative to the size of a curve; by default 1e-12, for functions in
        single precision 1e-5.

    Returns
    -------
    ClosedCurves
        Each curve once, in the order of inputs, attracting ones first; and what became of each
        start.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or the system is a flow.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    >>> network = sp.cells.VanillaCell(1.5 * turn, np.zeros((2, 0)), np.zeros(2))
    >>> curves = sp.find_closed_curves(sp.as_system(network), np.eye(2))
    >>> curves.rotation.round(6), curves.normal_exponents.round(4), curves.hits
    (array([0.161398]), array([[-0.962]]), array([2]))
    """
    if check_system(system).kind == "flow":
        raise ArgumentError(
            "system: closed curves of this kind are those of maps; a flow has limit cycles, which "
            "find_cycles looks for."
        )
    x = read_states("starts", starts, system.state_size)
    if not len(x):
        raise ArgumentError("starts: got none, but one state at least is wanted.")
    u = read_inputs("inputs", inputs, len(x), system.input_size)
    transient = check_whole("transient", transient, least=0)
    most_pieces = check_whole("max_components", max_components, least=1, most=64)
    known = KnownCurves.none(system, most_pieces, max_modes, tol)
    check_flag("repelling", repelling)
    orbits, reached = follow(known, x, u, transient)
    if repelling:
        reached = with_beginnings(known, orbits, reached)
    told = provenance(
        "find_closed_curves",
        system,
        x,
        transient=transient,
        max_components=known.most_pieces,
        max_modes=known.most_modes,
        repelling=repelling,
        tol=known.tol,
    )
    return described(known, orbits, reached, told)
