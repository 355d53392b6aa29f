"""From a measurement to its document, picture and table."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.environment import Environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.tts.chart import write_chart
from speechtrt.benchmarks.tts.ladder import Ladder, Rung
from speechtrt.benchmarks.tts.load import TtsLoad
from speechtrt.benchmarks.tts.measurement import Measurement
from speechtrt.benchmarks.tts.promises import PROMISES
from speechtrt.benchmarks.tts.side_numbers import Numbers
from speechtrt.benchmarks.tts.summary import doubts
from speechtrt.benchmarks.tts.table import tables
from speechtrt.benchmarks.tts.trial import TtsTrial
from speechtrt.documents import write_document

TtsResult = Result[TtsLoad, TtsTrial]


@dataclass(frozen=True, slots=True)
class TtsReport:
    """A finished text-to-speech benchmark and the rungs it compared, the slowest first."""

    result: TtsResult
    rungs: tuple[Rung, ...]

    @property
    def table(self) -> str:
        """Markdown."""
        return tables(self.rungs, self.result.summary, self.result.bars)

    @property
    def title(self) -> str:
        """One line for the picture."""
        load = self.result.load
        quotable = "" if self.result.valid is True else " - not for quoting"
        plural = "s" if load.threads > 1 else ""
        return f"{load.model} ({load.weights}), {load.utterances} utterances, {load.threads} thread{plural}{quotable}"

    def write(self, folder: Path, name: str) -> Path:
        """Write `name`.json, `name`.png and `name`.md into `folder`; the path of the document."""
        path = folder / f"{name}.json"
        write_document(path, self.result)
        write_chart(path.with_suffix(".png"), self.title, self.rungs, self.result.summary)
        write_bytes(path.with_suffix(".md"), f"# {self.title}\n\n{self.table}\n".encode())
        return path


def make_report(
    environment: Environment, load: TtsLoad, measured: Measurement, summary: Numbers, ladder: Ladder, quick: bool
) -> TtsReport:
    """Judge a measurement and put it into its document."""
    result: TtsResult = Result(
        kind="tts",
        environment=environment,
        load=load,
        trials=measured.trials,
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(quick_reasons(quick) + doubts(measured, summary)),
    )
    return TtsReport(result, ladder.rungs)
