"""The README's table of numbers, written from committed results and never by hand."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from speechtrt.artifact import write_bytes
from speechtrt.errors import DataError

BEGIN, END = "<!-- numbers -->", "<!-- /numbers -->"
RESULTS = Path("benchmarks/results/cpu")
VOICE, DIMENSIONS, ASR = "tts_benchmarks", "tts_benchmarks_speecht5_dimensions", "asr_benchmarks"
ONE_RECORDING = "ort-cpu-int8.chunk_560.batch_1.real_time_factor"
VOICE_QUALITY, CTC_QUALITY = "tts_reference", "ctc_reference"

Summary = dict[str, float]


class Unit(Enum):
    """How a number is shown: what it is multiplied with, its format and what follows it."""

    TIMES = (1.0, ".2f", "x")
    COUNT = (1.0, ".0f", "")
    SECONDS = (1.0, ".3g", " s")
    MILLISECONDS = (1e3, ".3g", " ms")
    MEGABYTES = (1e-6, ".0f", " MB")
    PERCENT = (100.0, ".3g", " %")

    def show(self, value: float) -> str:
        """`value` for a reader."""
        factor, form, name = self.value
        return f"{value * factor:{form}}{name}"


@dataclass(frozen=True, slots=True)
class Compared:
    """A line of text to speech: a number of both models, and what it is a ratio to."""

    label: str
    number: str
    beside: str

    def row(self, dimensions: Summary, voice: Summary) -> str:
        """The Markdown row."""
        measured = f"{Unit.TIMES.show(dimensions[self.number])} ({Unit.TIMES.show(voice[self.number])})"
        return f"| {self.label} | {measured} | {self.beside} |"


@dataclass(frozen=True, slots=True)
class Promised:
    """A line about a bar of one result."""

    result: str
    number: str
    label: str
    unit: Unit

    def row(self, bar: dict[str, Any]) -> str:
        """The Markdown row."""
        return f"| {self.label} | {self.unit.show(bar['value'])} | {bar['sense']} {self.unit.show(bar['bar'])} |"


EAGER = "PyTorch eager, same weights and load"
COMPARED = (
    Compared("speech, utterances per second", "throughput_ratio", EAGER),
    Compared("speech, mean latency", "latency_mean_ratio", EAGER),
    Compared("speech, p95 latency", "latency_p95_ratio", EAGER),
    Compared("speech, peak memory of the process", "memory_ratio", EAGER),
    Compared("speech, first audio of a 5 s utterance", "five_seconds.first_audio_ratio", "the whole utterance"),
    Compared("speech, throughput on mixed lengths", "mixed.throughput_ratio", "static batches of the same engines"),
)
STREAMS, SERVED, ENGINES = "streaming_performance", "serving_performance", "engine_benchmarks"
PROMISED = (
    Promised(STREAMS, "streams_ratio", "live streams in time against sherpa-onnx at its best", Unit.TIMES),
    Promised(STREAMS, "chunk_560.streams_at_slo", "live streams in time, 560 ms chunks", Unit.COUNT),
    Promised(STREAMS, "chunk_160.streams_at_slo", "live streams in time, 160 ms chunks", Unit.COUNT),
    Promised(STREAMS, "at_64.latency_seconds_p95", "p95 chunk latency at 64 streams", Unit.MILLISECONDS),
    Promised(STREAMS, "at_64.memory_bytes", "memory of the process at 64 streams", Unit.MEGABYTES),
    Promised(SERVED, "streams_ratio", "streams served over WebSocket against in process", Unit.TIMES),
    Promised(SERVED, "websocket.overhead_seconds_p95", "what the protocol adds to a chunk, p95", Unit.MILLISECONDS),
    Promised(SERVED, "overload.goodput_ratio", "goodput under 3x overload against capacity", Unit.TIMES),
    Promised(
        ENGINES, "speecht5-random.ort-cpu-int8.decoder.batch_1.speedup", "SpeechT5's decoder, int8 / fp32", Unit.TIMES
    ),
    Promised(ENGINES, "validate_seconds", "validating every reference engine set", Unit.SECONDS),
)


def headline(results: Path) -> str:
    """The block between the README's markers. Raises DataError for a result that is missing or may not be quoted."""
    voice, dimensions = (_summary(results, name) for name in (VOICE, DIMENSIONS))
    lines = [
        "| two CPU cores | measured | beside it, or promised |",
        "|---|---:|---|",
        *(line.row(dimensions, voice) for line in COMPARED),
        *_promises(results),
        "",
        _method(results),
    ]
    return "\n".join(lines)


def _promises(results: Path) -> Iterator[str]:
    """Promised numbers of the results that there are."""
    there = {line.result for line in PROMISED if (results / f"{line.result}.json").is_file()}
    bars = {(name, bar["number"]): bar for name in there for bar in quotable_result(results, name)["bars"]}
    for line in PROMISED:
        if bar := bars.get((line.result, line.number)):
            yield line.row(bar)


def _method(results: Path) -> str:
    asr = _summary(results, ASR)
    spoken, heard = (_summary(results, name) for name in (VOICE_QUALITY, CTC_QUALITY))
    listener = quotable_result(results, VOICE_QUALITY)["load"]["listener"].partition(",")[0]
    return (
        "Speech: SpeechT5 dimensions with random weights, in brackets the reference voice. "
        f"One recording at a time takes {asr[ONE_RECORDING]:.4f} s per second of audio. "
        f"On held-out synthetic sentences the reference recogniser's word error rate is {heard['wer_560ms']:.1%}; "
        f"what {listener} hears of the reference voice has a character error rate of {spoken['cer']:.1%} "
        f"({spoken['original_cer']:.1%} on flite's own speech of the same sentences). Every number is from "
        "[benchmarks/results/cpu](benchmarks/results/cpu): both sides in turns, in one run on one machine "
        "([method](docs/benchmarks.md))."
    )


def updated(readme: str, block: str) -> str:
    """`readme` with `block` between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _summary(results: Path, name: str) -> Summary:
    summary: Summary = quotable_result(results, name)["summary"]
    return summary


def quotable_result(results: Path, name: str) -> dict[str, Any]:
    """A committed document. Raises DataError when it is missing or may not be quoted."""
    path = results / f"{name}.json"
    if not path.is_file():
        raise DataError(f"{path}: no such result; expected a committed document, `make bench` writes it")
    document: dict[str, Any] = json.loads(path.read_text())
    if document["valid"] is not True:
        raise DataError(f"{path}: may not be quoted ({'; '.join(document['valid'])}); measure again on a quiet machine")
    return document


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_bytes(target, updated(target.read_text(), headline(RESULTS)).encode())
