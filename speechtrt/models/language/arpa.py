"""Language models as ARPA text, compressed with gzip."""

import gzip
import math
from collections.abc import Iterable
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.errors import DataError
from speechtrt.models.language.counts import BEGIN, END
from speechtrt.models.language.kneser_ney import BackoffModel, Weight


def write_arpa(path: Path, model: BackoffModel) -> int:
    """Write `model` to a `.arpa.gz`, the same bytes for the same model; returns their number."""
    data = gzip.compress("".join(_lines(model)).encode(), compresslevel=9, mtime=0)
    write_bytes(path, data)
    return len(data)


def read_arpa(path: Path) -> BackoffModel:
    """The model of a `.arpa.gz`. Raises DataError when it is missing or not one."""
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        sections = _sections(lines)
        orders = tuple(dict(map(_entry, section)) for section in sections)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(
            f"{path}: is not a compressed ARPA model ({error}); make it with `speechtrt train lm`"
        ) from error
    return BackoffModel(orders)


def perplexity(model: BackoffModel, sentences: Iterable[str]) -> float:
    """Per word, the end of each sentence counted."""
    total, count = 0.0, 0
    for sentence in sentences:
        words = (*sentence.split(), END)
        history: tuple[str, ...] = (BEGIN,)
        for word in words:
            total += model.log_probability(history, word)
            history = (*history, word)
        count += len(words)
    return math.pow(10, -total / max(1, count))


def _lines(model: BackoffModel) -> Iterable[str]:
    yield "\\data\\\n"
    yield from (f"ngram {size}={len(order)}\n" for size, order in enumerate(model.orders, 1))
    for size, order in enumerate(model.orders, 1):
        yield f"\n\\{size}-grams:\n"
        last = size == len(model.orders)
        for gram, weight in order.items():
            backoff = "" if last or weight.backoff == 0.0 else f"\t{weight.backoff:.4f}"
            yield f"{weight.probability:.4f}\t{' '.join(gram)}{backoff}\n"
    yield "\n\\end\\\n"


def _sections(lines: list[str]) -> list[list[str]]:
    starts = [number for number, line in enumerate(lines) if line.endswith("-grams:")]
    if not starts or lines[-1] != "\\end\\":
        raise ValueError("no \\1-grams: ... \\end\\")
    ends = [*starts[1:], len(lines) - 1]
    return [[line for line in lines[a + 1 : b] if line] for a, b in zip(starts, ends, strict=True)]


def _entry(line: str) -> tuple[tuple[str, ...], Weight]:
    fields = line.split("\t")
    return tuple(fields[1].split()), Weight(float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0)
