"""What one paced run of one side measured."""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

EDGES = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of `count` events; all zero when there were none."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    highest: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """Summarise, also nothing."""
        if not seconds:
            return cls(0, 0.0, 0.0, 0.0, 0.0, 0.0)
        p50, p95, p99 = np.percentile(seconds, (50, 95, 99)).tolist()
        return cls(len(seconds), float(np.mean(seconds)), p50, p95, p99, max(seconds))


@dataclass(frozen=True, slots=True)
class StreamTrial:
    """Some clients at 1.0x for some time. Times are seconds.

    `purpose`: "fixed" number of streams, "search" for the largest one, "confirm" of what was found, "overload", or
    "recovery" from it on the same server. `rungs` has where the ladder came to stand how long after measuring began.
    `chunk` latency counts from when the packet that completed a chunk was due until it was decoded; `histogram` has its
    counts up to each of `EDGES`, and above. `first_text` counts from the stream's first packet, `final` from the last.
    `cpu_seconds` is the side's process without its clients. `late` is how much later than planned packets were sent.
    `told_share` of the chunks are told to clients. `stage_cpu_seconds` is the workers' work, without their waiting.
    """

    side: str
    chunk_milliseconds: int
    streams: int
    purpose: str
    wall_seconds: float
    cpu_seconds: float
    client_cpu_seconds: float
    foreign_share: float
    chunk: Spread
    histogram: tuple[int, ...]
    first_text: Spread
    final: Spread
    late: Spread
    batch_fill: float
    rows_per_batch: float
    stage_seconds: dict[str, float]
    sent_seconds: float
    dropped_seconds: float
    refused: int
    rung: int
    utterances: int
    different: int
    peak_memory_bytes: int
    told_share: float = 1.0
    rungs: tuple[tuple[float, int], ...] = ()
    stage_cpu_seconds: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Prefix of its numbers in the summary."""
        return f"{self.side}.chunk_{self.chunk_milliseconds}.streams_{self.streams}"

    @property
    def drop_rate(self) -> float:
        """Share of the audio that was not heard."""
        return self.dropped_seconds / self.sent_seconds if self.sent_seconds else 0.0

    @property
    def expected_chunks(self) -> float:
        """Chunks that real-time streams are told of in this time; fewer heard means that the side fell behind."""
        return self.sent_seconds / (self.chunk_milliseconds / 1000) * self.told_share

    def holds(self, slo: float) -> bool:
        """Whether 95 % of the chunks came within `slo` seconds, and at least nine tenths of them came at all."""
        kept_up = self.chunk.count >= 0.9 * (self.expected_chunks - self.utterances - self.streams)
        return self.chunk.count > 0 and self.chunk.p95 < slo and kept_up and not self.refused


def histogram(seconds: Sequence[float]) -> tuple[int, ...]:
    """Counts of at most each of EDGES, and of more."""
    counts = [0] * (len(EDGES) + 1)
    for value in seconds:
        counts[bisect.bisect_left(EDGES, value)] += 1
    return tuple(counts)
