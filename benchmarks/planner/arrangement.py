"""Servers that work at the same time, and the most streams that each of them serves beside the others."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.planner.replica import Open, Replica, Speak, shut
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.host import Run
from speechtrt.benchmarks.stream.load import StreamPlan
from speechtrt.benchmarks.stream.pacer import Pace
from speechtrt.benchmarks.stream.search import Search
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.errors import BenchmarkError

FEWER = 0.94  # of the streams of a server that did not hold when it was run again
CONFIRMING = 3  # runs, of which most must hold: to ask for all would find the number that outlasts every stall
Streams = Mapping[str, int]  # by server
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Replicas by name. Every run starts new servers, and all clients begin at one moment."""

    replicas: Mapping[str, Child[Replica]]
    plan: StreamPlan
    spoken: Sequence[Spoken]
    report: Callable[[str], None]
    seeds: "count[int]"
    trials: list[StreamTrial] = field(default_factory=list)

    def most(self, starts: Streams) -> Streams:
        """The largest numbers of streams that hold at once, searched from `starts` on. Raises BenchmarkError.

        A server whose search is over goes on with what it has found, so that the others never work alone.
        """
        searches = {name: Search(starts[name], self.plan.highest) for name in self.replicas}
        while searching := {name: search for name, search in searches.items() if not search.over}:
            streams = {name: s.count if name in searching else s.found or 1 for name, s in searches.items()}
            held = self._holding(streams, "search")
            if searching.keys() - held:  # nobody is given up for one stall of the machine
                held |= self._holding(streams, "search")
            for name, search in searching.items():
                search.tell(name in held)
        return self._confirmed({name: search.found for name, search in searches.items()})

    def run(self, streams: Streams, purpose: str) -> tuple[StreamTrial, ...]:
        """One run of all replicas. Raises BenchmarkError or BackendError."""
        with ThreadPoolExecutor(len(streams)) as pool:
            try:
                self._each(pool, [Open(self._chunk, number) for number in streams.values()])
                runs = self._each(pool, [Speak(run, name) for name, run in self._runs(streams, purpose)])
            finally:
                self._each(pool, [shut] * len(streams))
        found = without_neighbours(runs)
        self.trials.extend(found)
        for run in found:
            self.report(f"{run.side}: {purpose} {run.streams} streams: p95 {run.chunk.p95 * 1000:.0f} ms")
        return found

    def _confirmed(self, streams: Streams) -> Streams:
        """What holds in most of three runs of all; whoever does not hold gets fewer streams."""
        while all(streams.values()):
            times = Counter[str]()
            for made in range(1, CONFIRMING + 1):
                times.update(self._holding(streams, "confirm"))
                if all(2 * times[name] > CONFIRMING or 2 * (made - times[name]) > CONFIRMING for name in streams):
                    break
            late = {name for name in streams if 2 * times[name] < CONFIRMING}
            if not late:
                return streams
            streams = {name: int(FEWER * number) if name in late else number for name, number in streams.items()}
        name = next(name for name, number in streams.items() if not number)
        raise BenchmarkError(
            f"server {name!r} hears not one stream within {self.plan.slo_seconds:g} s; expected some; "
            "measure on a machine with nothing else to do"
        )

    def _holding(self, streams: Streams, purpose: str) -> set[str]:
        """Who holds in one run of all."""
        return {run.side for run in self.run(streams, purpose) if run.holds(self.plan.slo_seconds)}

    def _runs(self, streams: Streams, purpose: str) -> Iterator[tuple[str, Run]]:
        plan = self.plan
        seconds = plan.search_seconds or plan.seconds if purpose == "search" else plan.seconds
        for name, number in streams.items():
            pace = Pace(number, seconds, plan.warm_seconds, plan.packet_seconds, plan.seed + next(self.seeds))
            yield name, Run(self._chunk, pace, purpose, self.spoken)

    def _each(self, pool: ThreadPoolExecutor, functions: Sequence[Callable[[Replica], R]]) -> list[R]:
        """A function in each replica's process, all at once; returns when all have answered."""
        calls = zip(self.replicas.values(), functions, strict=True)
        answers = [pool.submit(child.call, function) for child, function in calls]
        wait(answers)
        return [answer.result() for answer in answers]

    @property
    def _chunk(self) -> int:
        [chunk] = self.plan.chunks
        return chunk


def without_neighbours(runs: Sequence[StreamTrial]) -> tuple[StreamTrial, ...]:
    """Runs of one moment: what the others of them used is not foreign."""
    cores = os.cpu_count() or 1
    shares = [(run.cpu_seconds + run.client_cpu_seconds) / (run.wall_seconds * cores) for run in runs]
    return tuple(
        replace(run, foreign_share=max(0.0, run.foreign_share - sum(shares) + own))
        for run, own in zip(runs, shares, strict=True)
    )
