"""A client that speaks recordings at real-time pace, one stream for each, one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.connection import Connection, News
from speechtrt.errors import CapacityError

RATE = 16_000


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording [n] at 16 kHz, and what is heard in it offline."""

    samples: Samples
    text: str


@dataclass(slots=True)
class Tally:
    """What all clients of a run saw, in seconds. `late` is how much later than planned packets were sent."""

    chunk: list[float] = field(default_factory=list)
    first_text: list[float] = field(default_factory=list)
    final: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    sent_seconds: float = 0.0
    dropped_seconds: float = 0.0
    utterances: int = 0
    different: int = 0
    refused: int = 0


@dataclass(slots=True)
class Client:
    """Sends a packet whenever `step` is called, which is due at `due`. Latencies count from when audio was due.

    `spoken` is repeated for ever, from number `turn` on.
    """

    connect: Callable[[], Connection]
    spoken: Sequence[Spoken]
    packet: float
    lookahead: float
    tally: Tally
    due: float
    turn: int
    _connection: Connection | None = None
    _sent: int = 0
    _begun: float = 0.0
    _ended: float | None = None
    _silent: bool = True
    _awaited: list[tuple[float, float]] = field(default_factory=list)  # (seconds sent, when due)

    def step(self, now: float, measuring: bool) -> None:
        """Read what came, send what is due."""
        if measuring:
            self.tally.late.append(now - self.due)
        if self._connection is not None:
            self._poll(self._connection, now, measuring)
        if self._connection is None:
            self._connect()
        if self._connection is None or self._ended is not None:
            self.due += self.packet
        else:
            self._send(self._connection, measuring)

    def leave(self) -> None:
        """Give up the stream."""
        if self._connection is not None:
            self._connection.close()

    def _connect(self) -> None:
        try:
            self._connection = self.connect()
        except CapacityError:
            self.tally.refused += 1
            return
        self._sent, self._begun, self._ended, self._silent, self._awaited = 0, self.due, None, True, []

    def _poll(self, connection: Connection, now: float, measuring: bool) -> None:
        try:
            self._read(connection.poll(), now, measuring)
        except CapacityError:  # from afar it takes a while to hear that there was no place
            self.tally.refused += 1
            self._connection = None

    def _send(self, connection: Connection, measuring: bool) -> None:
        samples = self._recording.samples
        piece = samples[self._sent : self._sent + round(self.packet * RATE)]
        seconds = len(piece) / RATE
        connection.accept(piece)
        self._sent += len(piece)
        self._awaited.append((self._sent / RATE, self.due))
        if measuring:
            self.tally.sent_seconds += seconds
        if self._sent == len(samples):
            self._ended = self.due
            connection.end()
        self.due += seconds

    @property
    def _recording(self) -> Spoken:
        return self.spoken[self.turn % len(self.spoken)]

    def _read(self, news: News, now: float, measuring: bool) -> None:
        complete = [latency for heard, at in news.chunks if (latency := self._latency(heard, at)) is not None]
        if measuring:
            self.tally.chunk += complete
            self.tally.dropped_seconds += news.dropped_seconds
        if news.text and self._silent:
            self._silent = False
            if measuring:
                self.tally.first_text.append((news.chunks[-1][1] if news.chunks else now) - self._begun)
        if news.final is not None:
            self._finish(news, measuring)

    def _latency(self, heard: float, at: float) -> float | None:
        """Seconds from when the packet that completed a chunk was due; None for the last one, which `end` completes."""
        while self._awaited and self._awaited[0][0] < heard + self.lookahead:
            self._awaited.pop(0)
        return at - self._awaited[0][1] if self._awaited else None

    def _finish(self, news: News, measuring: bool) -> None:
        if measuring and self._ended is not None:
            at = news.chunks[-1][1] if news.chunks else self._ended
            self.tally.final.append(max(0.0, at - self._ended))
            self.tally.utterances += 1
            self.tally.different += news.final != self._recording.text
        self._connection = None
        self.turn += 1
