"""The Markdown tables of a streaming result."""

from collections.abc import Sequence

from speechtrt.benchmarks.measure.bar import Bar
from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.stream.summary import grouped, load_numbers
from speechtrt.benchmarks.stream.trial import StreamTrial

COLUMNS = {
    "p50 [ms]": ("chunk_latency_seconds_p50", 1000),
    "p95 [ms]": ("chunk_latency_seconds_p95", 1000),
    "p99 [ms]": ("chunk_latency_seconds_p99", 1000),
    "final p95 [ms]": ("final_latency_seconds_p95", 1000),
    "batch fill [%]": ("batch_fill", 100),
    "cores": ("cpu_cores", 1),
    "CPU per stream [%]": ("cpu_seconds_per_stream_second", 100),
    "dropped [%]": ("drop_rate", 100),
    "memory [MiB]": ("memory_bytes", 1 / 1024**2),
}


def tables(trials: Sequence[StreamTrial], bars: Sequence[Bar]) -> str:
    """What was measured, and what was promised."""
    return f"{table(trials)}\n\n{markdown_table(promise_rows(bars))}"


def table(trials: Sequence[StreamTrial]) -> str:
    """One line per side, chunk and number of streams; the largest number that held is among them."""
    lines = [["side", "chunk [ms]", "streams", "", *COLUMNS]]
    for purpose in ("fixed", "confirm", "overload", "recovery"):
        for group in grouped(trials, purpose).values():
            numbers, first = load_numbers(group), group[0]
            place = [first.side, str(first.chunk_milliseconds), str(first.streams), purpose]
            lines.append([*place, *(f"{numbers[name] * scale:.3g}" for name, scale in COLUMNS.values())])
    return markdown_table(lines)
