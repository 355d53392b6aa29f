"""Events on their way from the worker to a stream's owner."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition

from speechtrt.errors import CapacityError, SpeechTRTError
from speechtrt.runtime.asr.events import Event, Partial

MOST_UNREAD = 1000


@dataclass(slots=True)
class Outbox:
    """A bounded queue between two threads. Nobody waits to write: an owner who never reads loses the stream."""

    notify: Callable[[], None] | None = None  # called by the worker after every change
    _events: deque[Event] = field(default_factory=deque)
    _changed: Condition = field(default_factory=Condition)
    _closed: bool = False
    _error: SpeechTRTError | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will be put."""
        return self._closed

    def put(self, event: Event) -> None:
        """Append an event; a partial replaces the partial before it. One too many closes it with a CapacityError."""
        with self._changed:
            if self._closed:
                return
            if self._events and isinstance(event, Partial) and isinstance(self._events[-1], Partial):
                self._events[-1] = event
                return
            if len(self._events) < MOST_UNREAD:
                self._events.append(event)
            else:
                self._closed, self._error = True, _unread()
            self._changed.notify_all()
        self.tell()

    def close(self, error: SpeechTRTError | None = None) -> None:
        """Nothing more comes; with an error, whoever has read everything gets it. Only the first call counts."""
        with self._changed:
            if not self._closed:
                self._closed, self._error = True, error
                self._changed.notify_all()
        self.tell()

    def get(self, timeout: float | None = None) -> Event | None:
        """The oldest unread event; None when the stream is over, or none came in `timeout` seconds.

        Raises the error that ended the stream.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._closed, timeout)
            if self._events:
                return self._events.popleft()
            self.expect_no_error()
            return None

    def drain(self) -> list[Event]:
        """All unread events. Raises the error that ended the stream when there are none."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            if not events:
                self.expect_no_error()
            return events

    def expect_no_error(self) -> None:
        """Raises the error that ended the stream, if one did."""
        if self._error:
            raise self._error

    def tell(self) -> None:
        """Wake an owner who does not wait in `get`."""
        if self.notify:
            self.notify()


def _unread() -> CapacityError:
    return CapacityError(
        f"{MOST_UNREAD} events of the stream are unread; expected its owner to read them while it sends"
    )
