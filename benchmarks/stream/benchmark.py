"""The streaming benchmark: every run of a side with its clients in a process of its own, sides in turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.host import HostSide, Run, Side
from speechtrt.benchmarks.stream.load import ARRIVAL, StreamLoad, StreamPlan, spoken
from speechtrt.benchmarks.stream.pacer import Pace
from speechtrt.benchmarks.stream.report import StreamReport, StreamResult
from speechtrt.benchmarks.stream.runtime import RuntimeSide
from speechtrt.benchmarks.stream.search import largest
from speechtrt.benchmarks.stream.summary import doubts, summarise
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.errors import BenchmarkError

Report = Callable[[str], None]
OVERLOAD = 2.0  # times the largest number of streams


@dataclass(slots=True)
class Bench:
    """Runs of several sides over the same recordings."""

    plan: StreamPlan
    sides: Mapping[str, Side]
    recordings: Mapping[int, Sequence[Spoken]]
    report: Report

    def trials(self) -> Iterator[StreamTrial]:
        """Fixed numbers of streams, then the search for the largest and what confirms it."""
        for chunk in self.plan.chunks:
            for streams in self.plan.fixed.get(chunk, ()):
                for number in range(self.plan.trials):
                    for side in self.sides:
                        yield self.run(side, chunk, streams, "fixed", number)
        for chunk in self.plan.chunks:
            for side in self.sides:
                yield from self._search(side, chunk)

    def _search(self, side: str, chunk: int) -> Iterator[StreamTrial]:
        tried: list[StreamTrial] = []

        def holds(streams: int) -> bool:
            tried.append(self.run(side, chunk, streams, "search", len(tried)))
            return tried[-1].holds(self.plan.slo_seconds)

        found = largest(holds, start=max(self.plan.fixed.get(chunk, (64,))), highest=self.plan.highest)
        yield from tried
        while found:
            confirmed = [self.run(side, chunk, found, "confirm", number) for number in range(self.plan.trials)]
            yield from confirmed
            if all(trial.holds(self.plan.slo_seconds) for trial in confirmed):
                return
            found = int(found * 0.94)

    def run(self, side: str, chunk: int, streams: int, purpose: str, number: int) -> StreamTrial:
        """One run of a side."""
        plan = self.plan
        pace = Pace(streams, plan.seconds, plan.warm_seconds, plan.packet_seconds, plan.seed + number)
        with Child(side, HostSide(side, self.sides[side])) as child:
            trial = child.call(Run(chunk, pace, purpose, self.recordings[chunk]))
        self.report(
            f"{side}: {purpose} {streams} streams, {chunk} ms: p95 {trial.chunk.p95 * 1000:.0f} ms, "
            f"batch fill {trial.batch_fill:.0%}, CPU {trial.cpu_seconds / trial.wall_seconds:.2f} cores"
        )
        return trial


def run_stream(
    subject: AsrSubject,
    headline: str,
    plan: StreamPlan,
    workers: int,
    quick: bool,
    report: Report,
    peers: Mapping[str, Side] | None = None,
) -> StreamReport:
    """Measure the engine set `headline` of `subject`, and `peers` beside it.

    Raises BenchmarkError, BackendError, DataError or AudioError.
    """
    environment = read_environment()
    engines = _engines(subject, headline)
    recordings = {chunk: spoken(engines, chunk, subject.audio, quick) for chunk in plan.chunks}
    sides: dict[str, Side] = {headline: RuntimeSide(engines, workers), **(peers or {})}
    trials = tuple(Bench(plan, sides, recordings, report).trials())
    trials += (_overload(RuntimeSide(engines, workers, ladder=True), plan, recordings, trials, report),)
    result: StreamResult = Result(
        kind="stream",
        environment=environment,
        load=_load(subject, plan, recordings, workers),
        trials=trials,
        summary=summarise(trials, headline, plan.slo_seconds),
        valid=verdict(quick_reasons(quick) + doubts(trials, plan)),
    )
    return StreamReport(result)


def _engines(subject: AsrSubject, name: str) -> Path:
    if name not in subject.sides:
        raise BenchmarkError(f"{subject.name} has no accepted {name} engines; it has {', '.join(subject.sides)}")
    return subject.sides[name]


def _overload(
    side: Side,
    plan: StreamPlan,
    recordings: Mapping[int, Sequence[Spoken]],
    trials: Sequence[StreamTrial],
    report: Report,
) -> StreamTrial:
    """More streams than can be served, with the overload ladder at work."""
    chunk = max(plan.chunks)
    found = max((t.streams for t in trials if t.purpose == "confirm" and t.chunk_milliseconds == chunk), default=8)
    return Bench(plan, {"overload": side}, recordings, report).run(
        "overload", chunk, int(found * OVERLOAD), "overload", 0
    )


def _load(
    subject: AsrSubject, plan: StreamPlan, recordings: Mapping[int, Sequence[Spoken]], workers: int
) -> StreamLoad:
    heard = recordings[plan.chunks[0]]
    return StreamLoad(
        model=subject.name,
        weights=subject.weights,
        arrival=ARRIVAL,
        recordings=len(heard),
        audio_seconds=sum(len(s.samples) for s in heard) / 16_000,
        packet_seconds=plan.packet_seconds,
        seconds=plan.seconds,
        slo_seconds=plan.slo_seconds,
        chunks=plan.chunks,
        workers=workers,
        trials=plan.trials,
        seed=plan.seed,
    )
