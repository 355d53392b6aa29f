"""The whole page."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from speechtrt.benchmarks.evaluation.comparing import Comparison
from speechtrt.benchmarks.evaluation.document import EvaluationResult
from speechtrt.benchmarks.evaluation.errors import Confusion, ErrorAnalysis
from speechtrt.benchmarks.evaluation.markdown import (
    Row,
    advice,
    comparison_table,
    correlation_table,
    group_table,
    kinds_table,
    model_table,
    routing_table,
)
from speechtrt.benchmarks.evaluation.page.drawing import Point, Spread, pareto, spreads
from speechtrt.benchmarks.evaluation.page.parts import folded, section, sortable, worst_case
from speechtrt.benchmarks.evaluation.routing import RoutingStudy
from speechtrt.benchmarks.evaluation.scoring import EVERYTHING
from speechtrt.benchmarks.evaluation.system import key

WORST_SHOWN = 5


def render(
    result: EvaluationResult,
    comparisons: Sequence[Comparison],
    analyses: Sequence[ErrorAnalysis],
    routing: RoutingStudy | None,
) -> str:
    """HTML text; recordings of the worst cases are inside."""
    load = result.load
    intro = (
        f"{load.utterances} utterances of {load.speakers} speakers, {load.words:,} words, "
        f"{load.audio_seconds / 60:.1f} minutes. Normaliser {load.normaliser}. "
        "Intervals: 95 %, speakers drawn whole (*: one speaker)."
    )
    if result.valid is not True:
        intro += f" Not for quoting: {'; '.join(result.valid)}."
    unit = load.primary.upper()
    body = [
        section("Models", spreads(_by_system(result), unit) + sortable(model_table(result))),
        section(f"By {load.group_by}", spreads(_by_group(result), unit) + sortable(group_table(result))),
    ]
    if comparisons:
        words = "Pairs that differ in one thing, on the same utterances. Holm's p over all of them decides the verdict."
        body.append(section("Differences", sortable(comparison_table(comparisons)), words))
    if routing:
        points = [Point(r.name, r.cost, 100 * r.rate.rate, r.front) for r in routing.replays]
        picture = pareto(points, "computing seconds per second of audio", "WER")
        body.append(section("Routing between models", picture + sortable(routing_table(routing)), advice(routing)))
    body += [section(f"Errors of {analysis.system}", "".join(_analysis(analysis))) for analysis in analyses]
    if load.skipped:
        rows = iter([["utterance", "why"], *([one.id, one.problem] for one in load.skipped)])
        body.append(section(f"{len(load.skipped)} utterances left out", sortable(rows)))
    return _document(f"{load.manifest}: who hears what", intro, "".join(body))


def _document(title: str, intro: str, body: str) -> str:
    room = files("speechtrt.benchmarks.evaluation.page")
    style, script = (room.joinpath(name).read_text() for name in ("page.css", "sort.js"))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>{body}</main><script>{script}</script></body></html>\n"
    )


def _by_system(result: EvaluationResult) -> list[Spread]:
    return [_spread(result, system.name, system.name, EVERYTHING) for system in result.load.systems]


def _by_group(result: EvaluationResult) -> list[Spread]:
    if len(result.load.groups) < 2:
        return _by_system(result)
    first = len(result.load.systems) == 1
    return [
        _spread(result, group if first else f"{group}, {system.name}", system.name, group)
        for group in result.load.groups
        for system in result.load.systems
    ]


def _spread(result: EvaluationResult, label: str, system: str, group: str) -> Spread:
    place = f"{system}.{key(group)}.{result.load.primary}"
    return Spread(label, *(100 * result.summary[f"{place}{end}"] for end in ("", "_low", "_high")))


def _analysis(analysis: ErrorAnalysis) -> Iterator[str]:
    yield sortable(kinds_table(analysis))
    if analysis.correlations:
        yield folded("What the error rate goes with", sortable(correlation_table(analysis)))
    if analysis.confusions:
        yield folded("Commonest confusions", sortable(_confusions(analysis.confusions)))
    if analysis.recalls:
        yield folded("Words that are heard worst", sortable(_recalls(analysis)))
    worst = [score for score in analysis.worst if score.words.errors][:WORST_SHOWN]
    if worst:
        yield folded("Worst utterances", "".join(map(worst_case, worst)))


def _confusions(confusions: Sequence[Confusion]) -> Iterator[Row]:
    yield ["said", "heard", "times"]
    for one in confusions:
        yield [one.said or "(nothing)", one.heard or "(nothing)", str(one.count)]


def _recalls(analysis: ErrorAnalysis) -> Iterator[Row]:
    yield ["word", "said", "heard"]
    for one in analysis.recalls:
        yield [one.word, str(one.said), f"{100 * one.recall:.0f} %"]
