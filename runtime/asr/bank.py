"""The streams of one chunk size in one lane: rows of one encoder, and the queue of those that have a chunk."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from speechtrt.bundle import ChunkSpec
from speechtrt.runtime.asr.channel import Channel
from speechtrt.runtime.asr.decoding.base import Frames
from speechtrt.runtime.asr.encoder import Encoder
from speechtrt.runtime.batching.slots import Slots


@dataclass(slots=True)
class Bank:
    """Every channel waits at most once, so a batch has at most one chunk of each.

    Live streams go first, in the order in which their chunks came; recordings share what they leave, at least one row.
    """

    chunk: ChunkSpec
    encoder: Encoder
    slots: Slots
    live: deque[Channel] = field(default_factory=deque)
    recorded: deque[Channel] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        """How many channels have a chunk."""
        return len(self.live) + len(self.recorded)

    @property
    def oldest(self) -> float:
        """Since when somebody waits; infinite when nobody does."""
        return min((queue[0].since for queue in (self.live, self.recorded) if queue), default=inf)

    def queue(self, channel: Channel, now: float) -> bool:
        """Let a channel wait for its turn if it has a chunk and does not wait yet; whether it waits since now."""
        if channel.queued or not channel.ready:
            return False
        channel.queued, channel.since = True, now
        (self.live if channel.live else self.recorded).append(channel)
        return True

    def next(self, most: int) -> list[Channel]:
        """Up to `most` channels whose turn it is, each with a row; who was closed meanwhile is not among them."""
        batch = _take(self.live, max(1, most - 1) if self.recorded else most)
        batch += _take(self.recorded, most - len(batch))
        for channel in batch:
            if channel.owner is None:
                channel.owner = self.slots.take()
                self.encoder.admit(self._row(channel))
        reach = self.slots.reach
        for channel in reversed(batch[reach:]):
            channel.queued = True
            (self.live if channel.live else self.recorded).appendleft(channel)
        return batch[:reach]

    def place(self, batch: Sequence[Channel]) -> dict[int, Channel]:
        """Bring a batch to consecutive rows; its channels by row, in order."""
        block = self.slots.gather([self._owner(channel) for channel in batch])
        for swap in block.swaps:
            self.encoder.swap(swap)
        return dict(sorted((self._row(channel), channel) for channel in batch))

    def load(self, rows: dict[int, Channel]) -> None:
        """Write everyone's window into the encoder."""
        for row, channel in rows.items():
            self.encoder.expect(row, channel.take(self.encoder.window(row)))

    def hear(self, rows: dict[int, Channel]) -> list[Frames]:
        """What the encoder makes of the windows, in the order of `rows`. Raises BackendError."""
        first = next(iter(rows))
        self.encoder.step(len(rows), first)
        return self.encoder.frames(len(rows), first, [c.session.next_frame for c in rows.values()])

    def release(self, channel: Channel) -> None:
        """Give a channel's row back, if it has one."""
        if channel.owner is not None:
            move = self.slots.release(channel.owner)
            channel.owner = None
            if move:
                self.encoder.move(move)

    def _owner(self, channel: Channel) -> int:
        assert channel.owner is not None
        return channel.owner

    def _row(self, channel: Channel) -> int:
        row = self.slots.row(self._owner(channel))
        assert row is not None
        return row


def _take(queue: deque[Channel], most: int) -> list[Channel]:
    taken: list[Channel] = []
    while queue and len(taken) < most:
        channel = queue.popleft()
        channel.queued = False
        if channel.ready:
            taken.append(channel)
    return taken
