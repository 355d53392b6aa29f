"""A validation as Markdown: what failed first, then every check, then the speech."""

from collections.abc import Iterable

from speechtrt.engine_set import GateRow
from speechtrt.engines.validate import ValidationReport
from speechtrt.quality import QualityFigure, describe_difference


def markdown_summary(folder: str, report: ValidationReport) -> str:
    """A section with one table of checks, and one of speech where it was compared."""
    verdict = (
        "accepted" if report.passed else f"**refused**: {len(report.failures)} of {len(report.rows)} checks failed"
    )
    parts = [
        f"## {report.name} {folder}: {verdict}",
        _table(("", "stage", "check", "value", "limit", "note"), map(_check, [*report.failures, *_passed(report)])),
    ]
    if report.quality:
        parts.append(_table(("", "speech", "value", "reference", "difference"), map(_figure, report.quality)))
    return "\n\n".join([*parts, f"{report.seconds:.1f} s"]) + "\n\n"


def _passed(report: ValidationReport) -> list[GateRow]:
    return [row for row in report.rows if row.passed]


def _check(row: GateRow) -> tuple[str, ...]:
    return _mark(row.passed), row.stage, row.metric, _number(row.value), f"{row.limit:.4g}", row.note


def _figure(figure: QualityFigure) -> tuple[str, ...]:
    name = f"{figure.metric} of {figure.group}"
    return _mark(figure.passed), name, _number(figure.value), _number(figure.reference), describe_difference(figure)


def _mark(passed: bool) -> str:
    return "pass" if passed else "**FAIL**"


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
