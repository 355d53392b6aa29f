"""What one system got wrong in one utterance."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

from rapidfuzz.distance import Levenshtein

from speechtrt.benchmarks.statistics.alignment import Alignment


@dataclass(frozen=True, slots=True)
class UtteranceErrors:
    """Counts over the words, or the characters, of one utterance of `speaker`."""

    utterance: str
    speaker: str
    substitutions: int
    deletions: int
    insertions: int
    tokens: int

    @classmethod
    def of(cls, utterance: str, speaker: str, alignment: Alignment) -> Self:
        """Count an alignment."""
        a = alignment
        return cls(utterance, speaker, a.substitutions, a.deletions, a.insertions, a.tokens)

    @classmethod
    def of_characters(cls, utterance: str, speaker: str, reference: str, hypothesis: str) -> Self:
        """Count the fewest edits that turn one text into the other, as every toolkit counts CER."""
        edits = Counter(edit.tag for edit in Levenshtein.editops(reference, hypothesis))
        return cls(utterance, speaker, edits["replace"], edits["delete"], edits["insert"], len(reference))

    @property
    def errors(self) -> int:
        """Of all kinds."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per token; per one token where there is none."""
        return self.errors / max(1, self.tokens)
