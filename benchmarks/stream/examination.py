"""What is known of the engines without any clock: equal texts, the features' part of a step, and the floor."""

from collections.abc import Callable, Sequence
from pathlib import Path

from speechtrt.benchmarks.engine_sets import model_of
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.stream.equality import CompareTexts
from speechtrt.benchmarks.stream.features import FeatureShare
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances, evaluation_utterances
from speechtrt.runtime.asr.transcriber import BATCH

Numbers = dict[str, float]
QUICK_UTTERANCES = 6


def examine(
    engines: Path,
    checkpoint: str,
    chunks: Sequence[int],
    summary: Numbers,
    threads: int,
    audio: Path | None,
    quick: bool,
    report: Callable[[str], None],
) -> Numbers:
    """Numbers for the summary, of which it takes what was measured; the floor only where `checkpoint` is at hand.

    Raises AudioError, BackendError or DataError.
    """
    found, utterances = {"texts.utterances": 0.0, "texts.different": 0.0}, _utterances(audio, quick)
    with Child("examination", _nothing) as child:
        for chunk in chunks:
            equality = child.call(CompareTexts(engines, chunk, utterances))
            report(f"{chunk} ms: {equality.different} of {equality.utterances} live texts differ from offline ones")
            found["texts.utterances"] += equality.utterances
            found["texts.different"] += equality.different
            found[f"chunk_{chunk}.features_share_of_encoder"] = child.call(FeatureShare(engines, chunk, BATCH))
    found |= _shares({**summary, **found}, chunks)
    floor = _floor(engines, checkpoint, chunks, summary, threads) if Path(checkpoint).is_dir() else {}
    return {**found, **floor}


def _utterances(audio: Path | None, quick: bool) -> tuple[EvaluationUtterance, ...]:
    if quick:
        return evaluation_utterances(audio)[:QUICK_UTTERANCES]
    return evaluation_utterances(audio) + (dialect_utterances() if audio is None else ())


def _shares(numbers: Numbers, chunks: Sequence[int]) -> Numbers:
    """What features, batching and decoding take of the time at the largest number of streams; the worst chunk size."""
    shares = []
    for chunk in chunks:
        python = numbers.get(f"chunk_{chunk}.at_slo.batching_and_decoding_share")
        if python is not None:
            shares.append(python + (1 - python) * numbers[f"chunk_{chunk}.features_share_of_encoder"])
    return {"front_and_back_share": max(shares)} if shares else {}


def _floor(engines: Path, checkpoint: str, chunks: Sequence[int], summary: Numbers, threads: int) -> Numbers:
    from speechtrt.benchmarks.stream.floor import CountChunk  # loads PyTorch

    found, model = Numbers(), model_of({engines.name: engines})
    with Child("floor", _nothing) as child:
        for chunk in chunks:
            cost = child.call(CountChunk(checkpoint, model, chunk, BATCH, threads))
            found |= cost.numbers(summary.get(f"chunk_{chunk}.streams_at_slo", 0.0))
    return found


def _nothing() -> None:
    """The child only applies functions."""
