"""The pictures of an evaluation: the page holds them, and each is a file of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.evaluation.document import EvaluationResult
from speechtrt.benchmarks.evaluation.errors import ErrorAnalysis
from speechtrt.benchmarks.evaluation.page.drawing import Point, Spread, pareto, spreads
from speechtrt.benchmarks.evaluation.routing import RoutingStudy
from speechtrt.benchmarks.evaluation.scoring import EVERYTHING
from speechtrt.benchmarks.evaluation.system import key
from speechtrt.benchmarks.statistics.error_rate import RateInterval

MODELS, GROUPS, ROUTING = "models", "groups", "routing"


@dataclass(frozen=True, slots=True)
class Picture:
    """`name` is part of a file's name; `svg` is styled by the page's sheet."""

    name: str
    title: str
    svg: str


def pictures(
    result: EvaluationResult, analyses: Sequence[ErrorAnalysis], routing: RoutingStudy | None
) -> tuple[Picture, ...]:
    """Error rates by model, by group, by each property of the recordings; and what routing costs and saves."""
    load, unit = result.load, result.load.primary.upper()
    found = [
        Picture(MODELS, f"{unit} of each system", spreads(_by_system(result), unit)),
        Picture(GROUPS, f"{unit} by {load.group_by}", spreads(_by_group(result), unit)),
    ]
    if routing:
        points = [Point(r.name, r.cost, 100 * r.rate.rate, r.front) for r in routing.replays]
        picture = pareto(points, "computing seconds per second of audio", unit)
        found.append(Picture(ROUTING, f"{unit} against computing, of fixed models and of routing", picture))
    return (*found, *_by_property(analyses, unit))


def _by_system(result: EvaluationResult) -> list[Spread]:
    return [_spread(result, system.name, system.name, EVERYTHING) for system in result.load.systems]


def _by_group(result: EvaluationResult) -> list[Spread]:
    if len(result.load.groups) < 2:
        return _by_system(result)
    alone = len(result.load.systems) == 1
    return [
        _spread(result, group if alone else f"{group}, {system.name}", system.name, group)
        for group in result.load.groups
        for system in result.load.systems
    ]


def _spread(result: EvaluationResult, label: str, system: str, group: str) -> Spread:
    place = f"{system}.{key(group)}.{result.load.primary}"
    return Spread(label, *(100 * result.summary[f"{place}{end}"] for end in ("", "_low", "_high")))


def _by_property(analyses: Sequence[ErrorAnalysis], unit: str) -> Iterator[Picture]:
    """A row for each fifth of the utterances, system by system."""
    for relations in zip(*(analysis.relations for analysis in analyses), strict=True):
        rows = [
            Spread(part.label if len(analyses) == 1 else f"{part.label}, {analysis.system}", *_percent(part.rate))
            for analysis, relation in zip(analyses, relations, strict=True)
            for part in relation.parts
        ]
        name = relations[0].property.name
        yield Picture(key(name), f"{unit} by {name}", spreads(rows, unit))


def _percent(rate: RateInterval) -> tuple[float, float, float]:
    return 100 * rate.rate, 100 * rate.low, 100 * rate.high
