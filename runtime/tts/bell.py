"""Tells the thread that steps a pipeline that something beside its own steps has happened."""

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bell:
    """Anybody rings or wakes; one thread sleeps and, where it has work to do, asks in passing whether it has rung.

    `called` says that somebody has done either since it was last set back.
    """

    called: bool = False
    _rung: bool = False
    _awake: threading.Event = field(default_factory=threading.Event)

    def ring(self) -> None:
        """End `sleep`, and be noticed by `answer`."""
        self._rung = True
        self.wake()

    def wake(self) -> None:
        """End `sleep`."""
        self.called = True
        self._awake.set()

    def answer(self) -> bool:
        """Whether it has rung since the last time; what it rang for is to be looked at after this."""
        rung, self._rung = self._rung, False
        return rung

    def sleep(self, seconds: float | None) -> None:
        """For so long (None: for ever), or until somebody rings or wakes; not at all if one has since the last time."""
        self._awake.wait(seconds)
        self._awake.clear()
