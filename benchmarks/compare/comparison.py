"""Two results compared, as a document and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from speechtrt.benchmarks.compare.difference import Difference, Verdict, differences
from speechtrt.benchmarks.compare.document import Document, doubts, expect_alike
from speechtrt.benchmarks.compare.evaluation import KIND as EVALUATION
from speechtrt.benchmarks.compare.evaluation import LOAD, acceptance, evaluation_differences, evaluation_doubts
from speechtrt.benchmarks.compare.series import KINDS
from speechtrt.documents import SCHEMA
from speechtrt.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second result next to the first; `doubts` say why it may mean less than it seems to.

    `acceptance` says whether the second recogniser may take the first's place; None for other kinds of results.
    """

    kind: str
    first: str
    second: str
    differences: tuple[Difference, ...]
    doubts: tuple[str, ...]
    acceptance: str | None = None
    schema: int = SCHEMA

    def worse(self, patterns: Sequence[str]) -> tuple[Difference, ...]:
        """What is worse beyond chance and tolerance, of the metrics that match one of `patterns`."""
        return tuple(
            d
            for d in self.differences
            if d.verdict is Verdict.WORSE and any(fnmatch(d.metric, pattern) for pattern in patterns)
        )

    @property
    def table(self) -> str:
        """Markdown."""
        rows = [["group", "metric", "first", "second", "change", "95 % interval", "verdict"]]
        rows.append(["---", "---", "---:", "---:", "---:", "---:", "---"])
        rows += [_row(d) for d in self.differences]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def compare_results(first: Path, second: Path, tolerance: float = 0.0) -> Comparison:
    """Compare two result files. Raises BenchmarkError for what cannot be compared."""
    a, b = (Document.read(path, (*KINDS, EVALUATION)) for path in (first, second))
    expect_alike(a, b, LOAD if a.kind == EVALUATION else KINDS[a.kind].load)
    try:
        found = _differences(a, b, tolerance)
        reasons = doubts(a, b) + (list(evaluation_doubts(a, b)) if a.kind == EVALUATION else [])
    except (KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f"{first} or {second}: a trial lacks {error}; measure again with this version") from error
    if not found:
        raise BenchmarkError(f"{first} and {second} have no side in common; measure the same engine sets in both")
    answer = acceptance(found) if a.kind == EVALUATION else None
    return Comparison(a.kind, str(first), str(second), found, tuple(reasons), answer)


def _differences(first: Document, second: Document, tolerance: float) -> tuple[Difference, ...]:
    if first.kind == EVALUATION:
        return evaluation_differences(first, second, tolerance)
    return differences(list(KINDS[first.kind].series(first, second)), tolerance)


def _row(found: Difference) -> list[str]:
    change = "-" if found.change is None else f"{found.change:+.1%}"
    spread = "-" if found.low is None or found.high is None else f"{found.low:+.1%} to {found.high:+.1%}"
    return [found.group, found.metric, f"{found.first:.4g}", f"{found.second:.4g}", change, spread, found.verdict]
