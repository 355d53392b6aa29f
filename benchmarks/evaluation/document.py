"""The evaluation's document: flat numbers, and every utterance with what each system wrote."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from speechtrt.benchmarks.environment import Environment
from speechtrt.benchmarks.evaluation.comparing import Comparison
from speechtrt.benchmarks.evaluation.errors import KINDS, ErrorAnalysis
from speechtrt.benchmarks.evaluation.manifests.manifest import Skipped
from speechtrt.benchmarks.evaluation.routing import RoutingStudy
from speechtrt.benchmarks.evaluation.scoring import EVERYTHING, Scored
from speechtrt.benchmarks.evaluation.system import key
from speechtrt.benchmarks.measure.bootstrap import DRAWS
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.statistics.error_rate import error_rate

NAME = "asr_evaluation_results"
ENDS = ("difference", "low", "high", "bootstrap_p", "t_p", "d", "wilcoxon_p", "detectable")


@dataclass(frozen=True, slots=True)
class SystemTitle:
    """A system's name in the summary, and what it is."""

    name: str
    model: str
    engine: str
    decoder: str
    decoding: str
    chunk_milliseconds: int | None


@dataclass(frozen=True, slots=True)
class EvaluationLoad:
    """What was evaluated. `primary`: which rate counts first, `wer` or `cer`; `sample_rates`: recordings by Hz."""

    manifest: str
    utterances: int
    speakers: int
    words: int
    audio_seconds: float
    group_by: str
    groups: tuple[str, ...]
    normaliser: str
    primary: str
    systems: tuple[SystemTitle, ...]
    skipped: tuple[Skipped, ...]
    sample_rates: dict[str, int]
    draws: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What one system wrote, and its errors: substitutions, deletions, insertions of words; edits of characters."""

    text: str
    words: tuple[int, int, int]
    characters: int
    compute_seconds: float


@dataclass(frozen=True, slots=True)
class UtteranceTrial:
    """An utterance, normalised, and what each system wrote, in the order of the load's systems."""

    utterance: str
    speaker: str
    group: str
    seconds: float
    decibels: float
    reference: str
    hypotheses: tuple[Hypothesis, ...]


EvaluationResult = Result[EvaluationLoad, UtteranceTrial]


def make_document(
    environment: Environment,
    load: EvaluationLoad,
    scored: Sequence[Scored],
    comparisons: Sequence[Comparison],
    analyses: Sequence[ErrorAnalysis],
    routing: RoutingStudy | None,
    quick: bool,
) -> EvaluationResult:
    """Everything that was found."""
    return Result(
        kind="asr_evaluation",
        environment=environment,
        load=load,
        trials=tuple(_trials(scored)),
        summary={**_rates(scored), **_differences(comparisons), **_errors(analyses), **_routing(routing)},
        valid=verdict(quick_reasons(quick)),
    )


def make_load(
    manifest: str,
    group_by: str,
    normaliser: str,
    scored: Sequence[Scored],
    skipped: Sequence[Skipped],
    sample_rates: Mapping[str, int],
    draws: int = DRAWS,
) -> EvaluationLoad:
    """What was evaluated, by the first system's utterances, which are everyone's."""
    scores = scored[0].scores
    return EvaluationLoad(
        manifest=manifest,
        utterances=len(scores),
        speakers=len({s.entry.speaker for s in scores}),
        words=sum(s.words.tokens for s in scores),
        audio_seconds=sum(s.heard.audio_seconds for s in scores),
        group_by=group_by,
        groups=scored[0].groups,
        normaliser=normaliser,
        primary=scored[0].primary,
        systems=tuple(
            SystemTitle(
                s.system.name,
                s.system.model,
                s.system.engine,
                s.system.decoder.name,
                s.system.decoder.options.name,
                s.system.chunk,
            )
            for s in scored
        ),
        skipped=tuple(skipped),
        sample_rates=dict(sample_rates),
        draws=draws,
    )


def _rates(scored: Sequence[Scored]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in scored:
        for group in (EVERYTHING, *(one.groups if len(one.groups) > 1 else ())):
            place, scores = f"{one.system.name}.{key(group)}", one.of(group)
            for metric, rows in (
                ("wer", [s.words for s in scores]),
                ("cer", [s.characters for s in scores]),
                ("raw_wer", [s.raw_words for s in scores]),
            ):
                found = error_rate(rows)
                numbers |= {f"{place}.{metric}": found.rate}
                numbers |= {f"{place}.{metric}_low": found.low, f"{place}.{metric}_high": found.high}
            numbers[f"{place}.speakers"] = len({s.entry.speaker for s in scores})
        numbers[f"{one.system.name}.real_time_factor"] = one.real_time_factor
        if one.cost is not None:
            costs = {"alone_seconds": one.cost.alone_seconds, "peak_memory_bytes": one.cost.peak_bytes}
            numbers |= {f"{one.system.name}.{name}": float(v) for name, v in costs.items() if v is not None}
    return numbers


def _differences(comparisons: Sequence[Comparison]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in comparisons:
        place = f"{one.first}.against.{one.second}.{key(one.group)}"
        values = asdict(one.paired)
        numbers |= {f"{place}.{end}": float(values[end]) for end in ENDS}
        numbers |= {f"{place}.adjusted_p": one.adjusted_p, f"{place}.mapsswe_p": one.segments.p}
    return numbers


def _errors(analyses: Sequence[ErrorAnalysis]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for one in analyses:
        for kinds in one.kinds:
            place = f"{one.system}.{key(kinds.group)}"
            numbers |= {f"{place}.{kind}": getattr(kinds, kind) for kind in KINDS}
        for relation in one.relations:
            if found := relation.correlation:
                place = f"{one.system}.correlation.{key(relation.property.name)}"
                numbers |= {f"{place}.{end}": getattr(found, end) for end in ("rho", "low", "high", "p")}
    return numbers


def _routing(study: RoutingStudy | None) -> dict[str, float]:
    numbers: dict[str, float] = {}
    if study is None:
        return numbers
    for replay in study.replays:
        place = f"routing.{key(replay.name)}"
        numbers |= {f"{place}.{study.primary}": replay.rate.rate, f"{place}.real_time_factor": replay.cost}
        numbers |= {f"{place}.{study.primary}_{end}": getattr(replay.rate, end) for end in ("low", "high")}
    return numbers


def _trials(scored: Sequence[Scored]) -> Iterator[UtteranceTrial]:
    for row in zip(*(one.scores for one in scored), strict=True):
        first = row[0]
        yield UtteranceTrial(
            utterance=first.entry.id,
            speaker=first.entry.speaker,
            group=first.group,
            seconds=round(first.heard.audio_seconds, 4),
            decibels=round(first.heard.decibels, 2),
            reference=first.reference,
            hypotheses=tuple(
                Hypothesis(
                    s.hypothesis,
                    (s.words.substitutions, s.words.deletions, s.words.insertions),
                    s.characters.errors,
                    round(s.heard.compute_seconds, 6),
                )
                for s in row
            ),
        )
