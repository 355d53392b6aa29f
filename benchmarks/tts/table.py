"""The Markdown tables of a text-to-speech result: the ladder, the promises, and quality."""

from collections.abc import Iterator, Sequence

from speechtrt.benchmarks.measure.bar import Bar
from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.tts.ladder import Rung
from speechtrt.benchmarks.tts.side_numbers import Numbers
from speechtrt.benchmarks.tts.trial import BASELINE

ROWS = (
    ("latency, mean [s]", "latency_seconds_mean", "latency_mean_ratio"),
    ("latency, p95 [s]", "latency_seconds_p95", "latency_p95_ratio"),
    ("latency alone, mean [s]", "single_latency_seconds_mean", "latency_single_ratio"),
    ("first audio alone, p50 [s]", "first_audio_seconds_p50", None),
    ("utterances per second", "utterances_per_second", "throughput_ratio"),
    ("audio seconds per second", "audio_seconds_per_second", "audio_throughput_ratio"),
    ("real-time factor", "real_time_factor", None),
    ("peak memory [MiB]", "peak_memory_bytes", "memory_ratio"),
    ("batch fill", "batch_fill", None),
    ("cores idle", "idle_share", None),
    ("GPU busy", "gpu_utilisation", None),
    ("GPU memory, peak [MiB]", "gpu_memory_bytes", None),
    ("encoder [s]", "encoder_seconds", None),
    ("decoder [s]", "decoder_seconds", None),
    ("postnet [s]", "postnet_seconds", None),
    ("vocoder [s]", "vocoder_seconds", None),
    ("scheduler [s]", "scheduler_seconds", None),
    ("other [s]", "other_seconds", None),
    ("time over the FP32 floor", "floor_ratio", None),
)
QUALITY = ("value", "reference", "delta", "low", "high")
MEBIBYTE = 1024**2
ABSENT = "-"


def tables(rungs: Sequence[Rung], summary: Numbers, bars: Sequence[Bar]) -> str:
    """All tables, with headings."""
    parts = [markdown_table(_ladder(rungs, summary)), markdown_table(promise_rows(bars))]
    if metrics := [n.split(".")[1] for n in summary if n.startswith("quality.") and n.endswith(".value")]:
        parts.append(markdown_table(_quality(metrics, summary)))
    return "\n\n".join(parts)


def _ladder(rungs: Sequence[Rung], summary: Numbers) -> Iterator[list[str]]:
    """One column per rung; a ratio to the baseline stands in brackets. What no rung has is left out."""
    yield ["", *(rung.side for rung in rungs)]
    yield ["adds", *(rung.adds for rung in rungs)]
    yield ["gain over the rung before", *(_cell(summary.get(f"ladder.{rung.side}.gain")) for rung in rungs)]
    for label, number, ratio in ROWS:
        cells = [_with_ratio(rung.side, number, ratio, summary) for rung in rungs]
        if set(cells) != {ABSENT}:
            yield [label, *cells]


def _quality(metrics: Sequence[str], summary: Numbers) -> Iterator[list[str]]:
    """Engines beside the reference precision: the difference with its 95 % interval."""
    yield ["quality", "engines", "reference", "difference", "from", "to"]
    for metric in metrics:
        yield [metric, *(_cell(summary.get(f"quality.{metric}.{name}")) for name in QUALITY)]


def _with_ratio(side: str, number: str, ratio: str | None, summary: Numbers) -> str:
    value = summary.get(f"{side}.{number}")
    if value is None:
        return ABSENT
    shown = f"{value / MEBIBYTE:.0f}" if number.endswith("_bytes") else f"{value:.3g}"
    compared = summary.get(f"{side}.{ratio}") if ratio and side != BASELINE else None
    return shown if compared is None else f"{shown} ({compared:.3g}x)"


def _cell(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3g}"
