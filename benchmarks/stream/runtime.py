"""This project's own runtime as a server to measure."""

import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.connection import News, ServerState
from speechtrt.closing import Closing
from speechtrt.runtime.asr.decoding.base import Frames, Labels
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.endpoint import Endpointing
from speechtrt.runtime.asr.events import Dropped, Final, Partial
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.interpreter import settle, take_short_turns
from speechtrt.runtime.policy.overload import LadderRules

NOTHING = News((), text=False, final=None)
NEVER = LadderRules(high_latency=float("inf"), high_queue=float("inf"))


@dataclass(slots=True)
class TimedDecoder(GreedyDecoder):
    """Greedy decoding that notes when each chunk was decoded."""

    frame_seconds: float = 0.0
    chunks: deque[tuple[float, float]] = field(default_factory=deque)

    def accept(self, frames: Frames) -> None:
        """Decode, then note how far the stream has been heard."""
        GreedyDecoder.accept(self, frames)
        self.chunks.append(((frames.first + len(frames)) * self.frame_seconds, time.perf_counter()))


@dataclass(slots=True)
class RuntimeConnection:
    """A live stream."""

    stream: Stream
    decoder: TimedDecoder
    _said: list[str] = field(default_factory=list)

    def accept(self, pcm: Samples) -> None:
        """Append samples."""
        self.stream.accept(pcm, RATE)

    def end(self) -> None:
        """The recording is over."""
        self.stream.end()

    def close(self) -> None:
        """Give the stream up."""
        self.stream.close()

    def poll(self) -> News:
        """Chunks and events since the last call."""
        over = self.stream.over
        if not (over or self.decoder.chunks):
            return NOTHING
        events = self.stream.poll()
        self._said += [event.text for event in events if isinstance(event, Final)]
        chunks = tuple(self.decoder.chunks.popleft() for _ in range(len(self.decoder.chunks)))
        return News(
            chunks=chunks,
            text=any(isinstance(event, Partial | Final) for event in events),
            final=" ".join(self._said) if over else None,
            dropped_seconds=sum(event.seconds for event in events if isinstance(event, Dropped)),
        )


@dataclass(frozen=True, slots=True)
class RuntimeServer(Closing):
    """A transcriber whose streams all have one chunk size; a stream is one utterance, as in the offline texts."""

    transcriber: Transcriber
    chunk_milliseconds: int

    @property
    def lookahead_seconds(self) -> float:
        """What a window has beyond its chunk."""
        assert self.transcriber.model.ctc is not None
        [chunk] = [c for c in self.transcriber.model.ctc.chunks if c.milliseconds == self.chunk_milliseconds]
        return (chunk.window - chunk.lead - chunk.shift) / RATE

    def connect(self) -> RuntimeConnection:
        """Open a stream. Raises CapacityError."""
        decoders: list[TimedDecoder] = []

        def decoding(labels: Labels) -> TimedDecoder:
            decoders.append(TimedDecoder(labels, frame_seconds=self._frame_seconds))
            return decoders[-1]

        options = StreamOptions(self.chunk_milliseconds, endpointing=Endpointing(()), decoding=decoding)
        return RuntimeConnection(self.transcriber.stream(options), decoders[0])

    def reset(self) -> None:
        """Forget the time so far."""
        self.transcriber.clock.reset()

    def state(self) -> ServerState:
        """Batches and time by stage."""
        clock = self.transcriber.clock
        encoder = clock.time("encoder")
        return ServerState(
            batches=encoder.calls,
            rows=encoder.rows,
            batch=self.transcriber.plan.batch,
            stage_seconds={stage.stage: stage.seconds for stage in clock.times()},
            rung=int(self.transcriber.relief.look()),
            rungs=tuple((at, int(rung)) for at, rung in self.transcriber.relief.history),
            stage_cpu_seconds={stage.stage: stage.own_seconds for stage in clock.times()},
        )

    def close(self) -> None:
        """See Server."""
        self.transcriber.close()

    @property
    def _frame_seconds(self) -> float:
        assert self.transcriber.model.ctc is not None
        return self.transcriber.model.ctc.frame_seconds


@dataclass(frozen=True, slots=True)
class RuntimeSide:
    """How to open the runtime in a process of its own."""

    engines: Path
    workers: int | None
    ladder: bool = False

    def __call__(self, chunk_milliseconds: int, streams: int) -> RuntimeServer:
        """A server with a place for every stream. Raises BackendError or ManifestError."""
        take_short_turns()  # as in a server
        rules = LadderRules() if self.ladder else NEVER
        places = streams + streams // 4 + 1  # streams that end are heard to their end while their clients go on
        transcriber = Transcriber.open(self.engines, slots=places, workers=self.workers, rules=rules)
        settle()
        return RuntimeServer(transcriber, chunk_milliseconds)
