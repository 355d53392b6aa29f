"""What Triton adds to a chunk of a live stream: the same paced clients, in process and over gRPC, in turns."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.stream.benchmark import Bench
from speechtrt.benchmarks.stream.host import Side
from speechtrt.benchmarks.stream.load import StreamLoad, StreamPlan, spoken
from speechtrt.benchmarks.stream.runtime import RuntimeSide
from speechtrt.benchmarks.stream.summary import doubts
from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.benchmarks.triton.promises import PROMISES
from speechtrt.benchmarks.triton.report import TritonReport, TritonResult
from speechtrt.benchmarks.triton.side import TritonSide
from speechtrt.benchmarks.triton.summary import IN_PROCESS, TRITON, summarise
from speechtrt.errors import BenchmarkError

Report = Callable[[str], None]
STREAMS = 64


@dataclass(frozen=True, slots=True)
class TritonPlan:
    """`streams` live streams on both sides, each with `workers` processes or threads that hear."""

    stream: StreamPlan
    streams: int
    workers: int

    @classmethod
    def of(cls, chunk: int, workers: int, trials: int, quick: bool) -> "TritonPlan":
        """A packet is a chunk: a request to Triton is one inference, as its clients have it."""
        streams, seconds, warm = (8, 2.0, 1.0) if quick else (STREAMS, 15.0, 3.0)
        plan = StreamPlan((chunk,), {chunk: (streams,)}, seconds, warm, 1 if quick else trials, streams, chunk / 1000)
        return cls(plan, streams, workers)


def run_triton(subject: AsrSubject, plan: TritonPlan, place: Path, quick: bool, report: Report) -> TritonReport:
    """Measure the best engine set of `subject` on both sides. Raises BenchmarkError or BackendError."""
    if find_spec("tritonclient") is None:
        raise BenchmarkError(f"this Python has no tritonclient; run `make bench-triton`, or {place}/bin/speechtrt")
    environment, found = read_environment(), TritonPlace.find(place)
    engines, [chunk] = next(iter(subject.sides.values())), plan.stream.chunks
    recordings = spoken(engines, chunk, subject.audio, quick)
    sides: dict[str, Side] = {
        IN_PROCESS: RuntimeSide(engines, plan.workers),
        TRITON: TritonSide(engines, found, plan.workers),
    }
    bench = Bench(plan.stream, sides, {chunk: recordings}, report)
    trials = tuple(
        bench.run(side, chunk, plan.streams, "fixed", number) for number in range(plan.stream.trials) for side in sides
    )
    summary = summarise(trials)
    result: TritonResult = Result(
        kind="triton",
        environment=environment,
        load=StreamLoad.of(subject, plan.stream, recordings, plan.workers),
        trials=trials,
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(quick_reasons(quick) + doubts(trials, plan.stream)),
    )
    return TritonReport(result)
