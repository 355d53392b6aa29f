"""One stream inside a lane: its audio on the way to the encoder, and its session behind it."""

from dataclasses import dataclass
from enum import Enum
from math import inf, isfinite
from threading import Condition

from speechtrt.audio import Samples
from speechtrt.errors import AudioError, BackendError
from speechtrt.runtime.asr.decoding.base import Frames
from speechtrt.runtime.asr.events import Dropped
from speechtrt.runtime.asr.outbox import Outbox
from speechtrt.runtime.asr.session import Session
from speechtrt.runtime.asr.windows import WindowCutter


class StreamState(Enum):
    """OPEN takes audio, ENDED only gives events, CLOSED does neither."""

    OPEN = "open"
    ENDED = "ended"
    CLOSED = "closed"


@dataclass(slots=True, eq=False)
class Channel:
    """Guarded by its lane's lock, except `session`, which the lane's own thread uses alone.

    `limit` is how many seconds of audio may wait; a recording has no limit, and comes after live streams. `since` is
    when the next window became complete or came to be next.
    """

    session: Session
    cutter: WindowCutter
    outbox: Outbox
    room: Condition
    limit: float
    state: StreamState = StreamState.OPEN
    queued: bool = False
    at_work: bool = False
    since: float = 0.0
    narrow: bool = False
    seconds: float = 0.0  # of audio that came in, known when it has ended
    _dropped: int = 0

    @property
    def full(self) -> bool:
        """Whether more audio must wait outside."""
        return self.cutter.seconds > self.limit

    @property
    def live(self) -> bool:
        """Whether somebody waits for every chunk."""
        return self.limit < inf

    @property
    def ready(self) -> bool:
        """Whether the encoder has a window to work on."""
        return self.state is not StreamState.CLOSED and self.cutter.ready

    @property
    def heard(self) -> bool:
        """Whether nothing that came in can be heard any further."""
        return self.state is StreamState.CLOSED or not (self.queued or self.at_work or self.cutter.ready)

    @property
    def finished(self) -> bool:
        """Whether everything that came in has been heard, and no more will come."""
        return self.state is StreamState.ENDED and not self.cutter.ready

    @property
    def open(self) -> bool:
        """Whether the stream takes audio."""
        return self.state is StreamState.OPEN

    def expect_open(self) -> None:
        """Raises the error that ended the stream, or AudioError when it was ended by its owner."""
        if not self.open:
            self.outbox.expect_no_error()
            raise AudioError(f"the stream is {self.state.value}; expected an open one, so start another")

    def drop(self, keep: float) -> None:
        """Forget the oldest audio in whole encoder frames, but for the last `keep` seconds."""
        spare = (self.cutter.seconds - keep) / self.session.frame_seconds
        if spare >= 1:
            self._dropped += self.cutter.drop(int(spare))

    def hear(self, frames: Frames, narrow: bool) -> None:
        """Decode the encoder's answer, with less work if `narrow`. In the lane's thread.

        Raises BackendError for NaN or infinity.
        """
        if not isfinite(sum(frames.best)):  # the best label is the first NaN, where there is one
            raise BackendError("the engine gives NaN or infinity for this stream; open it again, validate the engines")
        if narrow is not self.narrow:
            self.narrow = narrow
            self.session.decoder.narrow(narrow)
        self.session.hear(frames)

    def take(self, row: Samples) -> int:
        """Write the next window into `row`; samples in it. In the lane's thread, after the window before was heard."""
        if self._dropped:
            start, seconds = self.session.seconds, round(self._dropped * self.session.frame_seconds, 3)
            self.session.skip(self._dropped)
            self._dropped = 0
            self.session.emit(Dropped(start, seconds))
        was_full, samples = self.full, self.cutter.take(row)
        if was_full and not self.full:
            self.room.notify_all()
            self.outbox.tell()
        return samples
