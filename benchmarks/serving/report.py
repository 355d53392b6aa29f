"""From trials to their document, picture and table."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.serving.load import ServeLoad
from speechtrt.benchmarks.serving.summary import Trial
from speechtrt.benchmarks.stream.chart import write_chart
from speechtrt.benchmarks.stream.table import table
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.documents import write_document

ServeResult = Result[ServeLoad, Trial]


@dataclass(frozen=True, slots=True)
class ServeReport:
    """A finished serving benchmark."""

    result: ServeResult

    @property
    def table(self) -> str:
        """Markdown: the promises, and the paced runs."""
        return f"{markdown_table(promise_rows(self.result.bars))}\n\n{table(self._paced)}"

    @property
    def title(self) -> str:
        """One line for the picture."""
        load, quotable = self.result.load, "" if self.result.valid is True else " - not for quoting"
        return f"{load.model} served at 1.0x, {load.workers} workers, clients on the same cores{quotable}"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json and `name`.png into `folder`; the path of the document."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        write_chart(path.with_suffix(".png"), self.title, self._paced, self.result.load.slo_seconds)
        return path

    @property
    def _paced(self) -> list[StreamTrial]:
        return [trial for trial in self.result.trials if isinstance(trial, StreamTrial)]
