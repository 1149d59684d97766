"""Whether two finite machines do the same, by walking through both at once.

Pairs of states that the same word leads to are visited in the order of its length (Hopcroft and
Karp 1971), so the first pair that is told apart gives a shortest word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

#: Stands in a table where a pulse leads to no memory.
NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Machine:
    """A table of transitions, shape (s, p), what is put out in each state, and what is proved.

    Of one that `is_partial` an entry `NOWHERE` says that anything may come: a task does not ask for
    more. Others lead to no state there.
    """

    table: Int[np.ndarray, "s p"]
    outputs: Float[np.ndarray, "s k"]
    proved: Bool[np.ndarray, "s p"]
    is_partial: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class MachineComparison:
    """Whether two machines do the same; made by `Automaton.compare`.

    Attributes
    ----------
    is_equal
        Whether no word tells them apart.
    word
        The shortest one that does, as rows of `pulses` of the first machine; None if none does.
    pairs
        Memories that the same words lead to, in the order in which they were met, shape (j, 2).
    evidence
        "proved" where all transitions on the way are, else "decided".
    """

    is_equal: bool
    word: tuple[int, ...] | None
    pairs: Int[np.ndarray, "j 2"]
    evidence: str

    def __bool__(self) -> bool:
        return self.is_equal

    @property
    def sentence(self) -> str:
        """The result in words."""
        if self.is_equal:
            return f"equal up to the names of memories ({self.evidence})"
        if not self.word:
            return "no memory of the other has the outputs of the first"
        return f"they differ after pulses {', '.join(map(str, self.word))}"

    def __repr__(self) -> str:
        return f"MachineComparison: {self.sentence}"


def compare_machines(
    one: Machine, other: Machine, pair: tuple[int, int] | None, tolerance: float
) -> MachineComparison:
    """Return whether two machines with the same letters do the same from a pair of states.

    Without a pair the first state of one is tried with each of the other, or each with the first of
    a partial one, and the comparison comes back in which they are equal, or else agree longest.

    Examples
    --------
    >>> flip = Machine(np.array([[1], [0]]), np.zeros((2, 0)), np.ones((2, 1), dtype=bool))
    >>> stay = Machine(np.array([[0], [1]]), np.zeros((2, 0)), np.ones((2, 1), dtype=bool))
    >>> compare_machines(flip, stay, None, 0.5).word
    (0,)
    """
    if pair is not None:
        pairs = [pair]
    elif other.is_partial:  # which begins at its first state
        pairs = [(begin, 0) for begin in range(len(one.table))]
    else:
        pairs = [(0, end) for end in range(len(other.table))]
    walks = [_walk(one, other, start, tolerance) for start in pairs]
    return max(walks, key=lambda walk: np.inf if walk.word is None else len(walk.word))


def _walk(
    one: Machine, other: Machine, start: tuple[int, int], tolerance: float
) -> MachineComparison:
    words: dict[tuple[int, int], tuple[int, ...]] = {}
    waiting: deque[tuple[tuple[int, int], tuple[int, ...]]] = deque([(start, ())])
    is_proved = True
    while waiting:
        pair, word = waiting.popleft()
        if pair in words:
            continue
        if _apart(one, other, pair, words, tolerance):
            return MachineComparison(False, word, np.array([*words, pair]), "decided")
        words[pair] = word
        if NOWHERE in pair:
            continue
        a, b = pair
        ends = zip(one.table[a].tolist(), other.table[b].tolist(), strict=True)
        for letter, end in enumerate(ends):
            if not _is_free(one, other, end):
                is_proved &= bool(one.proved[a, letter] and other.proved[b, letter])
                waiting.append((end, (*word, letter)))
    evidence = "proved" if is_proved else "decided"
    return MachineComparison(True, None, np.array(list(words)), evidence)


def _is_free(one: Machine, other: Machine, pair: tuple[int, int]) -> bool:
    """Return whether one of two machines leaves open where it is, so that the other may be."""
    several = zip((one, other), pair, strict=True)
    return any(machine.is_partial and state == NOWHERE for machine, state in several)


def _apart(
    one: Machine,
    other: Machine,
    pair: tuple[int, int],
    met: Iterable[tuple[int, int]],
    tolerance: float,
) -> bool:
    """Return whether a pair of states is told apart, given those that were met before."""
    a, b = pair
    if NOWHERE in pair:
        return a != b
    if one.outputs.shape[1] and other.outputs.shape[1]:
        return bool((np.abs(one.outputs[a] - other.outputs[b]) > tolerance).any())
    return any((a == c) != (b == e) for c, e in met)
