"""What two results of one kind have in common, number by number."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from speechtrt.benchmarks.compare.document import Document
from speechtrt.benchmarks.quality.judging import RULES
from speechtrt.quality import Better

Trial = Mapping[str, Any]
Key = int | str


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one group in both results. Samples with the same key belong together when `paired`."""

    group: str
    metric: str
    better: Better
    first: dict[Key, float]
    second: dict[Key, float]
    paired: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """How results of one kind are compared: what their loads must share, and the series in them."""

    load: tuple[str, ...]
    series: Callable[[Document, Document], Iterator[Series]]


Grouped = dict[str, dict[Key, float]]


def _tts(first: Document, second: Document) -> Iterator[Series]:
    """Latency and first audio for each utterance, averaged over trials; rates by trial."""
    for metric in ("latency_seconds", "first_audio_seconds"):
        yield from _paired(metric, _per_request(first, metric), _per_request(second, metric), Better.LOWER)
    yield from _by_trial("utterances_per_second", Better.HIGHER, first, second, _tts_group, _rate)
    yield from _by_trial("batch_fill", Better.HIGHER, first, second, _tts_group, lambda t: float(t["batch_fill"]))


def _asr(first: Document, second: Document) -> Iterator[Series]:
    """Real-time factor by pass; error rates are the same in every pass."""

    def group(trial: Trial) -> str:
        return f"{trial['side']}, {trial['chunk_milliseconds']} ms, batch {trial['batch']}"

    def factor(trial: Trial) -> float:
        return float(trial["wall_seconds"]) / float(trial["audio_seconds"])

    yield from _by_trial("real_time_factor", Better.LOWER, first, second, group, factor)
    for metric in ("word_error_rate", "character_error_rate"):
        yield from _by_trial(metric, Better.LOWER, first, second, group, _field(metric))


def _streaming(first: Document, second: Document) -> Iterator[Series]:
    """Chunk latency, dropped audio and CPU per stream, by paced run; what a search tried on its way is left out."""

    def group(trial: Trial) -> str:
        return f"{trial['side']}, {trial['chunk_milliseconds']} ms, {trial['streams']} streams"

    def cpu(trial: Trial) -> float:
        return float(trial["cpu_seconds"]) / float(trial["wall_seconds"]) / float(trial["streams"])

    first, second = (_without(d, "purpose", "search") for d in (first, second))
    for quantile in ("mean", "p95"):
        yield from _by_trial(f"chunk_latency_{quantile}", Better.LOWER, first, second, group, _chunk(quantile))
    yield from _by_trial("cpu_per_stream", Better.LOWER, first, second, group, cpu)
    yield from _by_trial("dropped_seconds", Better.LOWER, first, second, group, _field("dropped_seconds"))


def _voices(first: Document, second: Document) -> Iterator[Series]:
    """Every metric of each reading, by side."""
    metrics = sorted({name for trial in first.content["trials"] for name in trial["values"]})
    for metric in metrics:
        better = RULES[metric].better if metric in RULES else Better.LOWER
        yield from _paired(metric, _per_reading(first, metric), _per_reading(second, metric), better)


KINDS = {
    "tts": Kind(("model", "weights", "utterances", "characters", "steps", "slots", "threads"), _tts),
    "asr": Kind(("model", "utterances", "repeats", "threads"), _asr),
    "stream": Kind(("model", "packet_seconds", "workers"), _streaming),
    "tts_evaluation": Kind(("model", "source", "texts", "seeds", "listener"), _voices),
}


def _per_request(document: Document, metric: str) -> Grouped:
    """Mean over trials of each utterance, by group; nothing in results that hold no requests."""
    samples: dict[str, dict[Key, list[float]]] = defaultdict(lambda: defaultdict(list))
    for trial in document.content["trials"]:
        for request in trial.get("requests", ()):
            samples[_tts_group(trial)][int(request["utterance"])].append(float(request[metric]))
    return {group: {key: sum(v) / len(v) for key, v in found.items()} for group, found in samples.items()}


def _per_reading(document: Document, metric: str) -> Grouped:
    readings: Grouped = defaultdict(dict)
    for trial in document.content["trials"]:
        if metric in trial["values"]:
            readings[str(trial["side"])][str(trial["utterance"])] = trial["values"][metric] / trial["weights"][metric]
    return dict(readings)


def _paired(metric: str, first: Grouped, second: Grouped, better: Better) -> Iterator[Series]:
    for group in first:
        shared = [key for key in first[group] if key in second.get(group, {})]
        if shared:
            a, b = ({key: found[group][key] for key in shared} for found in (first, second))
            yield Series(group, metric, better, a, b, paired=True)


def _by_trial(
    metric: str,
    better: Better,
    first: Document,
    second: Document,
    group: Callable[[Trial], str],
    value: Callable[[Trial], float],
) -> Iterator[Series]:
    found = [_grouped(document, group, value) for document in (first, second)]
    for name in found[0]:
        if name in found[1]:
            yield Series(name, metric, better, found[0][name], found[1][name], paired=False)


def _grouped(document: Document, group: Callable[[Trial], str], value: Callable[[Trial], float]) -> Grouped:
    grouped: Grouped = defaultdict(dict)
    for trial in document.content["trials"]:
        own = grouped[group(trial)]
        own[len(own)] = value(trial)
    return dict(grouped)


def _without(document: Document, field: str, value: str) -> Document:
    trials = [trial for trial in document.content["trials"] if trial[field] != value]
    return Document(document.path, {**document.content, "trials": trials})


def _tts_group(trial: Trial) -> str:
    return f"{trial['side']}, {trial['scenario']}" if "scenario" in trial else str(trial["side"])


def _rate(trial: Trial) -> float:
    spoken = trial.get("requests") or trial["latency_seconds"]
    return len(spoken) / float(trial["wall_seconds"])


def _field(name: str) -> Callable[[Trial], float]:
    return lambda trial: float(trial[name])


def _chunk(quantile: str) -> Callable[[Trial], float]:
    return lambda trial: float(trial["chunk"][quantile])
