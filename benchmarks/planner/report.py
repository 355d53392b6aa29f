"""From rounds to their document and table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.stream.load import StreamLoad
from speechtrt.benchmarks.stream.summary import Numbers
from speechtrt.benchmarks.stream.table import table
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.documents import write_document

PlannerResult = Result[StreamLoad, StreamTrial]
NAME = "planner_validation"


@dataclass(frozen=True, slots=True)
class PlannerReport:
    """A finished benchmark of the planner."""

    result: PlannerResult

    @property
    def table(self) -> str:
        """Markdown: capacities, the promise, and the paced runs."""
        tables = (capacity_rows(self.result.summary), promise_rows(self.result.bars))
        return "\n\n".join([*map(markdown_table, tables), table(self.result.trials)])

    def write(self, folder: Path) -> Path:
        """Write the document into `folder`; its path."""
        path = folder / f"{NAME}.json"
        write_document(path, self.result)
        return path


def capacity_rows(summary: Numbers) -> Iterator[list[str]]:
    """Streams of servers at once beside what was planned for them."""
    yield ["live streams in time", "streams", "of two at once"]
    yield ["one server alone, measured", f"{summary['alone.streams_at_slo']:.0f}", ""]
    yield ["two at once, measured", f"{summary['together.streams_at_slo']:.0f}", ""]
    for name, label in (
        ("planned", "two at once, planned with what a neighbour costs"),
        ("planned_alone", "two at once, planned as if each were alone"),
    ):
        yield [label, f"{summary[f'{name}.streams']:.0f}", f"{summary[f'{name}.difference']:+.1%}"]
