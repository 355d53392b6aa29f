"""The whole page."""

from collections.abc import Iterator, Sequence
from html import escape

from speechtrt.benchmarks.evaluation.comparing import Comparison
from speechtrt.benchmarks.evaluation.document import EvaluationResult
from speechtrt.benchmarks.evaluation.errors import Confusion, ErrorAnalysis
from speechtrt.benchmarks.evaluation.markdown import (
    Row,
    advice,
    comparison_table,
    correlation_table,
    group_table,
    introduction,
    kinds_table,
    model_table,
    routing_table,
)
from speechtrt.benchmarks.evaluation.page.parts import folded, section, shipped_text, sortable, worst_case
from speechtrt.benchmarks.evaluation.page.pictures import GROUPS, MODELS, ROUTING, Picture
from speechtrt.benchmarks.evaluation.routing import RoutingStudy

WORST_SHOWN = 5
FIFTHS = "The same utterances in fifths, by what is known of a recording before it is heard."


def render(
    result: EvaluationResult,
    comparisons: Sequence[Comparison],
    analyses: Sequence[ErrorAnalysis],
    routing: RoutingStudy | None,
    drawn: Sequence[Picture],
) -> str:
    """HTML text; recordings of the worst cases are inside."""
    load = result.load
    art = {picture.name: picture for picture in drawn}
    body = [
        section("Models", art.pop(MODELS).svg + sortable(model_table(result))),
        section(f"By {load.group_by}", art.pop(GROUPS).svg + sortable(group_table(result))),
    ]
    if comparisons:
        words = "Pairs that differ in one thing, on the same utterances. Holm's p over all of them decides the verdict."
        body.append(section("Differences", sortable(comparison_table(comparisons)), words))
    if routing:
        picture = art.pop(ROUTING).svg
        body.append(section("Routing between models", picture + sortable(routing_table(routing)), advice(routing)))
    body.append(section("Recordings", "".join(folded(one.title, one.svg) for one in art.values()), FIFTHS))
    body += [section(f"Errors of {analysis.system}", "".join(_analysis(analysis))) for analysis in analyses]
    if load.skipped:
        rows = iter([["utterance", "why"], *([one.id, one.problem] for one in load.skipped)])
        body.append(section(f"{len(load.skipped)} utterances left out", sortable(rows)))
    return _document(f"{load.manifest}: who hears what", introduction(result), "".join(body))


def _document(title: str, intro: str, body: str) -> str:
    style, script = shipped_text("picture.css") + shipped_text("page.css"), shipped_text("sort.js")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p>{escape(intro)}</p>{body}</main><script>{script}</script></body></html>\n"
    )


def _analysis(analysis: ErrorAnalysis) -> Iterator[str]:
    yield sortable(kinds_table(analysis))
    if any(relation.correlation for relation in analysis.relations):
        yield folded("What the error rate goes with", sortable(correlation_table(analysis)))
    if analysis.confusions:
        yield folded("Commonest confusions", sortable(_confusions(analysis.confusions)))
    if analysis.recalls:
        yield folded("Words that are heard worst", sortable(_recalls(analysis)))
    worst = [score for score in analysis.worst if score.counted.errors][:WORST_SHOWN]
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
