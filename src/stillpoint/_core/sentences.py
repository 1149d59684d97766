"""Outcomes that say in words what they mean."""

from __future__ import annotations

from enum import IntEnum

from .values import read_json


class SentenceEnum(IntEnum):
    """Whole numbers, as files hold them, each with the sentence that people read.

    Examples
    --------
    >>> class Answer(SentenceEnum):
    ...     NO = 0, "it is not so"
    >>> Answer(0).sentence, int(Answer.NO)
    ('it is not so', 0)
    """

    #: What happened, in words.
    sentence: str

    def __new__(cls, value: int, sentence: str = "") -> SentenceEnum:
        member = int.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    def to_plain(self) -> int:
        """Return the number, which JSON can hold."""
        return int(self)

    @classmethod
    def from_plain(cls, number: int) -> SentenceEnum:
        """Return the member with a number."""
        return cls(read_json(number, int))
