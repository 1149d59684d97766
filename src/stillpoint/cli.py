"""The command line: `stillpoint demo flip-flop` and `stillpoint demo decision`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .demos import decision, decision_figure, flip_flop
from .errors import StillpointError
from .tasks import FlipFlop

app = typer.Typer(
    help="Find, count and explain the fixed points of recurrent networks.",
    no_args_is_help=True,
    add_completion=False,
)
demo = typer.Typer(help="Whole stories on real networks.", no_args_is_help=True)
app.add_typer(demo, name="demo")


@app.callback()
def main() -> None:
    """Keep `demo` a command of its own."""


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Turn what a user can mend into one line and exit code 2."""
    try:
        yield
    except (StillpointError, OSError) as error:
        typer.secho(f"error: {error}", fg=typer.colors.RED, err=True)
        raise typer.Exit(2) from None


@demo.command("flip-flop")
@_told_in_one_line()
def demo_flip_flop(
    cell: Annotated[str, typer.Option(help="tanh, gru or lstm")] = "tanh",
    framework: Annotated[str, typer.Option(help="numpy or torch")] = "numpy",
    bits: Annotated[int, typer.Option(help="memory channels")] = 3,
    units: Annotated[int, typer.Option(help="units of the network")] = 16,
    train: Annotated[bool, typer.Option("--train", help="train a new network (torch)")] = False,
    out: Annotated[Path, typer.Option(help="folder for the figure and the results")] = Path("out"),
) -> None:
    """Find every fixed point of a flip-flop network; count, classify and draw them."""
    out.mkdir(parents=True, exist_ok=True)
    if train:
        typer.echo(f"training {cell}, {bits} bits, {units} units ...")
    network, origin = flip_flop.network_for(cell, bits, units, train, out)
    system = flip_flop.system_for(network, framework)
    task = FlipFlop(bits=bits)
    story = flip_flop.tell(network, system, task)
    points, few = story.everything, story.from_trajectories
    typer.echo(f"{bits}-bit flip-flop, {cell}, {units} units ({origin}), {framework} path")
    typer.echo(f"task accuracy: {story.accuracy:.4f}\n")
    typer.echo(f"{len(few.starts)} starts on trajectories alone:\n  {few.census().verdict}\n")
    typer.echo(f"{len(points.starts)} starts from many sources:")
    typer.echo(f"  {points.census().verdict}\n{points.starts.discoveries_told}\n")
    if not len(points):
        typer.echo("  nothing to classify: train longer, or another network\n")
        return
    typer.echo(f"  {'kind':<12}{'points':>8}{'index sum':>11}{'fewest hits':>13}{'proved':>8}")
    for row in flip_flop.census_table(points):
        typer.echo(
            f"  {row.kind:<12}{row.points:>8}{row.index_sum:>+11}{row.fewest_hits:>13}"
            f"{row.proved:>8}"
        )
    typer.echo(f"  {flip_flop.summary(points)}")
    tally = points.census().tallies[0]
    typer.echo(f"  coverage {tally.coverage:.4f}, largest q {points.q.max():.1e}\n")
    typer.echo("the stable points read out:")
    for corner in sorted(map(tuple, story.corners.astype(int).tolist()), reverse=True):
        typer.echo("  " + " ".join(f"{sign:+d}" for sign in corner))
    distinct = len({tuple(corner) for corner in story.corners})
    typer.echo(f"  {distinct} of the {2**bits} corners\n")
    figure = flip_flop.draw(story, out / f"flip_flop_{cell}.png")
    results = points.save(out / f"flip_flop_{cell}.nc")
    typer.echo(f"figure:  {figure}\nresults: {results}  (stillpoint.load reads it)")


@demo.command("decision")
@_told_in_one_line()
def demo_decision(
    train: Annotated[bool, typer.Option("--train", help="train a new network (torch)")] = False,
    alpha: Annotated[float, typer.Option(help="step over time constant, with --train")] = 1.0,
    epochs: Annotated[
        int | None, typer.Option(help="of 64 batches of 16 trials, with --train; 20 by default")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the network, with --train")] = 4,
    out: Annotated[Path, typer.Option(help="folder for the figure and the results")] = Path("out"),
) -> None:
    """Take a perceptual decision network apart: fixed points, ghosts, the slow line."""
    out.mkdir(parents=True, exist_ok=True)
    task = decision.task_for(alpha)
    network, origin = decision.network_for(alpha, train, epochs, seed, out)
    story = decision.tell(network, task)
    typer.echo(f"perceptual decision, 64 rectified units, alpha {alpha:g} ({origin})")
    typer.echo(f"accuracy at the decision: {story.accuracy:.3f} (an ideal observer: 0.896)\n")
    typer.echo(f"from the {len(story.neutral.slow.starts)} states of 100 trials:")
    for line in decision.table(story):
        typer.echo(f"  {line}")
    under = story.neutral
    typer.echo(f"\nwithout evidence:\n{under.slow!r}")
    for line in [*decision.time_constants(under, task), ""]:
        typer.echo(line)
    if under.line is None:
        typer.echo(f"no slow line: {under.why_none}\n")
    else:
        typer.echo(f"{under.line!r}")
        gains = under.line.input_gain[under.line.origin, 0]
        told = ", ".join(f"{gain:+.2f}" for gain in gains)
        typer.echo(f"selection vector on fixation, channel 1, channel 2: {told}")
        typer.echo(
            f"states under stimulus lie at a median distance of {story.distance:.1f} from the line "
            f"(its length is {under.line.extent:.1f})\n"
        )
    figure = decision_figure.draw(story, network, out / "decision.png")
    results = under.slow.save(out / "decision.nc")
    typer.echo(f"figure:  {figure}\nresults: {results}  (stillpoint.load reads it)")
