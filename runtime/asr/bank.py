"""The streams of one chunk size in one lane: rows of one encoder, and the queue of those that have a chunk."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from speechtrt.bundle import ChunkSpec
from speechtrt.runtime.asr.channel import Channel
from speechtrt.runtime.asr.decoding.base import Frames
from speechtrt.runtime.asr.encoder import Encoder
from speechtrt.runtime.asr.rows import Rows
from speechtrt.runtime.batching.slots import Swap


@dataclass(slots=True)
class Bank:
    """Every channel waits at most once, so a batch has at most one chunk of each.

    Live streams go first, the oldest chunk and those who lie beside it; recordings share what they leave, at least one
    row. Queues are dictionaries for their order, which anybody may leave at any place.
    """

    chunk: ChunkSpec
    encoder: Encoder
    rows: Rows[Channel]
    live: dict[Channel, None] = field(default_factory=dict)
    recorded: dict[Channel, None] = field(default_factory=dict)
    streams: int = 0  # who may come to wait here

    @property
    def waiting(self) -> int:
        """How many channels have a chunk."""
        return len(self.live) + len(self.recorded)

    @property
    def oldest(self) -> float:
        """Since when somebody waits; infinite when nobody does."""
        return min((next(iter(queue)).since for queue in (self.live, self.recorded) if queue), default=inf)

    def queue(self, channel: Channel, now: float) -> bool:
        """Let a channel wait for its turn if it has a chunk and does not wait yet; whether it waits since now."""
        if channel.queued or not channel.ready:
            return False
        channel.queued, channel.since = True, now
        (self.live if channel.live else self.recorded)[channel] = None
        return True

    def next(self, most: int) -> list[Channel]:
        """Up to `most` channels whose turn it is; who was closed meanwhile is not among them."""
        batch = self._take(self.live, max(1, most - 1) if self.recorded else most)
        return batch + self._take(self.recorded, most - len(batch))

    def place(self, batch: Sequence[Channel]) -> dict[int, Channel]:
        """Bring a batch to consecutive rows; its channels by row, in order."""
        new = [channel for channel in batch if self.rows.row(channel) is None]
        for step in self.rows.gather(batch).steps:
            self.encoder.swap(step) if isinstance(step, Swap) else self.encoder.move(step)
        for channel in new:
            self.encoder.admit(self._row(channel))
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
        self.rows.release(channel)

    def _take(self, queue: dict[Channel, None], most: int) -> list[Channel]:
        taken = self.rows.nearest(queue, most) if most else []
        for channel in taken:
            del queue[channel]
            channel.queued = False
        return [channel for channel in taken if channel.ready]

    def _row(self, channel: Channel) -> int:
        row = self.rows.row(channel)
        assert row is not None
        return row
