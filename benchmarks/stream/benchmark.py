"""The streaming benchmark: every side in processes of its own, sides in turns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.engine_sets import model_of
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.stream.apart import ApartSide
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.examination import examine
from speechtrt.benchmarks.stream.host import HostSide, Overload, Run, Side
from speechtrt.benchmarks.stream.load import StreamLoad, StreamPlan, spoken
from speechtrt.benchmarks.stream.pacer import Pace
from speechtrt.benchmarks.stream.peer import SHERPA, Peer, sherpa_peer
from speechtrt.benchmarks.stream.promises import PROMISES
from speechtrt.benchmarks.stream.report import StreamReport, StreamResult
from speechtrt.benchmarks.stream.runtime import RuntimeSide
from speechtrt.benchmarks.stream.search import Search
from speechtrt.benchmarks.stream.summary import doubts, summarise
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.benchmarks.stream.turns import Turns
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision

Report = Callable[[str], None]
OVERLOAD = 2.0  # times the largest number of streams
OVERLOADED = "overload"
COMPARED = 64  # streams of the fixed load that peers run too
REFERENCE = f"{BackendName.ORT_CPU}-{Precision.FP32}"


@dataclass(slots=True)
class Bench:
    """Runs of several sides over the same recordings; `own` has them with the texts of sides that read other ones."""

    plan: StreamPlan
    sides: Mapping[str, Side]
    recordings: Mapping[int, Sequence[Spoken]]  # by chunk milliseconds
    report: Report
    own: Mapping[str, Mapping[int, Sequence[Spoken]]] = field(default_factory=dict)  # by side

    def trials(self) -> Iterator[StreamTrial]:
        """Fixed numbers of streams, then the search for the largest and what confirms it."""
        for chunk in self.plan.chunks:
            for streams in self.plan.fixed.get(chunk, ()):
                for number in range(self.plan.trials):
                    for side in self.sides:
                        if side not in self.own or streams == COMPARED:
                            yield self.run(side, chunk, streams, "fixed", number)
        for chunk in self.plan.chunks:
            yield from self._turns(chunk).trials()

    def _turns(self, chunk: int) -> Turns:
        plan = self.plan
        start = 2 * max(plan.fixed.get(chunk, (64,)))
        return Turns(
            {side: Search(plan.near.get(f"{side}.chunk_{chunk}") or start, plan.highest) for side in self.sides},
            plan.trials,
            plan.slo_seconds,
            lambda side, streams, purpose, number: self.run(side, chunk, streams, purpose, number),
        )

    def run(self, side: str, chunk: int, streams: int, purpose: str, number: int) -> StreamTrial:
        """One run of a side, with its clients in a process of their own."""
        plan, spoken = self.plan, self.own.get(side, self.recordings)[chunk]
        seconds = plan.search_seconds or plan.seconds if purpose == "search" else plan.seconds
        pace = Pace(streams, seconds, plan.warm_seconds, plan.packet_seconds, plan.seed + number)
        with Child(side, HostSide(side, self.sides[side])) as child:
            trial = child.call(Run(chunk, pace, purpose, spoken))
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
    peer_folder: Path | None = None,
) -> StreamReport:
    """Measure the engine set `headline` of `subject`; with `peer_folder`, for its files, sherpa-onnx beside it.

    Raises BenchmarkError, BackendError, CheckpointError, DataError or AudioError.
    """
    environment, engines = read_environment(), _engines(subject, headline)
    recordings = {chunk: spoken(engines, chunk, subject.audio, quick) for chunk in plan.chunks}
    checkpoint = model_of({headline: engines}).source.id
    peer = _peer(subject, checkpoint, recordings, plan, quick, report, peer_folder) if peer_folder else None
    sides: dict[str, Side] = {headline: ApartSide(RuntimeSide(engines, workers))}
    own: dict[str, Mapping[int, Sequence[Spoken]]] = {}
    if peer:
        sides[SHERPA], own[SHERPA] = ApartSide(peer.side), peer.recordings
    trials = tuple(Bench(plan, sides, recordings, report, own).trials())
    ladder = {OVERLOADED: ApartSide(RuntimeSide(engines, workers, ladder=True))}
    trials += _overload(Bench(plan, ladder, recordings, report), trials)
    summary = summarise(trials, headline, plan.slo_seconds)
    summary |= examine(engines, checkpoint, plan.chunks, summary, workers, subject.audio, quick, report)
    result: StreamResult = Result(
        kind="stream",
        environment=environment,
        load=StreamLoad.of(subject, plan, recordings[plan.chunks[0]], workers, peer.load if peer else None),
        trials=trials,
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(quick_reasons(quick) + doubts(trials, plan, SHERPA) + (peer.load.doubts() if peer else [])),
    )
    return StreamReport(result)


def _engines(subject: AsrSubject, name: str) -> Path:
    if name not in subject.sides:
        raise BenchmarkError(f"{subject.name} has no accepted {name} engines; it has {', '.join(subject.sides)}")
    return subject.sides[name]


def _peer(
    subject: AsrSubject,
    checkpoint: str,
    recordings: Mapping[int, Sequence[Spoken]],
    plan: StreamPlan,
    quick: bool,
    report: Report,
    folder: Path,
) -> Peer:
    reference = {chunk: spoken(_engines(subject, REFERENCE), chunk, subject.audio, quick) for chunk in plan.chunks}
    return sherpa_peer(checkpoint, folder / subject.name, recordings, reference, plan.slo_seconds, quick, report)


def _overload(bench: Bench, trials: Sequence[StreamTrial]) -> tuple[StreamTrial, StreamTrial]:
    """More streams than can be served, with the overload ladder at work, and then few, until it should stand at 0."""
    chunk = max(bench.plan.chunks)
    found = max(
        (t.streams for t in trials if t.purpose == "confirm" and t.chunk_milliseconds == chunk and t.side != SHERPA),
        default=8,
    )
    plan, spoken = bench.plan, bench.recordings[chunk]
    crowd = Pace(int(found * OVERLOAD), plan.seconds, plan.warm_seconds, plan.packet_seconds, plan.seed)
    few = Pace(max(1, found // 4), plan.recovery_seconds, 0.0, plan.packet_seconds, plan.seed)
    with Child(OVERLOADED, HostSide(OVERLOADED, bench.sides[OVERLOADED])) as child:
        both = child.call(Overload(Run(chunk, crowd, "overload", spoken), Run(chunk, few, "recovery", spoken)))
    for trial in both:
        bench.report(f"{trial.purpose} with {trial.streams} streams: rungs {trial.rungs}, {trial.refused} refused")
    return both
