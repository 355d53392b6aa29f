"""From paced runs to their document and table."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.stream.load import StreamLoad
from speechtrt.benchmarks.stream.table import table
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.documents import write_document

TritonResult = Result[StreamLoad, StreamTrial]


@dataclass(frozen=True, slots=True)
class TritonReport:
    """A finished benchmark of the Triton server."""

    result: TritonResult

    @property
    def table(self) -> str:
        """Markdown: the promises, and the paced runs."""
        return f"{markdown_table(promise_rows(self.result.bars))}\n\n{table(self.result.trials)}"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json into `folder`; its path."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        return path
