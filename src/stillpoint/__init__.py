"""Find, count, prove and explain the fixed points of trained recurrent neural networks.

>>> import numpy as np, stillpoint as sp
>>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1, lefschetz=1)
>>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 100)[:, None])
>>> len(points), points.census().suggests_missing
(3, False)

make a system        as_system(model), read_weights(path), system_from_step(step, state_size);
                     system.restrict, clamp
find                 find_fixed_points, find_all_fixed_points; sample_states for starts
is anything missing  points.census(), enumerate_fixed_points for a proof
prove                certify
linearise            linearize, at any states; points.linearization; of rates h = phi(x):
                     rate_jacobian, partial_rate_jacobian, rates_at_fixed_state
what recurs          find_cycles, find_closed_curves; where orbits end: find_attractors, echo_index
slow states          find_slow_points, sample_slow_states, follow_slow_manifold
draw                 plots.fixed_points and others; fit_pca and `planes` for the plane
what leads where     connect: the graph of saddles and attractors; read_automaton: the machine of
                     memories and pulses, proved; portrait: all of it under one input
what switches it     sample_basins, smallest_kicks of the state, smallest_pulses of the input
between the points   flow_field(system, plane); lyapunov; energy, for symmetric weights
mail                 record.report("net.html"), Report for several records
save, load           record.save(path), load; to_xarray, to_dataframe; points.compare(others)
what was used        show_versions, points.citation(), points.provenance

Namespaces: `cells` (standard cells), `planes` (for pictures), `solvers`, `models` (multi-region
networks, with PyTorch), `tasks` (tasks, training, shipped networks), `plots`, `compat` (other
tools' names).
Errors are `StillpointError`s: `ArgumentError`, `UnsupportedModelError`, `MissingExtraError`,
`FileFormatError`; warnings are `StillpointWarning`s.
"""

import importlib
from types import ModuleType

from . import cells, planes, plots, solvers, tasks
from ._core.netcdf import load
from ._core.pca import Projection, fit_pca
from ._core.provenance import show_versions
from .as_system import as_system, system_from_step
from .branches.ends import End
from .branches.slow_manifold import Rests, SlowManifold, follow_slow_manifold
from .census import Census, Completeness, Tally
from .dynamics import Regions
from .errors import (
    ArgumentError,
    FileFormatError,
    MissingExtraError,
    StillpointError,
    StillpointWarning,
    UnsupportedModelError,
)
from .local import (
    Linearization,
    linearize,
    partial_rate_jacobian,
    rate_jacobian,
    rates_at_fixed_state,
)
from .points import (
    Attractors,
    ClosedCurves,
    Comparison,
    Cycles,
    FixedPoints,
    SlowPoints,
    Source,
    Starts,
)
from .portrait import (
    AttractorGraph,
    Automaton,
    Basins,
    EchoIndex,
    Energy,
    FlowField,
    Kicks,
    LyapunovSpectrum,
    MachineComparison,
    Portrait,
    Pulses,
    connect,
    echo_index,
    energy,
    find_attractors,
    flow_field,
    lyapunov,
    portrait,
    read_automaton,
    sample_basins,
    smallest_kicks,
    smallest_pulses,
)
from .proofs import Certificate, Enumeration, ProofStatus, enumerate_fixed_points
from .recurrence import find_closed_curves, find_cycles
from .report import Report
from .search import (
    certify,
    find_all_fixed_points,
    find_fixed_points,
    find_slow_points,
    sample_slow_states,
    sample_states,
)
from .solvers import Status
from .system import System
from .system_info import SystemInfo
from .weights import read_weights

__version__ = "0.1.0.dev0"

__all__ = [
    "ArgumentError",
    "AttractorGraph",
    "Attractors",
    "Automaton",
    "Basins",
    "Census",
    "Certificate",
    "ClosedCurves",
    "Comparison",
    "Completeness",
    "Cycles",
    "EchoIndex",
    "End",
    "Energy",
    "Enumeration",
    "FileFormatError",
    "FixedPoints",
    "FlowField",
    "Kicks",
    "Linearization",
    "LyapunovSpectrum",
    "MachineComparison",
    "MissingExtraError",
    "Portrait",
    "Projection",
    "ProofStatus",
    "Pulses",
    "Regions",
    "Report",
    "Rests",
    "SlowManifold",
    "SlowPoints",
    "Source",
    "Starts",
    "Status",
    "StillpointError",
    "StillpointWarning",
    "System",
    "SystemInfo",
    "Tally",
    "UnsupportedModelError",
    "as_system",
    "cells",
    "certify",
    "connect",
    "echo_index",
    "energy",
    "enumerate_fixed_points",
    "find_all_fixed_points",
    "find_attractors",
    "find_closed_curves",
    "find_cycles",
    "find_fixed_points",
    "find_slow_points",
    "fit_pca",
    "flow_field",
    "follow_slow_manifold",
    "linearize",
    "load",
    "lyapunov",
    "models",
    "partial_rate_jacobian",
    "planes",
    "plots",
    "portrait",
    "rate_jacobian",
    "rates_at_fixed_state",
    "read_automaton",
    "read_weights",
    "sample_basins",
    "sample_slow_states",
    "sample_states",
    "show_versions",
    "smallest_kicks",
    "smallest_pulses",
    "solvers",
    "system_from_step",
    "tasks",
]


def __getattr__(name: str) -> ModuleType:
    """Import `models` and `compat` when they are asked for: they bring frameworks along."""
    if name in ("compat", "models"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
