from . import cells, compat, models, planes, plots, solvers, tasks
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
from .population import Sweep, SweepStatus, sweep
from .portraits import (
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

__version__: str

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
    "Sweep",
    "SweepStatus",
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
    "sweep",
    "system_from_step",
    "tasks",
]
