"""What one system got wrong in one utterance."""

from dataclasses import dataclass
from typing import Self

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

    @property
    def errors(self) -> int:
        """Of all kinds."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Errors per token; per one token where there is none."""
        return self.errors / max(1, self.tokens)
