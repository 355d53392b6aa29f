"""Markdown tables."""

from collections.abc import Iterable, Iterator, Sequence

from speechtrt.benchmarks.measure.bar import Bar


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """A table whose first row is its head; numbers stand right of the first column."""
    head, *rest = rows
    lines = [head, ["---", *("---:" for _ in head[1:])], *rest]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def promise_rows(bars: Sequence[Bar]) -> Iterator[list[str]]:
    """Every promise with its measured value."""
    yield ["promise", "measured", "bar", ""]
    for bar in bars:
        yield [bar.name, f"{bar.value:.3g}", f"{bar.sense} {bar.bar:g}", "kept" if bar.passed else "MISSED"]
