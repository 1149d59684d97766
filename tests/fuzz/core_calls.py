"""Calls that need no framework: systems, verbs, records, cells, solvers and tasks."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from calls import Call, closed

import stillpoint as sp
from stillpoint import cells, plots, solvers, tasks

FOLDER = Path(tempfile.mkdtemp())

CELL = cells.VanillaCell(np.array([[2.0, 0.1], [0.0, 1.5]]), np.ones((2, 1)), np.zeros(2))
SYSTEM = sp.as_system(CELL, regions={"a": [0], "b": [1]})
FLOW = sp.as_system(lambda x, u: -x + u, state_size=2, input_size=2, kind="flow", dt=0.1)
PART = SYSTEM.restrict("a")
LEAKY = sp.as_system(cells.LeakyCell(CELL.W, CELL.B, CELL.b, alpha=np.full(2, 0.5)))
LINE = sp.as_system(lambda x: x * np.array([0.999, 0.5]), state_size=2)
NEST = sp.as_system(lambda s, u: (s[0] / 2, s[1] / 2), state=(np.zeros(1), np.zeros(1)))
LEAF = sp.as_system(lambda x: x[:, ::-1] - x, state_size=2, kind="flow")
X, U = np.array([[0.5, -0.5], [-0.5, 0.5], [1.0, 1.0]]), np.zeros(1)
PATH = np.ones((4, 5, 2))
POINTS = sp.find_fixed_points(SYSTEM, X, U)
PART_POINTS = sp.find_fixed_points(PART, X[:, :1], np.zeros((3, 2)))
SLOW = sp.find_slow_points(SYSTEM, X, U)
LIN = sp.linearize(PART, X[:, :1], np.zeros((3, 2)))
MANIFOLD = sp.follow_slow_manifold(LINE, np.zeros((1, 2)), max_norm=2.0)
PCA = sp.fit_pca(PATH + np.arange(2))
PLANE = sp.planes.along([1.0, 0.0], [0.0, 1.0])
FIELD = sp.flow_field(SYSTEM, PLANE, U, bounds=[(-1, 1), (-1, 1)], resolution=5)
RECTIFIED = sp.find_cycles(
    sp.as_system(sp.cells.VanillaCell(np.diag([-0.5, 0.5]), np.zeros((2, 0)), np.ones(2), "relu")),
    periods=1,
)
CYCLES = sp.find_cycles(SYSTEM, U, periods=1)
ATTRACTORS = sp.find_attractors(SYSTEM, U, starts=X)
GRAPH = sp.connect(SYSTEM, POINTS, ATTRACTORS)
SYMMETRIC = sp.as_system(sp.cells.VanillaCell(np.eye(2), np.ones((2, 1)), np.zeros(2)))
ENERGY = sp.energy(SYMMETRIC)
PORTRAIT = sp.portrait(SYSTEM, points=POINTS, max_period=1)
BASINS = sp.sample_basins(SYSTEM, ATTRACTORS, n_states=4)
KICKS = sp.smallest_kicks(SYSTEM, GRAPH, n_starts=2, n_checks=2)
PULSES = sp.smallest_pulses(SYSTEM, ATTRACTORS, durations=1, n_amplitudes=4)
MACHINE = sp.read_automaton(SYSTEM, ATTRACTORS, [[1.0]])
SWEPT = sp.sweep({"a": SYSTEM, "b": SYSTEM}, "find_fixed_points", states=X, inputs=U, rounds=0)
DISTANCES = sp.compare_all(SWEPT)
EXPONENTS = sp.lyapunov(SYSTEM, X, U, steps=20, transient=5)
TURNING = sp.as_system(
    sp.cells.VanillaCell(1.5 * np.array([[0.5, -0.8], [0.8, 0.5]]), np.zeros((2, 1)), np.zeros(2))
)
CURVES = sp.find_closed_curves(TURNING, [[0.5, 0.0]], np.zeros(1), max_components=1)
ROTATING = sp.as_system(
    lambda x: (1 - (x**2).sum(1, keepdims=True)) * x + x[:, ::-1] * [-1.0, 1.0],
    state_size=2,
    kind="flow",
)
LIMIT_CYCLES = sp.find_cycles(ROTATING, max_starts=8)
INPUTS = sp.path([0.0], [1.0])
GAINS = sp.family(
    lambda g: sp.as_system(cells.VanillaCell(g * CELL.W, CELL.B, CELL.b)).clamp(U), 0.5, 1.5
)
DIAGRAM = sp.follow_points(SYSTEM, POINTS, INPUTS, checks=0)
SAVED = POINTS.save(FOLDER / "points.nc")
REGIONS = sp.Regions(2, {"a": [0], "b": [1]}, {"both": ["a", "b"]})
NETWORK = tasks.load_network("tanh")

SEARCH: dict[str, Any] = {
    "solver": None,
    "tol": None,
    "tol_unique": None,
    "scale": None,
    "max_steps": 20,
    "seed": 0,
    "chunk": None,
    "progress": False,
}
ROUND = {**SEARCH, "rounds": 0, "orbits": True, "spectra": "auto", "keep_starts": True}
SLOW_SEARCH = {name: value for name, value in SEARCH.items() if name != "seed"}


#: Messages of models that are called name the model, or the argument that would make them work.
_MAKING = {
    "model": "step state_size weights",
    "params": "step",
    "input_size": "step",
    "state": "step state_size",
    "t": "kind",
}

#: The weights whose sizes or types no longer fit to another one.
_WEIGHTS = {"B": "W", "b": "W A", "P": "W", "c": "W1"}


def systems() -> dict[str, Call]:
    """Making systems, and what they do."""
    making: dict[str, Any] = {
        "state_size": 2,
        "input_size": 1,
        "state": None,
        "params": None,
        "kind": "map",
        "dt": None,
        "jacobian": None,
        "input_jacobian": None,
        "regions": None,
        "framework": None,
        "lefschetz": None,
        "device": None,
        "t": None,
        "recognise": True,
        "noise": None,
    }
    velocity = lambda t, y, u: np.tanh(2 * y + u) - y  # noqa: E731
    timed = {"model": velocity, **making, "kind": "flow"}
    step = lambda x, u: np.tanh(2 * x + u)  # noqa: E731
    both = {"x": X, "u": U}
    held = {"h2h.weight": CELL.W, "i2h.weight": CELL.B}
    untold = dict.fromkeys(("cell", "phi", "alpha", "prefix"))
    told = {"cell": "leaky", "phi": "tanh", "alpha": 0.5}
    return {
        "as_system": Call(
            sp.as_system, {"model": step, **making, **untold}, paths=("model",), also=_MAKING
        ),
        "as_system velocity": Call(
            sp.as_system, timed, paths=("model",), free=("params",), also=_MAKING
        ),
        "as_system cell": Call(
            sp.as_system,
            {"model": CELL, "dt": None, "regions": None},
            paths=("model",),
            also=_MAKING,
        ),
        "read_weights": Call(
            sp.read_weights,
            {"weights": held, **untold, **told, "dt": None, "regions": None},
            paths=("weights",),
        ),
        "system_from_step": Call(sp.system_from_step, {"step": step, **making}, also=_MAKING),
        "System.of": Call(
            sp.System.of,
            {
                "dynamics": CELL,
                "dt": None,
                "state_regions": None,
                "input_regions": None,
                "layout": None,
            },
        ),
        "System.step": Call(SYSTEM.step, both),
        "System.residual": Call(SYSTEM.residual, both),
        "System.jacobian": Call(SYSTEM.jacobian, both),
        "System.input_jacobian": Call(SYSTEM.input_jacobian, both),
        "System.jvp": Call(SYSTEM.jvp, {**both, "v": X}, also={"x": "v"}),
        "System.vjp": Call(SYSTEM.vjp, {**both, "w": X}, also={"x": "w"}),
        "System.simulate": Call(LINE.simulate, {"x0": X, "inputs": None, "steps": 3}),
        "System.simulate of inputs": Call(
            SYSTEM.simulate, {"x0": X, "inputs": np.zeros((3, 4, 1))}, also={"x0": "inputs"}
        ),
        "System.restrict": Call(
            SYSTEM.restrict,
            {"*regions": ("a",), "units": None, "holding": None},
            also={"*regions": "region", "units": "restrict"},
        ),
        "System.restrict of units": Call(
            SYSTEM.restrict, {"units": [0], "holding": None}, also={"units": "restrict"}
        ),
        "System.from_full": Call(PART.from_full, {"states": X, "inputs": U}),
        "System.to_full": Call(PART.to_full, {"states": X[:, :1], "inputs": np.zeros((3, 2))}),
        "System.pack": Call(
            NEST.pack, {"states": (np.zeros((3, 1)), np.zeros((3, 1)))}, also={"states": "state"}
        ),
        "System.unpack": Call(NEST.unpack, {"rows": X}),
        "System.iterate": Call(SYSTEM.iterate, {"times": 2}),
        "System.periodic": Call(SYSTEM.periodic, {"inputs": U[None]}),
        "System.conserving": Call(LEAF.conserving, {"C": np.ones((1, 2)), "values": np.ones(1)}),
        "System.observe": Call(SYSTEM.observe, {"g": "tanh"}),
        "System.clamp": Call(SYSTEM.clamp, {"u": U}),
        "System.euler": Call(FLOW.euler, {"dt": 0.1}),
        "System.fingerprint": Call(SYSTEM.fingerprint, {}),
        "Regions": Call(
            sp.Regions,
            {"size": 2, "members": {"a": [0], "b": [1]}, "parents": {"both": ["a", "b"]}},
            also={"members": "regions parents", "size": "regions"},
        ),
        "Regions.children": Call(REGIONS.children, {"name": "both"}, also={"name": "region"}),
        "Regions.indices": Call(REGIONS.indices, {"*names": ("a",)}, also={"*names": "region"}),
        "Regions.others": Call(REGIONS.others, {"chosen": [0]}),
        "Regions.restricted": Call(REGIONS.restricted, {"kept": [0]}),
        "Regions.labels": Call(REGIONS.labels, {}),
    }


def verbs() -> dict[str, Call]:
    """Searches, proofs and linearisations."""
    where = {"system": SYSTEM, "states": X, "inputs": U}
    return {
        "find_fixed_points": Call(sp.find_fixed_points, {**where, **ROUND}),
        "find_all_fixed_points": Call(
            sp.find_all_fixed_points,
            {
                "system": SYSTEM,
                "inputs": U,
                "trajectories": None,
                "max_starts": 8,
                "exhaustive": True,
                "orbits": True,
                "spectra": "auto",
                "keep_starts": True,
                **SEARCH,
            },
        ),
        "find_slow_points": Call(
            sp.find_slow_points, {**where, "slope_tol": 1e-8, "keep_starts": True, **SLOW_SEARCH}
        ),
        "sample_slow_states": Call(
            sp.sample_slow_states,
            {**where, "speed": 0.1, "max_steps": 10, "chunk": None, "progress": False},
        ),
        "sample_states": Call(
            sp.sample_states,
            {
                "trajectories": PATH,
                "n": 3,
                "inputs": np.zeros((4, 5, 1)),
                "noise": 0.1,
                "where": np.ones((4, 5), dtype=bool),
                "seed": 0,
            },
            also={"trajectories": "inputs where"},
        ),
        "certify": Call(sp.certify, {"system": SYSTEM, "points": POINTS, "estimates": False}),
        "enumerate_fixed_points": Call(
            sp.enumerate_fixed_points,
            {"system": SYSTEM, "inputs": U, "budget": 1000, "executor": None, "progress": False},
        ),
        "linearize": Call(sp.linearize, where),
        "rate_jacobian": Call(sp.rate_jacobian, {**where, "system": LEAKY}),
        "partial_rate_jacobian": Call(sp.partial_rate_jacobian, {**where, "system": LEAKY}),
        "rates_at_fixed_state": Call(
            sp.rates_at_fixed_state, {"system": LEAKY, "state": np.zeros(2)}
        ),
        "follow_slow_manifold": Call(
            sp.follow_slow_manifold,
            {
                "system": LINE,
                "start": np.zeros((1, 2)),
                "inputs": None,
                "dimension": 1,
                "step_size": None,
                "max_steps": 5,
                "max_length": None,
                "min_separation": 2.0,
                "max_norm": 2.0,
            },
            also={"min_separation": "start"},
        ),
        "fit_pca": Call(sp.fit_pca, {"states": PATH, "n_components": 2}),
        "flow_field": Call(
            sp.flow_field,
            {
                "system": SYSTEM,
                "plane": PLANE,
                "inputs": U,
                "around": X,
                "bounds": None,
                "resolution": 5,
            },
            also={"around": "bounds"},
        ),
        "Report": Call(sp.Report, {"title": "Points"}),
        "Report.add": Call(
            sp.Report("Points").add,
            {
                "part": POINTS,
                "trajectories": PATH,
                "heading": "Points",
                "by": None,
                "trials_by": None,
                "projection": None,
                "data": False,
            },
        ),
        "Report.html": Call(sp.Report("Points").html, {}),
        "Report.save": Call(
            sp.Report("Points").save, {"path": FOLDER / "report.html"}, paths=("path",)
        ),
        "find_closed_curves": Call(
            sp.find_closed_curves,
            {
                "system": TURNING,
                "starts": [[0.5, 0.0]],
                "inputs": np.zeros(1),
                "transient": 50,
                "max_components": 1,
                "max_modes": 64,
                "repelling": False,
                "tol": 1e-9,
            },
        ),
        "find_cycles": Call(
            sp.find_cycles,
            {
                "system": SYSTEM,
                "inputs": U,
                "periods": (1, 2),
                "trajectories": None,
                "max_starts": 64,
                "seed": 0,
                "progress": False,
            },
        ),
        "find_attractors": Call(
            sp.find_attractors,
            {
                "system": SYSTEM,
                "inputs": U,
                "points": POINTS,
                "starts": X,
                "n_starts": 4,
                "steps": 20,
                "seed": 0,
            },
        ),
        "sweep": Call(
            sp.sweep,
            {
                "systems": {"a": SYSTEM},
                "verb": "connect",
                "executor": None,
                "folder": None,
                "on_error": "record",
                "points": POINTS,
            },
            paths=("folder",),
            free=("points",),  # an error is a row
        ),
        "compare": Call(
            sp.compare,
            {"first": POINTS, "second": POINTS, "up_to": "orthogonal"},
            paths=("first", "second"),
        ),
        "compare_all": Call(sp.compare_all, {"results": SWEPT, "up_to": "orthogonal"}),
        "NetworkDistances.matrix": Call(DISTANCES.matrix, {"aspect": "counts"}),
        "NetworkDistances.known_in": Call(DISTANCES.known_in, {"aspect": "counts"}),
        "NetworkDistances.embed": Call(DISTANCES.embed, {"aspect": "counts", "dimensions": 1}),
        "NetworkDistances.take": Call(DISTANCES.take, {"rows": [0]}),
        "Sweep.path": Call(SWEPT.path, {"name": "a"}),
        "connect": Call(
            sp.connect,
            {
                "system": SYSTEM,
                "points": POINTS,
                "attractors": ATTRACTORS,
                "directions": 4,
                "steps": 20,
                "seed": 0,
            },
        ),
        "path": Call(sp.path, {"*inputs": ([0.0], [1.0]), "values": [0.0, 1.0]}),
        "family": Call(
            sp.family, {"make": GAINS.make, "low": 0.5, "high": 1.5, "inputs": np.zeros(0)}
        ),
        "follow_points": Call(
            sp.follow_points,
            {
                "system": SYSTEM,
                "points": POINTS,
                "path": INPUTS,
                "at": 0.0,
                "checks": 1,
                "max_starts": 4,
                "exhaustive": False,
                "max_steps": 20,
                "max_norm": 10.0,
                "seed": 0,
            },
        ),
        "follow_cycles": Call(
            sp.follow_cycles,
            {
                "system": SYSTEM,
                "cycles": CYCLES,
                "path": INPUTS,
                "at": 0.0,
                "max_steps": 20,
                "max_norm": 10.0,
            },
        ),
        "follow_closed_curves": Call(
            sp.follow_closed_curves,
            {
                "system": SYSTEM,
                "diagram": DIAGRAM,
                "path": INPUTS,
                "n_steps": 2,
                "max_modes": 40,
                "tol": 1e-10,
            },
        ),
        "Diagram.at": Call(DIAGRAM.at, {"s": 0.5, "system": SYSTEM, "path": INPUTS}),
        "Diagram.counts": Call(DIAGRAM.counts, {}),
        "Diagram.attractors_along": Call(DIAGRAM.attractors_along, {}),
        "Diagram.to_dataframe": Call(DIAGRAM.to_dataframe, {}),
        "portrait": Call(
            sp.portrait,
            {
                "system": SYSTEM,
                "inputs": U,
                "points": POINTS,
                "trajectories": None,
                "readout": None,
                "max_period": 1,
                "prove": False,
                "seed": 0,
            },
        ),
        "energy": Call(sp.energy, {"system": SYMMETRIC}),
        "Energy": Call(ENERGY, {"states": X, "inputs": U}),
        "Energy.drops": Call(
            ENERGY.drops, {"graph": sp.connect(SYMMETRIC, sp.find_fixed_points(SYMMETRIC, X, U))}
        ),
        "sample_basins": Call(
            sp.sample_basins,
            {
                "system": SYSTEM,
                "attractors": ATTRACTORS,
                "states": None,
                "inputs": U,
                "box": (-1.0, 1.0),
                "around": None,
                "radius": None,
                "n_states": 4,
                "steps": 20,
                "seed": 0,
            },
            also={"states": "box", "around": "box radius", "inputs": "attractors"},
        ),
        "sample_basins of a ball": Call(
            sp.sample_basins,
            {
                "system": SYSTEM,
                "attractors": ATTRACTORS,
                "around": X[0],
                "radius": 0.1,
                "n_states": 4,
                "steps": 20,
            },
            also={"around": "radius"},
        ),
        "smallest_kicks": Call(
            sp.smallest_kicks,
            {
                "system": SYSTEM,
                "graph": GRAPH,
                "n_starts": 1,
                "n_checks": 2,
                "steps": 20,
                "seed": 0,
            },
        ),
        "smallest_pulses": Call(
            sp.smallest_pulses,
            {
                "system": SYSTEM,
                "attractors": ATTRACTORS,
                "directions": [[1.0]],
                "durations": (1, 2),
                "rest": np.zeros(1),
                "largest": 2.0,
                "n_amplitudes": 4,
                "steps": 20,
            },
            also={"rest": "attractors"},
        ),
        "read_automaton": Call(
            sp.read_automaton,
            {
                "system": SYSTEM,
                "attractors": ATTRACTORS,
                "pulses": [[1.0]],
                "silence": 5,
                "rest": np.zeros(1),
                "duration": 1,
                "readout": lambda x: x,
                "steps": 50,
                "prove": False,
            },
            also={"rest": "attractors"},
        ),
        "echo_index": Call(
            sp.echo_index,
            {
                "system": SYSTEM,
                "inputs": np.ones((4, 1)),
                "amplitudes": (1.0,),
                "starts": X,
                "n_starts": 4,
                "seed": 0,
            },
        ),
        "find_cycles of a flow": Call(
            sp.find_cycles,
            {
                "system": ROTATING,
                "periods": None,
                "trajectories": None,
                "max_starts": 4,
                "seed": 0,
                "progress": False,
            },
        ),
        "lyapunov": Call(
            sp.lyapunov,
            {
                "system": SYSTEM,
                "start": X,
                "inputs": U,
                "k": 1,
                "steps": 20,
                "transient": 5,
                "interval": None,
                "seed": 0,
            },
        ),
        "planes.pca": Call(sp.planes.pca, {"states": PATH + np.arange(4)[:, None, None] * [1, 0]}),
        "planes.through": Call(sp.planes.through, {"states": X}),
        "planes.readouts": Call(
            sp.planes.readouts, {"weights": np.eye(2), "bias": np.ones(2), "origin": np.ones(2)}
        ),
        "planes.along": Call(
            sp.planes.along,
            {
                "first": np.array([1.0, 0.0]),
                "second": np.array([0.0, 1.0]),
                "origin": np.ones(2),
                "names": ["a", "b"],
            },
            also={"first": "second"},
        ),
        "planes.modes": Call(sp.planes.modes, {"points": POINTS, "row": 0, "which": (0, 1)}),
        "planes.selection": Call(
            sp.planes.selection, {"points": POINTS, "row": 0, "channel": 0, "mode": None}
        ),
        "planes.latent": Call(sp.planes.latent, {"system": SYSTEM, "inputs": U}),
        "load": Call(sp.load, {"path": SAVED}, paths=("path",)),
        "show_versions": Call(sp.show_versions, {}),
    }


def records() -> dict[str, Call]:
    """What records do."""
    found: dict[str, Call] = {
        "FixedPoints.merged": Call(POINTS.merged, {"labels": np.arange(len(POINTS))}),
        "FixedPoints.unique": Call(POINTS.unique, {"tolerance": None}),
        "FixedPoints.compare": Call(POINTS.compare, {"other": POINTS, "tolerance": None}),
        "FixedPoints.census": Call(POINTS.census, {"attractors": ATTRACTORS}),
        "Census.to_dataframe": Call(POINTS.census().to_dataframe, {}),
        "Starts.counts": Call(POINTS.starts.counts, {}),
        "Starts.discoveries": Call(POINTS.starts.discoveries, {}),
        "Linearization.block": Call(
            LIN.block, {"to": "a", "source": "a"}, also={"to": "region", "source": "region"}
        ),
        "Linearization.block_eigen": Call(LIN.block_eigen, {"*regions": ("a",)}),
        "Linearization.leading_vectors": Call(LIN.leading_vectors, {"row": 0}),
        "Linearization.participation": Call(LIN.participation, {"region": "a"}),
        "Linearization.predict": Call(
            LIN.predict,
            {"dx": np.zeros(1), "du": np.zeros(1), "dheld": np.zeros(1)},
            also={"dheld": "du"},
        ),
        "Linearization.unflatten": Call(
            LIN.unflatten, {"values": np.zeros((3, 2))}, free=("values",)
        ),
        "Projection.transform": Call(PCA.transform, {"states": PATH}),
        "Projection.directions": Call(PCA.directions, {"vectors": PATH}),
        "Projection.inverse_transform": Call(
            PCA.inverse_transform, {"coordinates": np.zeros((3, 2))}
        ),
        "Projection.distances": Call(PCA.distances, {"states": X}),
        "Projection.share": Call(PCA.share, {"vectors": X}),
        "Projection.range_of": Call(PCA.range_of, {"states": X}),
        "AttractorGraph.targets": Call(GRAPH.targets, {"node": 0}),
        "AttractorGraph.hasse": Call(GRAPH.hasse, {}),
        "AttractorGraph.morse_check": Call(GRAPH.morse_check, {"inputs": U, "cycles": CYCLES}),
        "AttractorGraph.certify": Call(GRAPH.certify, {"system": SYSTEM, "steps": 20}),
        "Portrait.to_dataframe": Call(PORTRAIT.to_dataframe, {}),
        "AttractorGraph.to_dataframe": Call(GRAPH.to_dataframe, {}),
        "Basins.of": Call(BASINS.of, {"system": SYSTEM, "states": X, "inputs": U, "steps": 20}),
        "Basins.to_dataframe": Call(BASINS.to_dataframe, {}),
        "Kicks.to_dataframe": Call(KICKS.to_dataframe, {}),
        "NetworkComparison.to_dataframe": Call(sp.compare(POINTS, POINTS).to_dataframe, {}),
        "NetworkDistances.to_dataframe": Call(DISTANCES.to_dataframe, {}),
        "Sweep.to_dataframe": Call(SWEPT.to_dataframe, {}),
        "Sweep.to_xarray": Call(SWEPT.to_xarray, {}),
        "Sweep.table": Call(SWEPT.table, {}),
        "Pulses.to_dataframe": Call(PULSES.to_dataframe, {}),
        "Automaton.unreachable": Call(MACHINE.unreachable, {"start": 0}),
        "Automaton.after": Call(MACHINE.after, {"start": 0, "word": [0]}),
        "Automaton.compare": Call(
            MACHINE.compare, {"other": MACHINE, "start": (0, 0), "tolerance": 0.5}
        ),
        "Automaton.to_dataframe": Call(MACHINE.to_dataframe, {}),
        "Attractors.take": Call(ATTRACTORS.take, {"rows": [0]}),
        "Attractors.along": Call(ATTRACTORS.along, {"row": 0}),
        "Attractors.to_dataframe": Call(ATTRACTORS.to_dataframe, {}),
        "ClosedCurves.orbit": Call(CURVES.orbit, {"row": 0}),
        "ClosedCurves.at": Call(CURVES.at, {"row": 0, "angles": [0.0, 0.25]}),
        "ClosedCurves.to_dataframe": Call(CURVES.to_dataframe, {}),
        "ClosedCurves.citation": Call(CURVES.citation, {}),
        "Cycles.orbit of a flow": Call(LIMIT_CYCLES.orbit, {"row": 0}),
        "Cycles.index of a flow": Call(LIMIT_CYCLES.index, {"iterate": None}),
        "Cycles.orbit": Call(CYCLES.orbit, {"row": 0}),
        "Cycles.itinerary": Call(RECTIFIED.itinerary, {"row": 0}),
        "Cycles.of_period": Call(CYCLES.of_period, {"period": 1}),
        "Cycles.index": Call(CYCLES.index, {"iterate": None}),
        "Cycles.to_dataframe": Call(CYCLES.to_dataframe, {}),
        "Cycles.citation": Call(CYCLES.citation, {}),
        "SlowManifold.project": Call(MANIFOLD.project, {"states": X}),
    }
    for name, points in {"FixedPoints": POINTS, "SlowPoints": SLOW}.items():
        found |= {
            f"{name}.concatenate": Call(type(points).concatenate, {"several": [points, points]}),
            f"{name}.near": Call(points.near, {"states": X, "factor": 10.0}),
            f"{name}.nearest": Call(points.nearest, {"states": X}),
            f"{name}.subsample": Call(points.subsample, {"n": 1, "seed": 0}),
            f"{name}.take": Call(points.take, {"rows": np.array([0])}),
            f"{name}.citation": Call(points.citation, {}),
            f"{name}.to_dataframe": Call(points.to_dataframe, {}),
            f"{name}.unpack": Call(points.unpack, {}),
        }
    found["FixedPoints.to_full"] = found["SlowPoints.to_full"] = Call(PART_POINTS.to_full, {})
    for name, record in {
        "FixedPoints": POINTS,
        "SlowPoints": SLOW,
        "Starts": POINTS.starts,
        "Linearization": LIN,
        "SlowManifold": MANIFOLD,
        "Certificate": sp.certify(SYSTEM, POINTS).certificate,
        "Projection": PCA,
        "ClosedCurves": CURVES,
        "Cycles": CYCLES,
        "Comparison": POINTS.compare(POINTS),
        "FlowField": FIELD,
        "Attractors": ATTRACTORS,
        "LyapunovSpectrum": EXPONENTS,
        "AttractorGraph": GRAPH,
        "Portrait": PORTRAIT,
        "Automaton": MACHINE,
        "Basins": BASINS,
        "Kicks": KICKS,
        "NetworkComparison": sp.compare(POINTS, POINTS),
        "NetworkDistances": DISTANCES,
        "Pulses": PULSES,
        "Diagram": DIAGRAM,
        "EchoIndex": sp.echo_index(SYSTEM, np.ones((4, 1)), starts=X),
    }.items():
        page = {"path": FOLDER / "a.html", "trajectories": None}
        found[f"{name}.report"] = Call(record.report, page, paths=("path",))
        found[f"{name}.save"] = Call(record.save, {"path": FOLDER / "a.nc"}, paths=("path",))
        found[f"{name}.to_xarray"] = Call(record.to_xarray, {})
        found[f"{name}.from_xarray"] = Call(
            type(record).from_xarray, {"dataset": record.to_xarray()}
        )
        found.setdefault(f"{name}.take", Call(record.take, {"rows": np.array([0])}))
    del found["Portrait.take"]  # which always refuses
    return found


def nouns() -> dict[str, Call]:
    """Cells and solvers."""
    W, B, b = np.eye(4), np.ones((4, 1)), np.zeros(4)
    gates = {"W": np.ones((6, 2)), "B": np.ones((6, 1)), "b": np.zeros(6)}
    layer = cells.VanillaCell(np.eye(1), np.eye(1), np.zeros(1))
    small = {name: value[:2, ...] for name, value in {"W": W[:, :2], "B": B, "b": b}.items()}
    return {
        "cells.VanillaCell": Call(cells.VanillaCell, {**small, "phi": "tanh"}, also=_WEIGHTS),
        "cells.LeakyCell": Call(
            cells.LeakyCell, {**small, "alpha": np.ones(2), "phi": "tanh"}, also=_WEIGHTS
        ),
        "cells.LeakyRateCell": Call(
            cells.LeakyRateCell, {**small, "alpha": np.ones(2), "phi": "tanh"}, also=_WEIGHTS
        ),
        "cells.LowRank": Call(
            cells.LowRank, {"U": np.ones((2, 1)), "V": np.ones((2, 1))}, also={"V": "U"}
        ),
        "cells.ShallowCell": Call(
            cells.ShallowCell,
            {
                "A": np.ones(2),
                "W1": np.ones((2, 3)),
                "W2": np.ones((3, 2)),
                "B": small["B"],
                "b": small["b"],
                "c": np.zeros(3),
                "phi": "relu",
                "B2": None,
            },
            also=_WEIGHTS,
        ),
        "cells.GRUCell": Call(cells.GRUCell, {**gates, "c": np.zeros(2)}),
        "cells.ResetBeforeGRUCell": Call(cells.ResetBeforeGRUCell, gates),
        "cells.LSTMCell": Call(
            cells.LSTMCell, {"W": np.ones((4, 1)), "B": B, "b": b, "P": None}, also=_WEIGHTS
        ),
        "cells.StackedCell": Call(cells.StackedCell, {"layers": [layer, layer]}),
        "cells.activation": Call(cells.activation, {"name": "tanh"}, also={"name": "activation"}),
        "solvers.Adam": Call(
            solvers.Adam,
            {
                "rate": 1.0,
                "schedule": solvers.Plateau(),
                "stillness": 1e-20,
                "betas": (0.9, 0.999),
                "epsilon": 1e-8,
            },
        ),
        "solvers.Plateau": Call(
            solvers.Plateau, {"factor": 0.95, "patience": 2, "threshold": 1e-4, "cooldown": 0}
        ),
        "solvers.Newton": Call(
            solvers.Newton, {"decrease": 1e-4, "max_trials": 12, "most_steps": None}
        ),
        "solvers.KickedNewton": Call(
            solvers.KickedNewton,
            {"longest": 0.5, "patience": 8, "size": 0.5, "most_steps": None},
        ),
        "solvers.NewtonKrylov": Call(
            solvers.NewtonKrylov,
            {
                "most_products": None,
                "least_unknowns": 1,
                "first_forcing": 0.1,
                "decrease": 1e-4,
                "max_trials": 12,
                "most_steps": None,
            },
        ),
        "solvers.LevenbergMarquardt": Call(
            solvers.LevenbergMarquardt,
            {
                "first_damping": 1e-3,
                "slope_tol": 1e-8,
                "standing": False,
                "least_damping": 0.0,
                "most_steps": None,
            },
        ),
        "solvers.PiecewiseNewton": Call(solvers.PiecewiseNewton, {}),
        "solvers.solve": Call(
            solvers.solve,
            {
                "dynamics": CELL,
                "x": X,
                "u": np.zeros((3, 1)),
                "solvers": [solvers.Newton()],
                "tol": 1e-24,
                "max_steps": 5,
                "chunk": None,
                "progress": False,
                "holds": None,
                "interruptible": False,
            },
            free=("x",),
            also={"x": "u"},
        ),
        "solvers.tolerance_at": Call(
            solvers.tolerance_at, {"size": np.ones(3), "tol": 1e-24}, free=("size",)
        ),
    }


def tasks_and_networks() -> dict[str, Call]:
    """Tasks, their trials, and the networks that come with the package."""
    periods = {"dt": 100.0, "fixation": 100.0, "decision": 100.0, "sigma": 1.0}
    made = {
        "FlipFlop": (tasks.FlipFlop, {"bits": 2, "steps": 8, "pulse_probability": 0.2}),
        "SineWave": (
            tasks.SineWave,
            {"n_frequencies": 3, "lowest": 0.1, "highest": 0.6, "steps": 10},
        ),
        "ContextIntegration": (
            tasks.ContextIntegration,
            {
                "dt": 25.0,
                "fixation": 50.0,
                "stimulus": 750.0,
                "hold": 200.0,
                "largest": 0.1875,
                "sigma": 1.0,
            },
        ),
        "DelayedMatch": (
            tasks.DelayedMatch,
            {**periods, "stimuli": 2, "presentation": 300.0, "delay": 100.0, "test": 300.0},
        ),
        "ParametricWorkingMemory": (
            tasks.ParametricWorkingMemory,
            {**periods, "first": 500.0, "delay": 100.0, "second": 500.0, "pairs": ((18, 10),)},
        ),
        "PerceptualDecision": (
            tasks.PerceptualDecision,
            {**periods, "stimulus": 200.0, "coherences": (0.0, 6.4)},
        ),
    }
    found: dict[str, Call] = {}
    for name, (kind, arguments) in made.items():
        task = kind(**arguments)
        trials = task.sample(3, np.random.default_rng(0))
        outputs = np.zeros((*trials.inputs.shape[:2], task.output_size))
        sampling = {"n": 3, "rng": np.random.default_rng(0)}
        periods_of = {"dt": "fixation stimulus presentation first"}
        found[f"tasks.{name}"] = Call(kind, arguments, also=periods_of)
        found[f"tasks.{name}.sample"] = Call(task.sample, sampling)
        found[f"tasks.{name}.accuracy"] = Call(
            task.accuracy, {"outputs": outputs, "trials": trials}
        )
        if hasattr(task, "constant_input"):
            asked = {"ContextIntegration": {"context": 0}, "SineWave": {"which": 0}}
            asked["PerceptualDecision"] = {"coherence": 0.0, "choice": 0}  # type: ignore[dict-item]
            found[f"tasks.{name}.constant_input"] = Call(task.constant_input, asked.get(name, {}))
    found["tasks.FlipFlop.automaton"] = Call(tasks.FlipFlop(2).automaton, {})
    found["tasks.DelayedMatch.automaton"] = Call(tasks.DelayedMatch().automaton, {})
    found["tasks.FlipFlop.corners"] = Call(tasks.FlipFlop(2).corners, {})
    network = {"cell": NETWORK.cell, "C": NETWORK.C, "a": NETWORK.a, "regions": {}, "history": {}}
    NETWORK.save(FOLDER / "network.npz")
    gym = tasks.NeuroGymTask(Environment())
    return found | {
        "tasks.NeuroGymTask": Call(tasks.NeuroGymTask, {"env": Environment()}),
        "tasks.NeuroGymTask.sample": Call(gym.sample, {"n": 3, "rng": np.random.default_rng(0)}),
        "tasks.NeuroGymTask.accuracy": Call(
            gym.accuracy,
            {"outputs": np.zeros((3, 5, 3)), "trials": gym.sample(3, np.random.default_rng(0))},
        ),
        "tasks.load_network": Call(tasks.load_network, {"name": "tanh"}),
        "tasks.ReadoutNetwork": Call(tasks.ReadoutNetwork, network),
        "tasks.ReadoutNetwork.run": Call(NETWORK.run, {"inputs": np.zeros((2, 3, 3))}),
        "tasks.ReadoutNetwork.read_out": Call(NETWORK.read_out, {"states": np.zeros((2, 16))}),
        "tasks.ReadoutNetwork.save": Call(
            NETWORK.save, {"path": FOLDER / "a.npz"}, paths=("path",)
        ),
        "tasks.ReadoutNetwork.load": Call(
            tasks.ReadoutNetwork.load, {"path": FOLDER / "network.npz"}, paths=("path",)
        ),
    }


class Environment:
    """The least that a trial-based environment of NeuroGym offers."""

    class observation_space:  # noqa: N801
        shape = (2,)

    class action_space:  # noqa: N801
        n = 3

    rng = np.random.default_rng(0)
    ob = np.zeros((5, 2))
    gt = np.zeros(5, dtype=int)

    @property
    def unwrapped(self) -> Environment:
        return self

    def new_trial(self, **_: Any) -> dict[str, Any]:
        return {}


def figures() -> dict[str, Call]:
    """Figures, each of which is closed again."""
    more = {"legend": True, "max_trajectories": 4}
    trajectories = {"trajectories": PATH, "trials_by": None, "projection": None, "dimensions": 2}
    drawn = {
        "fixed_points": (
            plots.fixed_points,
            {"points": POINTS, "by": "n_unstable", **trajectories, "mode_length": 0.06, **more},
        ),
        "slow_points": (
            plots.slow_points,
            {"points": SLOW, "by": "label", **trajectories, **more},
        ),
        "slow_manifold": (
            plots.slow_manifold,
            {"manifold": MANIFOLD, **trajectories, **more},
        ),
        "attractors": (
            plots.attractors,
            {"attractors": ATTRACTORS, **trajectories, **more},
        ),
        "attractor_graph": (
            plots.attractor_graph,
            {"graph": GRAPH, "all_edges": True, **trajectories, **more},
        ),
        "portrait": (
            plots.portrait,
            {"portrait": PORTRAIT, "all_edges": True, **trajectories, **more},
        ),
        "hasse_diagram": (plots.hasse_diagram, {"graph": GRAPH, "labels": None}),
        "basins": (
            plots.basins,
            {"basins": BASINS, **trajectories, **more},
        ),
        "exponents": (plots.exponents, {"spectrum": EXPONENTS}),
        "diagram": (
            plots.diagram,
            {"diagram": DIAGRAM, "readout": 0, "events": True, "legend": True},
        ),
        "tracks": (plots.tracks, {"diagram": DIAGRAM, **trajectories, **more}),
        "networks": (
            plots.networks,
            {"distances": DISTANCES, "aspect": "spectra", "names": True, "legend": True},
        ),
        "cycles": (
            plots.cycles,
            {"cycles": CYCLES, **trajectories, **more},
        ),
        "closed_curves": (
            plots.closed_curves,
            {"curves": CURVES, **trajectories, **more},
        ),
        "flow_field": (
            plots.flow_field,
            {
                "field": FIELD,
                "points": POINTS,
                "trajectories": PATH,
                "style": "arrows",
                "nullclines": True,
                "by": "n_unstable",
                "trials_by": None,
                "mode_length": 0.06,
                **more,
            },
        ),
        "region_blocks": (plots.region_blocks, {"lin": LIN, "row": 0}),
        "region_modes": (plots.region_modes, {"lin": LIN, "row": 0, "modes": 1, "legend": True}),
        "search_summary": (plots.search_summary, {"points": POINTS, "legend": True}),
        "spectrum": (plots.spectrum, {"linear": POINTS, "by": "n_unstable", "legend": True}),
    }
    calls = {
        f"plots.{name}": Call(closed(function), {**arguments, "ax": None})
        for name, (function, arguments) in drawn.items()
    }
    shown = {"*records": (POINTS,), "by": None, **trajectories, "max_trajectories": 4}
    return calls | {"plots.interactive": Call(plots.interactive, shown)}


@cache
def core_calls() -> dict[str, Call]:
    """Return all of them, by what they call."""
    return systems() | verbs() | records() | nouns() | tasks_and_networks() | figures()
