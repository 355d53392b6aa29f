"""Word and character error rates: edits over the length of the references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Edits (insertions, deletions, substitutions) and the number of reference tokens."""

    edits: int = 0
    tokens: int = 0

    def __add__(self, other: "ErrorCount") -> "ErrorCount":
        return ErrorCount(self.edits + other.edits, self.tokens + other.tokens)

    @property
    def rate(self) -> float:
        """Edits per reference token."""
        return self.edits / max(1, self.tokens)


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Levenshtein distance of two sequences."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, found in enumerate(hypothesis, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != found))
    return row[-1]


def word_errors(pairs: Iterable[tuple[str, str]]) -> ErrorCount:
    """Word errors of (reference, hypothesis) pairs."""
    return _count((reference.split(), hypothesis.split()) for reference, hypothesis in pairs)


def character_errors(pairs: Iterable[tuple[str, str]]) -> ErrorCount:
    """Character errors of (reference, hypothesis) pairs, spaces included."""
    return _count((list(reference), list(hypothesis)) for reference, hypothesis in pairs)


def _count(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> ErrorCount:
    counts = (ErrorCount(edit_distance(reference, found), len(reference)) for reference, found in pairs)
    return sum(counts, ErrorCount())
