"""Diagrams of all points along an input: against the field's recipe, JaxCont, and bare solves.

1. All walks of the shipped flip-flop networks, with events, coefficients and proofs.
2. Against the recipe of the field on the tanh network: 20 inputs, Adam on the mean of q from 512
   states each, copies merged by distance. What it finds is compared with the branches.
3. Against JaxCont, where it is installed, on the flow dx/dt = F(x, u) - x of the same network: its
   continuation follows one branch of a flow at a time.
4. A node of a walk against a bare solve of I - J: random networks of 64 to 512 units.

Every table is one run.

    python benchmarks/diagrams.py [--quick]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time

import networks
import numpy as np

import stillpoint as sp
from stillpoint.branches.bordered import Along
from stillpoint.branches.curves import follow
from stillpoint.branches.walk import walk
from stillpoint.cells import VanillaCell
from stillpoint.diagrams.followed import Followed
from stillpoint.diagrams.records import Origin
from stillpoint.solvers import Adam, Plateau, solve

# One branch of the tanh network as a flow, by JaxCont's public call with its defaults.
JAXCONT = """
import json, sys, time
import jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_enable_x64", True)
import jaxcont
told = json.load(sys.stdin)
W, b, way = (jnp.asarray(told[name]) for name in ("W", "b", "way"))
flow = lambda x, p, args: jnp.tanh(W @ x + b + p * way) - x
settings = jaxcont.ContinuationPar(ds=0.03, max_steps=400)
folds, begin = [], time.process_time()
for start in told["starts"]:
    problem = jaxcont.bif_problem(flow, jnp.asarray(start), 0.0)
    found = jaxcont.continuation(
        problem, p_span=(0.0, 1.0), settings=settings, events=[jaxcont.Fold()]
    )
    folds += [float(hit.p) for hit in found.events]
print(json.dumps({"seconds": time.process_time() - begin, "folds": folds}))
"""


def cpu(function, *arguments, **options):
    """Return CPU seconds, the smaller of two runs, and what a function returns."""
    seconds = []
    for _ in range(2):
        begin = time.process_time()
        answer = function(*arguments, **options)
        seconds.append(time.process_time() - begin)
    return min(seconds), answer


def flip_flops() -> None:
    print("\nAll walks of a flip-flop network along one input and along all three, CPU seconds\n")
    print(
        "| network | along | branches | events | proved | walks and events | whole call | checks |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in ("tanh", "gru", "lstm", "dale_elman", "dale_leaky"):
        system = sp.tasks.load_network(name).system
        points = sp.find_all_fixed_points(system, np.zeros(3), exhaustive=False, orbits=False)
        for way, told in ((np.eye(3)[0], "one"), (np.ones(3), "all")):
            path = sp.path(-way, way, values=[-1, 1])
            walks, _ = cpu(walked, system, points, path)
            whole, diagram = cpu(sp.follow_points, system, points, path, checks=0)
            checked, _ = cpu(sp.follow_points, system, points, path)
            proved = sum(event.is_proved for event in diagram.events)
            print(
                f"| {name} | {told} | {len(diagram)} | {len(diagram.events)} | {proved} "
                f"| {walks:.2f} | {whole:.2f} | {checked:.2f} |"
            )


def walked(system: sp.System, points: sp.FixedPoints, path: sp.Path) -> Followed:
    """Follow points, with events, but without coefficients, proofs and checks."""
    size = float(np.linalg.norm(points.xstar, axis=1).max())
    along = Along(system, path, size)
    followed = Followed(along, 2000, 100.0)
    followed.add(
        along.from_states(points.xstar, path.places(points.inputs, None)), Origin.HANDED_OVER
    )
    return followed


def against_the_recipe(n_inputs: int) -> None:
    system = sp.tasks.load_network("tanh").system
    points = sp.find_all_fixed_points(system, np.zeros(3), exhaustive=False, orbits=False)
    path = sp.path([-0.1, 0.0, 0.0], [0.1, 0.0, 0.0], values=[-0.1, 0.1])
    ours, diagram = cpu(sp.follow_points, system, points, path)
    strengths = np.linspace(-0.1, 0.1, n_inputs)
    starts = np.random.default_rng(0).uniform(-1, 1, (512, 16))
    begin, found = time.process_time(), []
    for s in strengths:
        u = np.tile([s, 0.0, 0.0], (len(starts), 1))
        adam = [Adam(1e-2, Plateau(0.95, 2), 1e-20)]
        end = solve(system.dynamics, starts, u, adam, tol=1e-12, max_steps=2000, progress=False).x
        apart = np.linalg.norm(end[:, None] - end, axis=2) < 0.1
        kept = [k for k in range(len(end)) if not apart[k, :k].any()]
        q = 0.5 * np.sum(system.residual(end[kept], u[: len(kept)]) ** 2, axis=1)
        found.append((len(kept), int((q < 1e-12).sum()), len(diagram.at(float(s)))))
    recipe = time.process_time() - begin
    every, good, true = np.array(found).T
    print(f"\nThe recipe of the field, {n_inputs} inputs, against the diagram (tanh network)\n")
    print("| | CPU s | points, all inputs | of these q < 1e-12 | true | folds |")
    print("|---|---|---|---|---|---|")
    print(
        f"| Adam and distances | {recipe:.1f} | {every.sum()} | {good.sum()} | {true.sum()} | - |"
    )
    told = f"| {true.sum()} | {true.sum()} | {true.sum()} | {len(diagram.events)} |"
    print(f"| `follow_points`, with 5 checks | {ours:.2f} {told}")
    print(f"\nratio {recipe / ours:.0f}")


def against_jaxcont(n_branches: int) -> None:
    if importlib.util.find_spec("jaxcont") is None:
        print("\nJaxCont is not installed: pip install jaxcont in this environment to compare.")
        return
    network = sp.tasks.load_network("tanh")
    cell = network.system.dynamics
    points = sp.find_all_fixed_points(network.system, np.zeros(3), exhaustive=False, orbits=False)
    path = sp.path([-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], values=[-1, 1])
    ours, diagram = cpu(sp.follow_points, network.system, points, path, checks=0)
    told = {
        "W": cell.W.tolist(),
        "b": cell.b.tolist(),
        "way": cell.B[:, 0].tolist(),
        "starts": points.xstar[:n_branches].tolist(),
    }
    run = subprocess.run(
        [sys.executable, "-c", JAXCONT],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        print(f"\nJaxCont failed: {run.stderr.splitlines()[-1]}")
        return
    theirs = json.loads(run.stdout)
    each = theirs["seconds"] / n_branches
    apart = [float(np.abs(diagram.events.parameter - s).min()) for s in theirs["folds"]]
    print(f"\nJaxCont, {n_branches} of 27 branches one way, against all of them both ways\n")
    print(
        f"JaxCont {each:.2f} CPU s a branch; `follow_points` {ours:.2f} CPU s for all: "
        f"ratio {54 * each / ours:.0f} for the same walks (extrapolated)"
    )
    print(f"its {len(apart)} folds differ from ours by at most {max(apart, default=0):.1e}")


def nodes(sizes: tuple[int, ...]) -> None:
    rows = []
    for d in sizes:
        case = networks.planted(d, 64)
        system, u = case.system, case.inputs[0]
        points = sp.find_fixed_points(system, case.states, case.inputs, rounds=0, orbits=False)
        rng = np.random.default_rng(d)
        cell = VanillaCell(system.dynamics.W, rng.standard_normal((d, 1)), system.dynamics.b)
        driven = sp.as_system(cell)
        path = sp.path([-0.2], [0.2], values=[-1, 1])
        x = points.xstar[:8]
        along = Along(driven, path, float(np.linalg.norm(x, axis=1).max()))
        z = along.from_states(x, np.zeros(len(x)))
        limits = {"max_steps": 2000, "max_norm": 100.0}
        seconds, curves = cpu(follow, along, z, np.zeros(len(z)), walk, **limits)
        n = sum(len(curve.z) for curve in curves)
        matrix = np.repeat(np.eye(d) - system.jacobian(x[:1], u), 8, axis=0)
        solving, _ = cpu(np.linalg.solve, matrix, matrix[:, :, :1])
        each, bare = 1e3 * seconds / n, 1e3 * solving / len(matrix)
        rows.append((d, 2 * len(x), n, f"{each:.2f}", f"{bare:.2f}", f"{each / bare:.1f}"))
    networks.print_table(
        "A node of a walk against a bare solve of (I - J) v = r: planted tanh networks, CPU ms",
        ("units", "walks", "nodes", "a node", "a solve", "ratio"),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer inputs, branches and units")
    quick = parser.parse_args().quick
    flip_flops()
    against_the_recipe(5 if quick else 20)
    against_jaxcont(1 if quick else 4)
    nodes((64, 128) if quick else (64, 128, 256, 512))


if __name__ == "__main__":
    main()
