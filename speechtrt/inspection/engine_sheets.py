"""What an engine set holds: stages, gates, speech, and what was decided for every node and why."""

from collections import Counter
from collections.abc import Iterator

from speechtrt.engine_set import EngineSet, EngineStage, GateRow
from speechtrt.fallback import FallbackSearch, GroupError, SearchStep
from speechtrt.inspection.sheet import Cell, Row, Sheet, Tone, verdict
from speechtrt.quality import QualityFigure, describe_difference


def engine_sheets(engines: EngineSet) -> tuple[Sheet, ...]:
    """Stages and gates first; then the policy in short, each search, and every node."""
    stages = tuple(map(_stage, engines.stages))
    heads = ("stage", "precision", "lowered", "nodes", "MB", "build s", "profiles")
    gate = Sheet("gate", ("", "stage", "metric", "value", "limit", "note"), tuple(map(_gate, engines.gate)))
    sheets = [Sheet("stages", heads, stages), gate]
    if engines.quality:
        heads = ("", "metric", "group", "value", "reference", "difference", "utterances")
        sheets.append(Sheet("speech", heads, tuple(map(_figure, engines.quality))))
    sheets.append(Sheet("policy", ("stage", "precision", "nodes", "weights", "reason"), tuple(_reasons(engines))))
    for title, search in searches(engines):
        sheets += [_steps(title, search), *([_groups(title, search)] if search.groups else [])]
    return (*sheets, *map(_nodes, engines.stages))


def searches(engines: EngineSet) -> Iterator[tuple[str, FallbackSearch]]:
    """Each search for nodes to spare, with what it was about."""
    for stage in engines.stages:
        if stage.search is not None:
            yield stage.spec.name, stage.search
    if engines.search is not None:
        yield "speech", engines.search


def precision_counts(stage: EngineStage) -> str:
    """`int8 24, fp32 3`: how many heavy nodes run in which precision."""
    counts = Counter(node.precision.value for node in stage.policy)
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or stage.precision.value


def _stage(stage: EngineStage) -> Row:
    profiles = ", ".join(f"{p.dim} {p.min}..{p.max}" for p in stage.profiles)
    share, size = f"{100 * stage.lowered_share:.0f} %", f"{stage.file.bytes / 1e6:.2f}"
    seconds = f"{stage.build_seconds:.1f}"
    return stage.spec.name, stage.precision.value, share, precision_counts(stage), size, seconds, profiles


def _gate(row: GateRow) -> Row:
    return verdict(row.passed), row.stage, row.metric, _number(row.value), f"{row.limit:.4g}", row.note


def _figure(figure: QualityFigure) -> Row:
    values = (_number(figure.value), _number(figure.reference), describe_difference(figure))
    return verdict(figure.passed), figure.metric, figure.group, *values, str(figure.utterances)


def _reasons(engines: EngineSet) -> Iterator[Row]:
    """Nodes of one stage with the same precision and reason, together."""
    for stage in engines.stages:
        keys = Counter((row.precision.value, row.reason) for row in stage.policy)
        weights: Counter[tuple[str, str]] = Counter()
        for row in stage.policy:
            weights[row.precision.value, row.reason] += row.weights
        for (precision, reason), count in keys.most_common():
            yield stage.spec.name, precision, str(count), f"{weights[precision, reason]:,}", reason


def _steps(title: str, search: FallbackSearch) -> Sheet:
    heads = ("", "remedy", "groups spared", "weights lowered", "the gate said")
    return Sheet(f"search for {title}: attempts", heads, tuple(map(_step, search.steps)))


def _step(step: SearchStep) -> Row:
    return verdict(step.passed), step.remedy, str(step.spared), f"{100 * step.share:.0f} %", step.reason


def _groups(title: str, search: FallbackSearch) -> Sheet:
    heads = ("", "effect on the stage", "own error", "weights", "nodes")
    return Sheet(f"search for {title}: groups", heads, tuple(map(_group, search.groups)), long=True)


def _group(group: GroupError) -> Row:
    fate = Cell("spared", Tone.BAD) if group.spared else Cell("lowered", Tone.GOOD)
    effect = "not measured" if group.effect is None else f"{group.effect:.4g}"
    return fate, effect, _number(group.error), f"{group.weights:,}", ", ".join(group.nodes)


def _nodes(stage: EngineStage) -> Sheet:
    rows = ((row.node, row.op, row.precision.value, f"{row.weights:,}", row.reason) for row in stage.policy)
    heads = ("node", "operator", "precision", "weights", "reason")
    return Sheet(f"nodes of {stage.spec.name}", heads, tuple(rows), long=True)


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
