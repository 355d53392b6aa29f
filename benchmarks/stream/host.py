"""One side in a process of its own, with its clients."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.connection import Server, ServerState
from speechtrt.benchmarks.stream.pacer import RAMP_SECONDS, Pace, Paced, run_paced
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
            return self.on(server, host.name)

    def on(self, server: Server, name: str) -> StreamTrial:
        """The run on a server that is there."""
        paced = run_paced(server, self.spoken, self.pace)
        return self._trial(name, paced, server.state())

    def _trial(self, side: str, paced: Paced, state: ServerState) -> StreamTrial:
        tally, elapsed = paced.tally, paced.elapsed
        own, client, foreign = elapsed.cpu - paced.client_cpu_seconds, paced.client_cpu_seconds, elapsed.foreign_share
        if state.cpu_seconds is not None:  # then this process is the clients' alone
            own, client = state.cpu_seconds, elapsed.cpu
            foreign = max(0.0, foreign - own / (elapsed.wall * (os.cpu_count() or 1)))
        return StreamTrial(
            side=side,
            chunk_milliseconds=self.chunk_milliseconds,
            streams=self.pace.streams,
            purpose=self.purpose,
            wall_seconds=elapsed.wall,
            cpu_seconds=own,
            client_cpu_seconds=client,
            foreign_share=foreign,
            chunk=Spread.of(tally.chunk),
            histogram=histogram(tally.chunk),
            first_text=Spread.of(tally.first_text),
            final=Spread.of(tally.final),
            late=Spread.of(tally.late),
            batch_fill=state.rows / (state.batches * state.batch) if state.batches else 0.0,
            rows_per_batch=state.rows / state.batches if state.batches else 0.0,
            stage_seconds=state.stage_seconds,
            sent_seconds=tally.sent_seconds,
            dropped_seconds=tally.dropped_seconds,
            refused=tally.refused,
            rung=state.rung,
            utterances=tally.utterances,
            different=tally.different,
            peak_memory_bytes=state.memory_bytes or peak_bytes(),
            told_share=state.told_share,
            rungs=tuple(
                (round(at - paced.begun, 2), rung) for at, rung in state.rungs if at > paced.begun - self._before
            ),
            stage_cpu_seconds=state.stage_cpu_seconds,
        )

    @property
    def _before(self) -> float:
        """Seconds from the first client on until measuring begins."""
        return RAMP_SECONDS + self.pace.warm_seconds


@dataclass(frozen=True, slots=True)
class Overload:
    """More clients than a server can hear, then few on the same one."""

    crowd: Run
    few: Run

    def __call__(self, host: HostSide) -> tuple[StreamTrial, StreamTrial]:
        """Both runs. Raises BackendError or ManifestError."""
        with host.side(self.crowd.chunk_milliseconds, self.crowd.pace.streams) as server:
            return self.crowd.on(server, host.name), self.few.on(server, host.name)
