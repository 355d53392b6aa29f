"""Two results compared, as a document and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from speechtrt.benchmarks.compare.difference import Difference, Verdict, differences
from speechtrt.benchmarks.compare.document import Document, doubts, expect_alike
from speechtrt.benchmarks.compare.series import KINDS
from speechtrt.documents import SCHEMA
from speechtrt.errors import BenchmarkError

JUDGED = {"asr_evaluation": "wer"}  # kinds of results that say which of two engine sets may be used, and by what


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second result next to the first; `doubts` say why it may mean less than it seems to."""

    kind: str
    first: str
    second: str
    differences: tuple[Difference, ...]
    doubts: tuple[str, ...]
    schema: int = SCHEMA

    def worse(self, patterns: Sequence[str]) -> tuple[Difference, ...]:
        """What is worse beyond chance and tolerance, of the metrics that match one of `patterns`."""
        return tuple(
            d
            for d in self.differences
            if d.verdict is Verdict.WORSE and any(fnmatch(d.metric, pattern) for pattern in patterns)
        )

    @property
    def acceptance(self) -> str | None:
        """Whether the second may take the first's place; None for results that do not judge models."""
        if self.kind not in JUDGED:
            return None
        groups = [found.group for found in self.worse([JUDGED[self.kind]])]
        return f"refuse: worse for {' and '.join(groups)}" if groups else "accept: no group is significantly worse"

    @property
    def table(self) -> str:
        """Markdown."""
        rows = [["group", "metric", "first", "second", "change", "95 % interval", "verdict"]]
        rows.append(["---", "---", "---:", "---:", "---:", "---:", "---"])
        rows += [_row(d) for d in self.differences]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def compare_results(first: Path, second: Path, tolerance: float = 0.0) -> Comparison:
    """Compare two result files. Raises BenchmarkError for what cannot be compared."""
    documents = [Document.read(path, tuple(KINDS)) for path in (first, second)]
    kind = KINDS[documents[0].kind]
    expect_alike(documents[0], documents[1], kind.load)
    try:
        series = list(kind.series(documents[0], documents[1]))
    except (KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(f"{first} or {second}: a trial lacks {error}; measure again with this version") from error
    if not series:
        raise BenchmarkError(f"{first} and {second} have no side in common; measure the same engine sets in both")
    return Comparison(
        kind=documents[0].kind,
        first=str(first),
        second=str(second),
        differences=differences(series, tolerance),
        doubts=tuple(doubts(documents[0], documents[1])),
    )


def _row(found: Difference) -> list[str]:
    change = "-" if found.change is None else f"{found.change:+.1%}"
    spread = "-" if found.low is None or found.high is None else f"{found.low:+.1%} to {found.high:+.1%}"
    return [found.group, found.metric, f"{found.first:.4g}", f"{found.second:.4g}", change, spread, found.verdict]
