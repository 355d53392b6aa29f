"""From paced runs to their document, picture and table."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.stream.chart import write_chart
from speechtrt.benchmarks.stream.load import StreamLoad
from speechtrt.benchmarks.stream.table import tables
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.documents import write_document

StreamResult = Result[StreamLoad, StreamTrial]


@dataclass(frozen=True, slots=True)
class StreamReport:
    """A finished streaming benchmark."""

    result: StreamResult

    @property
    def table(self) -> str:
        """Markdown."""
        return tables(self.result.trials, self.result.bars)

    @property
    def title(self) -> str:
        """One line for the picture."""
        load, quotable = self.result.load, "" if self.result.valid is True else " - not for quoting"
        return f"{load.model} ({load.weights}), live streams at 1.0x, {load.workers} workers{quotable}"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json and `name`.png into `folder`; the path of the document."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        write_chart(path.with_suffix(".png"), self.title, self.result.trials, self.result.load.slo_seconds)
        return path
