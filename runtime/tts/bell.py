"""Tells the thread that steps a pipeline that something beside its own steps has happened."""

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bell:
    """Anybody rings; one thread waits for it or, where it has work to do, asks in passing."""

    _rung: bool = False
    _awake: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        """End `wait`, and be noticed by `answer`."""
        self._rung = True
        self._awake.set()

    def answer(self) -> bool:
        """Whether it has rung since the last time; what it rang for is to be looked at after this."""
        rung, self._rung = self._rung, False
        return rung

    def wait(self, seconds: float | None) -> None:
        """Sleep so long, or until it rings (None: as long as it takes); not at all if it has since the last time."""
        self._awake.wait(seconds)
        self._awake.clear()
