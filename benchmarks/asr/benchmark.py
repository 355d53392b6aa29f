"""The speech-to-text benchmark: every engine set, chunk and batch in one run, in turns."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.asr.listener import Heard, Listen, Listener, ListenerSide
from speechtrt.benchmarks.asr.load import ARRIVAL, AsrLoad, Cell, Recording, cells, pass_seconds, recordings
from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.asr.summary import doubts, grouped, rates, summarise
from speechtrt.benchmarks.asr.table import table
from speechtrt.benchmarks.asr.trial import AsrTrial
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.rounds import rounds
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.documents import write_document
from speechtrt.models.word_errors import character_errors, word_errors

AsrResult = Result[AsrLoad, AsrTrial]
Report = Callable[[str], None]
QUICK_TRIALS = 1


@dataclass(frozen=True, slots=True)
class AsrReport:
    """A finished speech-to-text benchmark."""

    result: AsrResult

    @property
    def table(self) -> str:
        """Markdown."""
        return table(list(grouped(self.result.trials)), self.result.summary)

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json into `folder`; its path."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        return path


def run_asr(subject: AsrSubject, threads: int, trials: int, quick: bool, report: Report) -> AsrReport:
    """Measure `subject`. Raises BenchmarkError, BackendError, DataError or AudioError."""
    environment = read_environment()
    heard = recordings(subject.audio, quick)
    places = tuple(cells(subject.chunks, quick))
    planned = QUICK_TRIALS if quick else trials
    audios = tuple(r.audio for r in heard)
    with ExitStack() as stack:
        sides = {
            name: stack.enter_context(Child(name, ListenerSide(folder, threads, audios, pass_seconds(quick))))
            for name, folder in subject.sides.items()
        }
        done = tuple(_passes(sides, places, heard, planned, report))
        peaks = {name: child.call(_peak) for name, child in sides.items()}
    result: AsrResult = Result(
        kind="asr",
        environment=environment,
        load=_load(subject, heard, places, threads, planned, pass_seconds(quick)),
        trials=done,
        summary=summarise(done, peaks),
        valid=verdict(quick_reasons(quick) + doubts(done)),
    )
    return AsrReport(result)


def _passes(
    sides: Mapping[str, Child[Listener]],
    places: tuple[Cell, ...],
    heard: tuple[Recording, ...],
    planned: int,
    report: Report,
) -> list[AsrTrial]:
    done: list[AsrTrial] = []
    for number in rounds(planned, lambda: rates(done)):
        for cell in places:
            for name, child in sides.items():
                trial = _trial(name, cell, heard, child.call(Listen(cell)))
                report(f"round {number + 1}: {trial.key}: RTF {trial.real_time_factor:.4f}")
                done.append(trial)
    return done


def _trial(side: str, cell: Cell, recordings: tuple[Recording, ...], heard: Heard) -> AsrTrial:
    pairs = [(r.text, text) for r, text in zip(recordings, heard.texts, strict=True)]
    return AsrTrial(
        side=side,
        chunk_milliseconds=cell.chunk,
        batch=cell.batch,
        audio_seconds=heard.hearings * sum(r.audio.seconds for r in recordings),
        wall_seconds=heard.wall_seconds,
        cpu_seconds=heard.cpu_seconds,
        foreign_share=heard.foreign_share,
        stage_seconds=heard.stage_seconds,
        batch_fill=heard.batch_fill,
        word_error_rate=word_errors(pairs).rate,
        character_error_rate=character_errors(pairs).rate,
    )


def _load(
    subject: AsrSubject,
    heard: tuple[Recording, ...],
    places: tuple[Cell, ...],
    threads: int,
    trials: int,
    seconds: float,
) -> AsrLoad:
    return AsrLoad(
        model=subject.name,
        weights=subject.weights,
        utterances=len(heard),
        pass_seconds=seconds,
        audio_seconds=sum(r.audio.seconds for r in heard),
        words=sum(len(r.text.split()) for r in heard),
        arrival=ARRIVAL,
        batches=tuple(dict.fromkeys(c.batch for c in places)),
        chunks=tuple(dict.fromkeys(c.chunk for c in places)),
        threads=threads,
        trials=trials,
    )


def _peak(_listener: Listener) -> int:
    return peak_bytes()
