"""When the audio of a live stream came, hence how late its words are."""

import time
from collections import deque
from dataclasses import dataclass, field

from speechtrt.runtime.serving.core.metrics import Metrics, labels
from speechtrt.runtime.serving.core.ports import ModelCard


@dataclass(slots=True)
class Arrivals:
    """Counts the latencies of one stream of a model; its audio is counted in seconds from its start."""

    metrics: Metrics
    card: ModelCard
    _came: deque[tuple[float, float]] = field(default_factory=deque)  # seconds of audio, and when they came
    _opened: float = field(default_factory=time.monotonic)
    _ended: float | None = None
    _begun: bool = False

    def came(self, seconds: float) -> None:
        """There is audio up to `seconds` now."""
        self._came.append((seconds, time.monotonic()))

    def ended(self) -> None:
        """There will be no more."""
        self._ended = time.monotonic()

    def heard(self, seconds: float) -> None:
        """Words have come that were heard in the audio up to `seconds`."""
        now = time.monotonic()
        if not self._begun:
            self._begun = True
            self.metrics.first_words(self.card, now - self._opened)
        while len(self._came) > 1 and self._came[0][0] < seconds:
            self._came.popleft()
        if self._came:
            self.metrics.words(self.card, now - self._came[0][1])

    def finished(self) -> None:
        """The last words have come."""
        if self._ended is not None:
            self.metrics.last_words(self.card, time.monotonic() - self._ended)

    def dropped(self, seconds: float) -> None:
        """So much audio was left unheard."""
        self.metrics.dropped.labels(*labels(self.card)).inc(seconds)
