"""The Markdown table of a text-to-speech result."""

from speechtrt.benchmarks.tts.summary import Numbers

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
    ("encoder [s]", "encoder_seconds", None),
    ("decoder [s]", "decoder_seconds", None),
    ("postnet [s]", "postnet_seconds", None),
    ("vocoder [s]", "vocoder_seconds", None),
    ("scheduler [s]", "scheduler_seconds", None),
    ("other [s]", "other_seconds", None),
    ("time over the FP32 floor", "floor_ratio", None),
)
MEBIBYTE = 1024**2


def table(sides: tuple[str, ...], summary: Numbers) -> str:
    """One column per side; a ratio to the baseline stands in brackets."""
    lines = [["", *sides], ["---", *("---:" for _ in sides)]]
    for label, number, ratio in ROWS:
        lines.append([label, *(_cell(side, number, ratio, summary) for side in sides)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(side: str, number: str, ratio: str | None, summary: Numbers) -> str:
    value = summary.get(f"{side}.{number}")
    if value is None:
        return "-"
    shown = f"{value / MEBIBYTE:.0f}" if number.endswith("_bytes") else f"{value:.3g}"
    compared = summary.get(f"{side}.{ratio}") if ratio else None
    return shown if compared is None else f"{shown} ({compared:.3g}x)"
