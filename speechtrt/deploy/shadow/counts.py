"""Words said and words misheard, by dialect and by track of a rollout."""

from dataclasses import dataclass, field
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter

from speechtrt.models.word_errors import ErrorCount


class Track(StrEnum):
    """Which of the two versions."""

    STABLE = "stable"
    CANARY = "canary"


@dataclass(slots=True)
class Counts:
    """Counters for Prometheus."""

    dialects: tuple[str, ...]
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    words: Counter = field(init=False)
    errors: Counter = field(init=False)
    failures: Counter = field(init=False)

    def __post_init__(self) -> None:
        self.words = self._counter("words", "Words said in shadow recordings", ("track", "dialect"))
        self.errors = self._counter("word_errors", "Word errors in shadow recordings", ("track", "dialect"))
        self.failures = self._counter("failures", "Shadow requests without an answer", ("track",))
        for track in Track:
            self.failures.labels(track)
            for dialect in self.dialects:
                self.count(track, dialect, ErrorCount())

    def count(self, track: Track, dialect: str, found: ErrorCount) -> None:
        """Add what one recording gave."""
        self.words.labels(track, dialect).inc(found.tokens)
        self.errors.labels(track, dialect).inc(found.edits)

    def _counter(self, name: str, text: str, labels: tuple[str, ...]) -> Counter:
        return Counter(f"speechtrt_shadow_{name}", text, labels, registry=self.registry)
