"""The README's table of numbers, written from committed results and never by hand."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what it says, and the number in each of the two columns."""

    label: str
    number: str
    form: str

    def cells(self, *summaries: Summary) -> str:
        """The Markdown row over these summaries."""
        return f"| {self.label} | {' | '.join(format(s[self.number], self.form) for s in summaries)} |"


SPEED = (
    Row("mean latency, engines / PyTorch", "latency_mean_ratio", ".2f"),
    Row("p95 latency, engines / PyTorch", "latency_p95_ratio", ".2f"),
    Row("latency of a lone request, engines / PyTorch", "latency_single_ratio", ".2f"),
    Row("utterances per second, engines / PyTorch", "throughput_ratio", ".1f"),
    Row("peak memory, engines / PyTorch", "memory_ratio", ".2f"),
    Row("first audio of a lone request, seconds", "first_audio_seconds_p50", ".3f"),
    Row("first audio of a 5 s utterance / all of it", "five_seconds.first_audio_ratio", ".2f"),
    Row("throughput on mixed lengths, continuous / static batches", "mixed.throughput_ratio", ".1f"),
    Row("batch fill with more users than slots", "saturated.batch_fill", ".2f"),
)


PROMISED = {
    "streaming_performance": (
        "streams_ratio",
        "chunk_560.streams_at_slo",
        "chunk_160.streams_at_slo",
        "at_64.latency_seconds_p95",
        "at_64.memory_bytes",
    ),
    "serving_performance": ("streams_ratio", "websocket.overhead_seconds_p95", "overload.goodput_ratio"),
    "engine_benchmarks": (
        "speecht5-random.ort-cpu-int8.decoder.batch_1.speedup",
        "speecht5-random.ort-cpu-int8.decoder.bytes_ratio",
        "validate_seconds",
        "build_ahead_seconds",
    ),
}


def headline(results: Path) -> str:
    """The block between the README's markers. Raises DataError for a result that is missing or may not be quoted."""
    voice, dimensions = (_summary(results, name) for name in (VOICE, DIMENSIONS))
    asr = _summary(results, ASR)
    spoken, heard = (_summary(results, name) for name in (VOICE_QUALITY, CTC_QUALITY))
    lines = [
        "| text to speech, two CPU cores | reference voice | SpeechT5 dimensions, random weights |",
        "|---|---:|---:|",
        *(row.cells(voice, dimensions) for row in SPEED if row.number in voice and row.number in dimensions),
        "",
        *_promises(results),
        _recognition(asr, heard, spoken),
    ]
    return "\n".join(lines)


def _promises(results: Path) -> Iterator[str]:
    """Promised numbers of the results that there are, with what was measured."""
    there = [name for name in PROMISED if (results / f"{name}.json").is_file()]
    rows = [row for name in there for row in _bars(results, name, PROMISED[name])]
    if rows:
        yield from ("| two CPU cores | measured | promised |", "|---|---:|---:|", *rows, "")


def _bars(results: Path, name: str, numbers: Sequence[str]) -> Iterator[str]:
    bars = {bar["number"]: bar for bar in _document(results, name)["bars"]}
    for bar in (bars[number] for number in numbers if number in bars):
        yield f"| {bar['name']} | {bar['value']:.3g} | {bar['sense']} {bar['bar']:.3g} |"


def _recognition(asr: Summary, heard: Summary, spoken: Summary) -> str:
    return (
        f"Recognition of one recording at a time takes {asr[ONE_RECORDING]:.4f} s per second of audio. "
        f"On held-out synthetic sentences the reference recogniser's word error rate is {heard['wer_560ms']:.1%}; "
        f"reading the reference voice, its character error rate is {spoken['cer']:.1%} "
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
    summary: Summary = _document(results, name)["summary"]
    return summary


def _document(results: Path, name: str) -> dict[str, Any]:
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
