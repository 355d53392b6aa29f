"""A live stream as its owner sees it, from any thread."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from speechtrt.closing import Closing
from speechtrt.runtime.asr.channel import Channel, StreamState
from speechtrt.runtime.asr.events import Event
from speechtrt.runtime.asr.intake import Intake, Pcm
from speechtrt.runtime.asr.lane import Lane


@dataclass(frozen=True, slots=True)
class Stream(Closing):
    """Audio goes in by `accept` and `end`, events come out by `next`, `poll` or iteration.

    Every method may be called from any thread. A stream that is not read keeps at most 1000 events.
    """

    lane: Lane
    channel: Channel
    intake: Intake
    _sending: Lock = field(default_factory=Lock)

    @property
    def state(self) -> StreamState:
        """Whether the stream takes audio."""
        return self.channel.state

    @property
    def backlog(self) -> float:
        """Seconds of audio that wait to be heard."""
        return self.channel.cutter.seconds

    @property
    def full(self) -> bool:
        """Whether `accept` would wait."""
        return self.channel.full

    def accept(self, pcm: Pcm, rate: int, timeout: float | None = None) -> None:
        """Append audio at `rate` Hz: bytes of the stream's encoding, cut anywhere, or float or int16 samples [n].

        Waits while the stream is full, at most `timeout` seconds. Raises AudioError for bad audio or a stream that has
        ended, CapacityError after the timeout; then nothing, or a whole number of seconds of `pcm`, was taken.
        """
        with self._sending:
            for piece in pieces(pcm, rate):
                self.channel.expect_open()
                if self.full:  # only its sender, who is here, can make it full
                    self.lane.wait_for_room(self.channel, timeout)
                samples = self.intake.push(piece, rate)
                if self.channel.session.voice:
                    self.channel.session.voice.push(samples)
                self.lane.push(self.channel, samples)

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until every whole chunk of what was accepted has been heard; False after `timeout` seconds."""
        return self.lane.wait_until_heard(self.channel, timeout)

    def end(self) -> None:
        """The audio ends here; the rest of the events follow. Raises AudioError when it has ended before."""
        with self._sending:
            self.channel.expect_open()
            self.lane.end(self.channel, self.intake.end(), self.intake.seconds)

    def close(self) -> None:
        """Give up the stream; nothing more is heard of it. It may be closed twice."""
        self.lane.close(self.channel)

    def next(self, timeout: float | None = None) -> Event | None:
        """The oldest unread event; None when the stream is over, or when none came in `timeout` seconds.

        Raises the error that ended the stream.
        """
        return self.channel.outbox.get(timeout)

    def poll(self) -> list[Event]:
        """All unread events, without waiting. Raises the error that ended the stream when there are none."""
        return self.channel.outbox.drain()

    @property
    def over(self) -> bool:
        """Whether no event will come any more; unread ones may still wait."""
        return self.channel.outbox.closed

    def __iter__(self) -> Iterator[Event]:
        """Every event until the stream is over. Raises the error that ended the stream."""
        while (event := self.next()) is not None:
            yield event


def pieces(pcm: Pcm, rate: int) -> Sequence[Pcm]:
    """`pcm` in pieces of at most a second or so, which one buffer has room for; a short one stays one piece."""
    if len(pcm) <= rate and not isinstance(pcm, memoryview):
        return (pcm,)
    whole = pcm if isinstance(pcm, np.ndarray) else memoryview(pcm).cast("B")
    most = max(1, rate)
    return [whole[start : start + most] for start in range(0, max(1, len(whole)), most)]
