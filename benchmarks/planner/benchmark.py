"""The planner's benchmark: servers on cores of their own, alone and at once in turns, and what was planned for them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count

from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.planner.load import START
from speechtrt.benchmarks.planner.planned import ask_planner
from speechtrt.benchmarks.planner.promises import PROMISES
from speechtrt.benchmarks.planner.replica import PinnedSide, own_cores
from speechtrt.benchmarks.planner.report import PlannerReport, PlannerResult
from speechtrt.benchmarks.planner.round import TOGETHER, Round, Rounds
from speechtrt.benchmarks.planner.summary import doubts, summarise
from speechtrt.benchmarks.stream.apart import ApartSide
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.load import StreamLoad, StreamPlan, spoken
from speechtrt.benchmarks.stream.runtime import RuntimeSide

Report = Callable[[str], None]
WORKERS = 1  # of a server, on its one core


def run_planner(subject: AsrSubject, plan: StreamPlan, quick: bool, report: Report) -> PlannerReport:
    """Measure the best engine set of `subject`. Raises BenchmarkError or BackendError."""
    environment, cores = read_environment(), own_cores(len(TOGETHER))
    engines, [chunk] = next(iter(subject.sides.values())), plan.chunks
    recordings = spoken(engines, chunk, subject.audio, quick)
    side = ApartSide(RuntimeSide(engines, WORKERS))
    rounds = tuple(_rounds([PinnedSide(core, side) for core in cores], plan, recordings, report))
    load = StreamLoad.of(subject, plan, recordings, WORKERS)
    summary = summarise(rounds, ask_planner(environment, load, rounds))
    result: PlannerResult = Result(
        kind="planner",
        environment=environment,
        load=load,
        trials=tuple(trial for found in rounds for trial in found.trials),
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(quick_reasons(quick) + doubts(rounds, plan)),
    )
    return PlannerReport(result)


def _rounds(
    sides: Sequence[PinnedSide], plan: StreamPlan, recordings: Sequence[Spoken], report: Report
) -> Iterator[Round]:
    """Each begins its searches at what the one before has found."""
    alone, both = plan.near.get("alone", START), plan.near.get("together")
    together = both // len(sides) if both else None
    with ExitStack() as closing:
        replicas = [closing.enter_context(Child(f"core {side.core}", side)) for side in sides]
        rounds = Rounds(replicas, plan, recordings, report, count())
        for number in range(plan.trials):
            found = rounds.measure(number, alone, together)
            alone, together = found.alone, sum(found.together) // len(sides)
            yield found
