"""Whole stories on real networks: `stillpoint demo flip-flop` and `stillpoint demo decision`."""

from __future__ import annotations

import argparse

from ..demos import decision, decision_figure, flip_flop
from ..tasks import FlipFlop


def flip_flop_demo(options: argparse.Namespace) -> int:
    """Find every fixed point of a flip-flop network; count, classify and draw them."""
    cell, bits, units, out = options.cell, options.bits, options.units, options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.train:
        print(f"training {cell}, {bits} bits, {units} units ...")
    network, origin = flip_flop.network_for(cell, bits, units, options.train, out)
    system = flip_flop.system_for(network, options.framework)
    task = FlipFlop(bits=bits)
    story = flip_flop.tell(network, system, task)
    points, few = story.everything, story.from_trajectories
    print(f"{bits}-bit flip-flop, {cell}, {units} units ({origin}), {options.framework} path")
    print(f"task accuracy: {story.accuracy:.4f}\n")
    print(f"{len(few.starts)} starts on trajectories alone:\n  {few.census().verdict}\n")
    if story.is_proved:
        print(f"an exhaustive search:\n  {points.census().verdict}\n")
    else:
        print(f"{len(points.starts)} starts from many sources:")
        print(f"  {points.census().verdict}\n{points.starts.discoveries_told}\n")
    if not len(points):
        print("  nothing to classify: train longer, or another network\n")
        return 0
    print(f"  {'kind':<12}{'points':>8}{'index sum':>11}{'fewest hits':>13}{'proved':>8}")
    for row in flip_flop.census_table(points):
        print(
            f"  {row.kind:<12}{row.points:>8}{row.index_sum:>+11}{row.fewest_hits:>13}"
            f"{row.proved:>8}"
        )
    print(f"  {flip_flop.summary(points)}")
    coverage = f"coverage {points.census().tallies[0].coverage:.4f}, "
    print(f"  {'' if story.is_proved else coverage}largest q {points.q.max():.1e}\n")
    print("the stable points read out:")
    for corner in sorted(map(tuple, story.corners.astype(int).tolist()), reverse=True):
        print("  " + " ".join(f"{sign:+d}" for sign in corner))
    distinct = len({tuple(corner) for corner in story.corners})
    print(f"  {distinct} of the {2**bits} corners\n")
    print("between the points:")
    for line in flip_flop.between(story, task):
        print(f"  {line}")
    print()
    figure = flip_flop.draw(story, out / f"flip_flop_{cell}.png")
    results = points.save(out / f"flip_flop_{cell}.nc")
    print(f"figure:  {figure}\nresults: {results}  (stillpoint.load reads it)")
    return 0


def decision_demo(options: argparse.Namespace) -> int:
    """Take a perceptual decision network apart: fixed points, ghosts, the slow line."""
    alpha, out = options.alpha, options.out
    out.mkdir(parents=True, exist_ok=True)
    task = decision.task_for(alpha)
    network, origin = decision.network_for(alpha, options.train, options.epochs, options.seed, out)
    story = decision.tell(network, task)
    print(f"perceptual decision, 64 rectified units, alpha {alpha:g} ({origin})")
    print(f"accuracy at the decision: {story.accuracy:.3f} (an ideal observer: 0.896)\n")
    print(f"from the {len(story.neutral.slow.starts)} states of 100 trials:")
    for line in decision.table(story):
        print(f"  {line}")
    for line in ["", *decision.along_evidence(story)]:
        print(line)
    under = story.neutral
    print(f"\nwithout evidence:\n{under.slow!r}")
    for line in [*decision.time_constants(under, task), *decision.between_choices(under), ""]:
        print(line)
    if under.line is None:
        print(f"no slow line: {under.why_none}\n")
    else:
        print(f"{under.line!r}")
        gains = under.line.input_gain[under.line.origin, 0]
        told = ", ".join(f"{gain:+.2f}" for gain in gains)
        print(f"selection vector on fixation, channel 1, channel 2: {told}")
        print(
            f"states under stimulus lie at a median distance of {story.distance:.1f} from the line "
            f"(its length is {under.line.extent:.1f})\n"
        )
    figure = decision_figure.draw(story, network, out / "decision.png")
    results = under.slow.save(out / "decision.nc")
    print(f"figure:  {figure}\nresults: {results}  (stillpoint.load reads it)")
    return 0
