"""Every way of decoding on the same recordings, in turns: error rates, and seconds beside the encoder's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from speechtrt.benchmarks.decoding.load import ARRIVAL, BATCH, DecodingLoad, Spoken, Ways
from speechtrt.benchmarks.decoding.summary import PROMISES, doubts, summarise, table
from speechtrt.benchmarks.decoding.trial import DecodingTrial
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.documents import write_document
from speechtrt.models.data.dialects import SYNTHETIC
from speechtrt.models.word_errors import character_errors, word_errors
from speechtrt.runtime.asr.decoding.options import DecodingOptions
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber

DecodingResult = Result[DecodingLoad, DecodingTrial]
Report = Callable[[str], None]
Pass = tuple[DecodingTrial, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DecodingPlan:
    """Which engines hear which recordings, decoded how, how often; `set` is the recordings' name."""

    engines: Path
    chunks: tuple[int, ...]
    ways: Ways
    set: str
    spoken: tuple[Spoken, ...]
    trials: int
    quick: bool = False


@dataclass(frozen=True, slots=True)
class DecodingReport:
    """A finished decoding benchmark."""

    result: DecodingResult

    @property
    def table(self) -> str:
        """Markdown."""
        return table(self.result.summary, self.result.trials)

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json into `folder`; its path."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        return path


def run_decoding(plan: DecodingPlan, report: Report) -> DecodingReport:
    """Measure. Raises BackendError, ManifestError, IntegrityError or DataError."""
    environment, trials, texts = read_environment(), list[DecodingTrial](), dict[str, tuple[str, ...]]()
    engine = model = ""
    for chunk in plan.chunks:
        with Transcriber.open(plan.engines, (chunk,), BATCH, workers=1) as transcriber:
            engine, model = transcriber.engine, transcriber.model.name
            for trial, heard in _passes(transcriber, chunk, plan):
                report(f"{trial.key}: WER {100 * trial.word_error_rate:.2f} %, {trial.decoding_seconds:.2f} s")
                trials.append(trial)
                texts[trial.key] = heard
    summary = summarise(trials, texts, plan.spoken)
    return DecodingReport(
        Result(
            kind="decoding",
            environment=environment,
            load=_load(plan, model, engine),
            trials=tuple(trials),
            summary=summary,
            bars=judge_bars(PROMISES, summary),
            valid=verdict(quick_reasons(plan.quick) + doubts(trials)),
        )
    )


def _passes(transcriber: Transcriber, chunk: int, plan: DecodingPlan) -> Iterator[Pass]:
    for way in plan.ways.values():
        _listen(transcriber, way, plan.spoken[:BATCH])  # warm: engines and the language model
    for _ in range(plan.trials):
        for name, way in plan.ways.items():
            transcriber.clock.reset()
            watch = Stopwatch()
            texts = _listen(transcriber, way, plan.spoken)
            elapsed = watch.read()
            pairs = [(one.text, heard) for one, heard in zip(plan.spoken, texts, strict=True)]
            yield (
                DecodingTrial(
                    decoding=name,
                    chunk_milliseconds=chunk,
                    wall_seconds=elapsed.wall,
                    cpu_seconds=elapsed.cpu,
                    foreign_share=elapsed.foreign_share,
                    encoder_seconds=transcriber.clock.time("encoder").seconds,
                    decoding_seconds=transcriber.clock.time("decoding").seconds,
                    word_error_rate=word_errors(pairs).rate,
                    character_error_rate=character_errors(pairs).rate,
                    dialects=_dialects(plan.spoken, texts),
                ),
                texts,
            )


def _listen(transcriber: Transcriber, way: DecodingOptions, spoken: Sequence[Spoken]) -> tuple[str, ...]:
    heard = transcriber.transcribe_many([one.audio for one in spoken], replace(RECORDING, decoding=way))
    return tuple(one.text for one in heard)


def _dialects(spoken: Sequence[Spoken], texts: Sequence[str]) -> dict[str, float]:
    names = sorted({one.dialect for one in spoken if one.dialect})
    return {
        name: word_errors(
            (one.text, heard) for one, heard in zip(spoken, texts, strict=True) if one.dialect == name
        ).rate
        for name in names
    }


def _load(plan: DecodingPlan, model: str, engine: str) -> DecodingLoad:
    return DecodingLoad(
        model=model,
        engine=engine,
        set=plan.set,
        origin=SYNTHETIC,
        utterances=len(plan.spoken),
        words=sum(len(one.text.split()) for one in plan.spoken),
        audio_seconds=sum(one.audio.seconds for one in plan.spoken),
        arrival=ARRIVAL,
        batch=BATCH,
        chunks=plan.chunks,
        decodings={name: way.name for name, way in plan.ways.items()},
        trials=plan.trials,
    )
