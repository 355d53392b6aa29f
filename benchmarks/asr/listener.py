"""One engine set, listening in a process of its own."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.audio import Audio
from speechtrt.benchmarks.asr.load import Cell
from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.runtime.asr.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Heard:
    """What one pass took that heard all recordings `hearings` times, and the text of each.

    Stages add up to the time of all workers.
    """

    hearings: int

    wall_seconds: float
    cpu_seconds: float
    foreign_share: float
    stage_seconds: dict[str, float]
    batch_fill: float
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListenerSide:
    """How to start a side. `audios` are what every pass hears, as often as fills `seconds`."""

    folder: Path
    threads: int
    audios: tuple[Audio, ...]
    seconds: float

    def __call__(self) -> "Listener":
        """A listener that opens engines when a cell first asks for them."""
        return Listener(self)


@dataclass(frozen=True, slots=True)
class Warm:
    """A transcriber that has heard something, and how often a pass hears everything."""

    transcriber: Transcriber
    hearings: int


@dataclass(slots=True)
class Listener:
    """Transcribers by cell, each opened and warmed up once."""

    side: ListenerSide
    _open: dict[Cell, Warm] = field(default_factory=dict)

    def listen(self, cell: Cell) -> Heard:
        """One pass over all recordings. Raises BackendError or ManifestError."""
        warm, audios = self._open.get(cell) or self._warm(cell), self.side.audios
        transcriber = warm.transcriber
        transcriber.clock.reset()
        watch = Stopwatch()
        transcripts = transcriber.transcribe_many(audios * warm.hearings)
        elapsed = watch.read()
        stages = {time.stage: time.seconds for time in transcriber.clock.times()}
        return Heard(
            hearings=warm.hearings,
            wall_seconds=elapsed.wall,
            cpu_seconds=elapsed.cpu,
            foreign_share=elapsed.foreign_share,
            stage_seconds={**stages, "other": transcriber.plan.workers * elapsed.wall - sum(stages.values())},
            batch_fill=transcriber.clock.time("encoder").rows_per_call / transcriber.plan.batch,
            texts=tuple(t.text for t in transcripts[: len(audios)]),
        )

    def _warm(self, cell: Cell) -> Warm:
        """Workers beside each other, as the runtime has them by itself.

        Threads inside a step wake each other for every product, and whether the system puts them on one
        core or on two changes from pass to pass, most of all in small batches.
        """
        workers = min(self.side.threads, cell.batch)
        transcriber = Transcriber.open(self.side.folder, (cell.chunk,), cell.batch, cell.batch // workers, workers)
        transcriber.transcribe_many(self.side.audios[: cell.batch])
        self._open[cell] = Warm(transcriber, self._hearings(transcriber) if self.side.seconds else 1)
        return self._open[cell]

    def _hearings(self, transcriber: Transcriber) -> int:
        watch = Stopwatch()
        transcriber.transcribe_many(self.side.audios)
        return math.ceil(self.side.seconds / watch.wall)


@dataclass(frozen=True, slots=True)
class Listen:
    """One pass in the child."""

    cell: Cell

    def __call__(self, listener: Listener) -> Heard:
        """Hear everything once."""
        return listener.listen(self.cell)
