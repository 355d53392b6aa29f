"""The documents of a voice's evaluation."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.environment import Environment
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.voices.evaluation import SideEvaluation, VoiceEvaluation
from speechtrt.benchmarks.voices.verdict import in_words, set_in_words
from speechtrt.documents import write_document
from speechtrt.quality import QualityFigure, Scale

NAME = "tts_evaluation_results"
FIELDS = ("value", "reference", "delta", "low", "high")


@dataclass(frozen=True, slots=True)
class VoiceLoad:
    """What was read and who listened. `source` is `shipped` or the sha256 of a file of texts."""

    model: str
    bundle_sha256: str
    reference: str
    listener: str | None
    source: str
    texts: int
    seeds: int


@dataclass(frozen=True, slots=True)
class ReadingTrial:
    """One reading: contributions by metric, the reference's beside them; a figure is sum(values) / sum(weights)."""

    side: str
    utterance: str
    text: str
    heard: str
    seconds: float
    values: dict[str, float]
    references: dict[str, float]
    weights: dict[str, float]


VoiceResult = Result[VoiceLoad, ReadingTrial]


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """A finished evaluation."""

    result: VoiceResult
    evaluation: VoiceEvaluation

    @property
    def passed(self) -> bool:
        """Whether every side keeps the limits."""
        return all(side.passed for side in self.evaluation.sides)

    @property
    def table(self) -> str:
        """Markdown, a table for each side."""
        return "\n\n".join(_table(side, self.result.load.reference) for side in self.evaluation.sides)

    def write(self, folder: Path) -> Path:
        """Write the JSON document and the Markdown into `folder`; the path of the document."""
        path = folder / f"{NAME}.json"
        write_document(path, self.result)
        write_bytes(path.with_suffix(".md"), f"# {self.result.load.model}\n\n{self.table}\n".encode())
        return path


def make_report(environment: Environment, load: VoiceLoad, evaluation: VoiceEvaluation, quick: bool) -> VoiceReport:
    """Put an evaluation into its document."""
    result: VoiceResult = Result(
        kind="tts_evaluation",
        environment=environment,
        load=load,
        trials=tuple(trial for side in evaluation.sides for trial in _trials(side, evaluation)),
        summary={name: value for side in evaluation.sides for name, value in _numbers(side).items()},
        valid=verdict(quick_reasons(quick)),
    )
    return VoiceReport(result, evaluation)


def _numbers(side: SideEvaluation) -> dict[str, float]:
    found = {f"{side.side}.{f.metric}.{name}": getattr(f, name) for f in side.figures for name in FIELDS}
    return {name: value for name, value in found.items() if value is not None} | {
        f"{side.side}.passed": float(side.passed)
    }


def _trials(side: SideEvaluation, evaluation: VoiceEvaluation) -> list[ReadingTrial]:
    trials = []
    for place, script in enumerate(evaluation.material.scripts):
        own = [o for o in side.observations if o.utterance == script.id]
        trials.append(
            ReadingTrial(
                side=side.side,
                utterance=script.id,
                text=script.text,
                heard=side.reader.heard[place] if side.reader.heard else "",
                seconds=side.reader.readings[place].audio.seconds,
                values={o.metric: o.value for o in own},
                references={o.metric: o.reference for o in own},
                weights={o.metric: o.weight for o in own},
            )
        )
    return trials


def _table(side: SideEvaluation, reference: str) -> str:
    head = ["", side.side, reference, "difference", "95 % interval", "limit", "verdict"]
    rows = [head, ["---", *["---:"] * 5, "---"], *(_row(figure) for figure in side.figures)]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return f"{lines}\n\n**{side.side}: {set_in_words(side.figures)}**"


def _row(figure: QualityFigure) -> list[str]:
    interval = f"{_amount(figure.low, figure.scale)} to {_amount(figure.high, figure.scale)}"
    return [
        figure.metric,
        _plain(figure.value),
        _plain(figure.reference),
        _amount(figure.delta, figure.scale),
        interval,
        "" if figure.limit is None else _amount(figure.limit, figure.scale),
        in_words(figure),
    ]


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _amount(value: float | None, scale: Scale) -> str:
    if value is None:
        return "-"
    if scale is Scale.RELATIVE:
        return f"{100 * value:+.2f} %"
    return f"{value:+.3g} points" if scale is Scale.POINTS else f"{value:+.3g}"
