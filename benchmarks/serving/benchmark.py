"""The serving benchmark: one promise after the other, the server a process of its own each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.serving.disconnects import Disconnects, DisconnectTrial
from speechtrt.benchmarks.serving.first_audio import TEXTS, first_audio_trial
from speechtrt.benchmarks.serving.load import ARRIVAL, ServeLoad, ServePlan
from speechtrt.benchmarks.serving.overload import Overload, OverloadTrial
from speechtrt.benchmarks.serving.promises import PROMISES
from speechtrt.benchmarks.serving.realtime import RealtimeClients
from speechtrt.benchmarks.serving.report import ServeReport
from speechtrt.benchmarks.serving.riva import RivaClients
from speechtrt.benchmarks.serving.side import ServedSide
from speechtrt.benchmarks.serving.start import start_trial
from speechtrt.benchmarks.serving.summary import IN_PROCESS, RIVA, WEBSOCKET, Measured, summarise
from speechtrt.benchmarks.serving.timetable import Timetables, timetables
from speechtrt.benchmarks.stream.benchmark import Bench
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.host import Side
from speechtrt.benchmarks.stream.load import spoken
from speechtrt.benchmarks.stream.runtime import RuntimeSide
from speechtrt.benchmarks.stream.summary import doubts, streams_at_slo
from speechtrt.benchmarks.stream.trial import StreamTrial

Report = Callable[[str], None]
HEADROOM = 0.95  # the share of its capacity that an operator would give away in places


@dataclass(frozen=True, slots=True)
class ServeBench:
    """The engines of both directions, and what is said to them."""

    plan: ServePlan
    recogniser: Path
    voice: Path
    chunk: int
    spoken: Sequence[Spoken]
    tables: Timetables
    workers: int
    report: Report

    def measure(self) -> Measured:
        """Everything. Raises BenchmarkError or BackendError."""
        plan, engines = self.plan, (self.voice, self.recogniser)
        starts = [start_trial(engines, plan.idle_seconds) for _ in range(plan.starts)]
        self.report(f"ready after {starts[-1].ready_seconds:.2f} s, idle {starts[-1].idle_cores:.2%} of a core")
        first = first_audio_trial(self.voice, plan.speech_slots, TEXTS[: plan.texts], plan.rounds)
        self.report(f"first audio: HTTP adds {first.extra_seconds * 1000:.1f} ms")
        paced = (*self._fixed(), *Bench(plan.search, self._sides(), {self.chunk: self.spoken}, self.report).trials())
        overload = self._overload(paced)
        self.report(f"overload: {overload.ends}, {overload.unaccounted} unaccounted for")
        disconnects = self._disconnects(engines)
        self.report(f"disconnects: slots free after {disconnects.slots_back_seconds:.2f} s")
        return Measured(paced, starts, first, overload, disconnects, plan.search.slo_seconds)

    def _sides(self) -> dict[str, Side]:
        served = ServedSide(self.recogniser, self.tables, RealtimeClients.of)
        return {IN_PROCESS: RuntimeSide(self.recogniser, self.workers), WEBSOCKET: served}

    def _fixed(self) -> Iterator[StreamTrial]:
        """A few streams on every side in turns, where a chunk waits for nobody: what a protocol adds."""
        sides: dict[str, Side] = {**self._sides(), RIVA: ServedSide(self.recogniser, self.tables, RivaClients.of)}
        bench = Bench(self.plan.fixed, sides, {self.chunk: self.spoken}, self.report)
        for number in range(self.plan.fixed.trials):
            for side in sides:
                yield bench.run(side, self.chunk, self.plan.streams, "fixed", number)

    def _overload(self, paced: Sequence[StreamTrial]) -> OverloadTrial:
        plan = self.plan
        found = streams_at_slo(paced, WEBSOCKET, self.chunk, plan.search.slo_seconds)
        places = max(1, round(HEADROOM * found[0].streams)) if found else plan.streams
        search = plan.search
        load = Overload(
            self.recogniser,
            self.tables,
            self.spoken,
            places,
            plan.overload_factor,
            plan.overload_seconds,
            plan.turns,
            search.packet_seconds,
            search.seed,
        )
        with Child("overload", object) as child:
            return child.call(load)

    def _disconnects(self, engines: tuple[Path, ...]) -> DisconnectTrial:
        search = self.plan.search
        load = Disconnects(
            engines, self.tables, self.spoken, self.plan.departures, search.seconds, search.packet_seconds, search.seed
        )
        with Child("disconnects", object) as child:
            return child.call(load)


def run_serve(
    recogniser: AsrSubject, voice: tuple[str, Path], plan: ServePlan, workers: int, quick: bool, report: Report
) -> ServeReport:
    """Measure the server over the best engine sets of a recogniser and of a voice.

    Raises BenchmarkError, BackendError, DataError or AudioError.
    """
    environment, engines = read_environment(), next(iter(recogniser.sides.values()))
    chunk = plan.search.chunks[0]
    recordings = spoken(engines, chunk, recogniser.audio, quick)
    tables = timetables(engines, chunk, recordings)
    bench = ServeBench(plan, engines, voice[1], chunk, recordings, tables, workers, report)
    measured = bench.measure()
    summary = summarise(measured)
    return ServeReport(
        Result(
            kind="serve",
            environment=environment,
            load=_load(recogniser, voice[0], plan, len(recordings), workers),
            trials=measured.trials,
            summary=summary,
            bars=judge_bars(PROMISES, summary),
            valid=verdict(quick_reasons(quick) + _doubts(measured, plan)),
        )
    )


def _doubts(measured: Measured, plan: ServePlan) -> list[str]:
    reasons = doubts(measured.paced, plan.search)
    if measured.disconnects.failed:
        reasons.append(f"{measured.disconnects.failed} clients could not even connect in order to vanish")
    return reasons


def _load(recogniser: AsrSubject, voice: str, plan: ServePlan, recordings: int, workers: int) -> ServeLoad:
    search = plan.search
    return ServeLoad(
        model=recogniser.name,
        voice=voice,
        arrival=ARRIVAL,
        recordings=recordings,
        chunk_milliseconds=search.chunks[0],
        packet_seconds=search.packet_seconds,
        slo_seconds=search.slo_seconds,
        streams=plan.streams,
        overload_factor=plan.overload_factor,
        overload_seconds=plan.overload_seconds,
        turns=plan.turns,
        departures=plan.departures,
        workers=workers,
        trials=search.trials,
        seed=search.seed,
    )
