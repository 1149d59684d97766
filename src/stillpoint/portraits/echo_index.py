"""How many responses a driven network has to one input sequence, whatever state it begins in.

Under a given sequence the orbits from many states come together to a few: its attracting
responses, whose number is the echo index (Ceni, Ashwin, Livi and Postlethwaite 2020). With one the
network forgets where it began, as an echo state network should; a stronger input often does that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import to_numpy
from .._core.display import Column, Display
from .._core.grouping import group
from .._core.record import Record, column, plain
from .._core.validation import check_whole, read_floats, read_seed, read_states
from .._core.values import Domain
from ..dynamics.simulate import stepper
from ..errors import ArgumentError
from ..search.options import provenance
from ..search.samplers import random_states
from ..system import System, check_system
from ..system_info import SystemInfo

# Relative to max(1, |x|): ends nearer than this are one response; at half time a copy of each orbit
# is pushed by so much, and the response attracts if that has shrunk by this factor at the end.
_ONE = 1e-6
_PUSH = 1e-4
_SHRUNK = 0.1


@final
@dataclass(frozen=True, eq=False, repr=False)
class EchoIndex(Record):
    """The number of responses at each strength of an input; made by `echo_index`. Estimates.

    Attributes
    ----------
    amplitude
        What the input sequence was multiplied by, ascending, shape (a,).
    index
        How many attracting responses orbits came to.
    open_share
        The share of orbits whose response did not attract in the time there was; where it is
        above zero the index says little.
    exponent
        The largest of the conditional exponents of the responses, per step: how fast small
        deviations grew in the second half of the sequence; minus infinity where none is left.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "amplitude"

    amplitude: Float[np.ndarray, " a"] = column(
        "amplitude", long_name="factor of the input", domain=Domain(finite=True)
    )
    index: Int[np.ndarray, " a"] = column(
        "amplitude", long_name="attracting responses", domain=Domain(least=0)
    )
    open_share: Float[np.ndarray, " a"] = column(
        "amplitude", long_name="share of orbits at none", domain=Domain(least=0, most=1)
    )
    exponent: Float[np.ndarray, " a"] = column(
        "amplitude", long_name="largest conditional exponent", domain=Domain(missing=True)
    )
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.amplitude)

    @property
    def threshold(self) -> tuple[float, float] | None:
        """Between which two amplitudes the index drops to one for good; None if it does not.

        Minus infinity and the first where it is one throughout.
        """
        is_one = (self.index == 1) & (self.open_share == 0)
        if not is_one[-1:].any():
            return None
        first = int(len(self) - np.logical_and.accumulate(is_one[::-1]).sum())
        below = self.amplitude[first - 1] if first else -np.inf
        return float(below), float(self.amplitude[first])

    @property
    def verdict(self) -> str:
        """What was seen, in a sentence."""
        if (ends := self.threshold) is None:
            return "the network does not come to one response at the strongest of these inputs"
        if ends[0] == -np.inf:
            return "one response at all of these inputs: where the network began does not matter"
        return f"one response from an amplitude between {ends[0]:g} and {ends[1]:g} on"

    def _display(self) -> Display:
        columns = [
            Column("amplitude", [f"{value:g}" for value in self.amplitude], 10),
            Column("responses", [str(count) for count in self.index], 9),
            Column("open", [f"{share:.3f}" for share in self.open_share], 6),
            Column("exponent", [f"{value:+.4f}" for value in self.exponent], 9),
        ]
        return Display("echo index (estimated)", columns, [self.verdict], self.provenance)

    def _contradictions(self) -> Iterator[str]:
        if (np.diff(self.amplitude) <= 0).any():
            yield "amplitude: they do not ascend"


@np.errstate(all="ignore")
def echo_index(
    system: System,
    inputs: Any,
    amplitudes: Any = (1.0,),
    *,
    starts: Any = None,
    n_starts: int = 256,
    seed: int = 0,
) -> EchoIndex:
    """Count the responses of a network to an input sequence, at several strengths of it.

    Orbits from many states are driven by the same sequence; those that come together have one
    response. It attracts if a small push at half time has shrunk at the end.

    Parameters
    ----------
    system
        A map, or a flow with `dt`.
    inputs
        The sequence, shape (t, m). It should be much longer than the network remembers.
    amplitudes
        What the sequence is multiplied by, one number or several.
    starts
        States where orbits begin, shape (n, d); random ones of the box that holds all fixed points
        under the first input if left out.
    n_starts
        How many random states.
    seed
        Of random states and pushes.

    Returns
    -------
    EchoIndex
        One row for each amplitude; `threshold` says where the index drops to one.

    Raises
    ------
    ArgumentError
        If an argument does not fit.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> memory = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
    >>> wave = np.cos(np.arange(200.0) / 3)[:, None]
    >>> sp.echo_index(memory, wave, [0.1, 2.0]).index.tolist()
    [2, 1]
    """
    check_system(system)
    if system.kind == "flow" and system.dt is None:
        raise ArgumentError("system: a flow needs a step; give one: as_system(..., dt=...).")
    sequence, m = read_floats("inputs", inputs), system.input_size
    if sequence.ndim != 2 or sequence.shape[1] != m or len(sequence) < 2:
        raise ArgumentError(
            f"inputs: got shape {sequence.shape}, but (t, {m}) is wanted, with two steps or more."
        )
    factors = np.unique(read_floats("amplitudes", amplitudes))
    if not len(factors):
        raise ArgumentError("amplitudes: there is none; one at least is wanted.")
    n_starts = check_whole("n_starts", n_starts, least=2)
    rng = np.random.default_rng(read_seed("seed", seed))
    given = None if starts is None else read_states("starts", starts, system.state_size)
    if given is not None and not len(given):
        raise ArgumentError("starts: there is no state; one at least is wanted.")
    rows, x = [], given
    for factor in factors:
        if given is None:
            x = random_states(system, factor * sequence[0], rng, n_starts)
        rows.append(_responses(system, x, factor * sequence, rng))
    index, left, exponent = zip(*rows, strict=True)
    return EchoIndex(
        amplitude=factors,
        index=np.array(index, dtype=np.int64),
        open_share=np.array(left, dtype=float),
        exponent=np.array(exponent, dtype=float),
        system=system.info,
        provenance=provenance("echo_index", system, sequence, n_starts=n_starts, seed=seed),
    )


def _responses(
    system: System, x: Any, sequence: Float[np.ndarray, "t m"], rng: np.random.Generator
) -> tuple[int, float, float]:
    """Return how many responses attract, the share of orbits at none, and the largest exponent."""
    half, n = len(sequence) // 2, len(x)
    x = _driven(system, x, sequence[:half])
    size = np.maximum(1.0, np.abs(x).max(axis=1))
    push = rng.standard_normal(x.shape)
    push *= _PUSH * (size / np.linalg.norm(push, axis=1))[:, None]
    end, pushed = np.split(_driven(system, np.concatenate([x, x + push]), sequence[half:]), 2)
    shrunk = np.linalg.norm(pushed - end, axis=1) / (_PUSH * size)
    attracts = shrunk < _SHRUNK
    responses = group(end[attracts] / size[attracts, None], _ONE)
    growth = np.log(shrunk.max(initial=0.0)) / (len(sequence) - half)
    return len(np.unique(responses)), float(1 - attracts.sum() / n), float(growth)


def _driven(
    system: System, x: Float[np.ndarray, "n d"], sequence: Float[np.ndarray, "t m"]
) -> Float[np.ndarray, "n d"]:
    """Return the states after a sequence that is the same for all."""
    asarray, step = system.dynamics.arrays.asarray, stepper(system.dynamics, system.dt or 1.0)
    state = asarray(x)
    for u in sequence:
        state = step(state, asarray(np.tile(u, (len(x), 1))))
    return to_numpy(state).astype(np.float64)
