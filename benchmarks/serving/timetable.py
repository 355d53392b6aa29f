"""When the words of a recording become known: what makes a text on a wire tell which chunk it came from."""

import bisect
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from speechtrt.audio import Audio, Samples
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.benchmarks.stream.runtime import RuntimeServer
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.asr.decoding.base import Frames, Labels
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.decoding.words import text
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber

HEAD = 8960  # samples, 0.56 s: no chunk is heard before


@dataclass(frozen=True, slots=True)
class Timetable:
    """Chunks that bring text: `characters` of the text are known when `seconds` have been heard. `chunks` are all."""

    characters: tuple[int, ...]
    seconds: tuple[float, ...]
    chunks: int

    def between(self, before: int, after: int) -> tuple[float, ...]:
        """Seconds heard with the chunks that made the text grow from `before` to `after` characters."""
        first, last = (bisect.bisect_right(self.characters, n) for n in (before, after))
        return self.seconds[first:last]


@dataclass(frozen=True, slots=True)
class Timetables:
    """Of every recording, by how it begins."""

    tables: Mapping[int, Timetable]
    lookahead_seconds: float

    @property
    def told_share(self) -> float:
        """The share of all chunks that bring text."""
        tables = self.tables.values()
        return sum(len(t.seconds) for t in tables) / sum(t.chunks for t in tables)

    def of(self, head: Samples) -> Timetable:
        """The timetable of the recording that begins so."""
        return self.tables[beginning(head)]


@dataclass(slots=True)
class Tabulating(GreedyDecoder):
    """Greedy decoding that notes how much text there is after every chunk."""

    frame_seconds: float = 0.0
    marks: list[tuple[int, float]] = field(default_factory=list)

    def accept(self, frames: Frames) -> None:
        """Decode, then note."""
        GreedyDecoder.accept(self, frames)
        heard = round((frames.first + len(frames)) * self.frame_seconds, 3)
        self.marks.append((len(text(self.stable, self.labels.texts)), heard))


def timetables(engines: Path, chunk_milliseconds: int, spoken: Sequence[Spoken]) -> Timetables:
    """Hear every recording once. Raises BenchmarkError when two recordings begin alike, or BackendError."""
    with Transcriber.open(engines, (chunk_milliseconds,), slots=1, batch=1, workers=1) as transcriber:
        found = {beginning(s.samples): _tabulate(transcriber, s.samples) for s in spoken}
        lookahead = RuntimeServer(transcriber, chunk_milliseconds).lookahead_seconds
    if len(found) < len(spoken):
        raise BenchmarkError(f"{len(spoken)} recordings have {len(found)} different beginnings; expected all to differ")
    return Timetables(found, lookahead)


def _tabulate(transcriber: Transcriber, samples: Samples) -> Timetable:
    decoders: list[Tabulating] = []
    assert transcriber.model.ctc is not None
    seconds = transcriber.model.ctc.frame_seconds

    def decoding(labels: Labels) -> Tabulating:
        decoders.append(Tabulating(labels, frame_seconds=seconds))
        return decoders[-1]

    transcriber.transcribe(Audio(samples, RATE), replace(RECORDING, decoding=decoding))
    marks = decoders[0].marks
    telling = tuple(_telling(marks))
    return Timetable(tuple(c for c, _ in telling), tuple(s for _, s in telling), len(marks))


def _telling(marks: Sequence[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    known = 0
    for characters, seconds in marks:
        if characters > known:
            known = characters
            yield characters, seconds


def beginning(samples: Samples) -> int:
    """What tells a recording from the others."""
    return zlib.crc32(samples[:HEAD].tobytes())
