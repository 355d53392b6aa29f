"""One side in a process of its own, with its clients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.connection import Server
from speechtrt.benchmarks.stream.pacer import Pace, Paced, run_paced
from speechtrt.benchmarks.stream.trial import Spread, StreamTrial, histogram

# Opens a server for a chunk size and a number of streams.
Side = Callable[[int, int], Server]


@dataclass(frozen=True, slots=True)
class HostSide:
    """How to start a side that will be measured."""

    name: str
    side: Side

    def __call__(self) -> "HostSide":
        """The workload of the process is the side itself; every run opens it anew."""
        return self


@dataclass(frozen=True, slots=True)
class Run:
    """One paced run in the child. `spoken` are the recordings with the texts expected at this chunk size."""

    chunk_milliseconds: int
    pace: Pace
    purpose: str
    spoken: Sequence[Spoken]

    def __call__(self, host: HostSide) -> StreamTrial:
        """Open, pace, measure, close. Raises BackendError or ManifestError."""
        with host.side(self.chunk_milliseconds, self.pace.streams) as server:
            paced = run_paced(server, self.spoken, self.pace)
            state = server.state()
        return self._trial(host.name, paced, state.batches, state.rows, state.batch, state.stage_seconds, state.rung)

    def _trial(
        self, side: str, paced: Paced, batches: int, rows: int, batch: int, stages: dict[str, float], rung: int
    ) -> StreamTrial:
        tally, elapsed = paced.tally, paced.elapsed
        return StreamTrial(
            side=side,
            chunk_milliseconds=self.chunk_milliseconds,
            streams=self.pace.streams,
            purpose=self.purpose,
            wall_seconds=elapsed.wall,
            cpu_seconds=elapsed.cpu - paced.client_cpu_seconds,
            client_cpu_seconds=paced.client_cpu_seconds,
            foreign_share=elapsed.foreign_share,
            chunk=Spread.of(tally.chunk),
            histogram=histogram(tally.chunk),
            first_text=Spread.of(tally.first_text),
            final=Spread.of(tally.final),
            late=Spread.of(tally.late),
            batch_fill=rows / (batches * batch) if batches else 0.0,
            rows_per_batch=rows / batches if batches else 0.0,
            stage_seconds=stages,
            sent_seconds=tally.sent_seconds,
            dropped_seconds=tally.dropped_seconds,
            refused=tally.refused,
            rung=rung,
            utterances=tally.utterances,
            different=tally.different,
            peak_memory_bytes=peak_bytes(),
        )
