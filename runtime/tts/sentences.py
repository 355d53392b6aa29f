"""Long text in pieces that a model can speak at once."""

import re
from collections.abc import Callable

SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[.!?][\"')\]])\s+")
CLAUSE_END = re.compile(r"(?<=[,;:])\s+")
MOST_BALANCED = 8  # pieces; more are even enough
WORD_END = re.compile(r"\s+")


def split_sentences(text: str, fits: Callable[[str], bool]) -> list[str]:
    """`text` by sentence; one that does not fit by clause, then by word, as many together as fit."""
    return [
        piece for sentence in SENTENCE_END.split(text) for piece in _fitting(sentence, fits, (CLAUSE_END, WORD_END))
    ]


def _fitting(text: str, fits: Callable[[str], bool], ends: tuple[re.Pattern[str], ...]) -> list[str]:
    if fits(text):
        return [text]
    if not ends:
        return _halves(text, fits)
    parts = [piece for part in ends[0].split(text) for piece in _fitting(part, fits, ends[1:])]
    return _packed(parts, fits)


def _packed(parts: list[str], fits: Callable[[str], bool]) -> list[str]:
    """As few pieces as possible, of about the same length: a last word alone would be spoken like a sentence."""
    packed = _filled(parts, fits)
    even = sum(map(len, parts)) / len(packed)
    if 1 < len(packed) <= MOST_BALANCED:
        for slack in (1.05, 1.2, 1.4, 1.6, 1.8):
            balanced = _filled(parts, lambda text, most=even * slack: len(text) <= most and fits(text))  # type: ignore[misc]
            if len(balanced) == len(packed):
                return balanced
    return packed


def _filled(parts: list[str], fits: Callable[[str], bool]) -> list[str]:
    filled: list[str] = []
    for part in parts:
        if filled and fits(f"{filled[-1]} {part}"):
            filled[-1] = f"{filled[-1]} {part}"
        else:
            filled.append(part)
    return filled


def _halves(word: str, fits: Callable[[str], bool]) -> list[str]:
    """A word without end is cut in the middle until its pieces fit."""
    if fits(word) or len(word) < 2:
        return [word]
    middle = len(word) // 2
    return [*_halves(word[:middle], fits), *_halves(word[middle:], fits)]
