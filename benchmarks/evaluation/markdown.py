"""The evaluation as Markdown tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from speechtrt.benchmarks.evaluation.comparing import Comparison
from speechtrt.benchmarks.evaluation.document import NAME, EvaluationResult
from speechtrt.benchmarks.evaluation.errors import ErrorAnalysis
from speechtrt.benchmarks.evaluation.page.pictures import Picture
from speechtrt.benchmarks.evaluation.routing import RoutingStudy
from speechtrt.benchmarks.evaluation.scoring import EVERYTHING
from speechtrt.benchmarks.evaluation.system import key

Row = Sequence[str]


def model_table(result: EvaluationResult) -> Iterator[Row]:
    """One line a system: rates with intervals, and what it costs."""
    yield ["model", "engine", "decoder", "chunk", "WER", "CER", "alone [ms]", "RTF", "RTFx", "memory [MiB]"]
    summary = result.summary
    for system in result.load.systems:
        alone, peak = (summary.get(f"{system.name}.{name}") for name in ("alone_seconds", "peak_memory_bytes"))
        chunk = "whole" if system.chunk_milliseconds is None else f"{system.chunk_milliseconds} ms"
        yield [
            system.model,
            system.engine,
            system.decoder,
            chunk,
            *(rate(result, system.name, EVERYTHING, metric) for metric in ("wer", "cer")),
            "-" if alone is None else f"{1000 * alone:.0f}",
            f"{summary[f'{system.name}.real_time_factor']:.4f}",
            f"{1 / summary[f'{system.name}.real_time_factor']:.0f}",
            "-" if peak is None else f"{peak / 2**20:.0f}",
        ]


def group_table(result: EvaluationResult) -> Iterator[Row]:
    """One line a system, one column a group, in the rate that counts first."""
    load = result.load
    yield [f"{load.primary.upper()} by {load.group_by}", *load.groups, EVERYTHING]
    for system in load.systems:
        groups = (*load.groups, EVERYTHING) if len(load.groups) > 1 else (EVERYTHING, EVERYTHING)
        yield [system.name, *(rate(result, system.name, group, load.primary) for group in groups)]


def comparison_table(comparisons: Iterable[Comparison]) -> Iterator[Row]:
    """Differences in points of the rate that counts first, with every test and the verdict."""
    yield [
        "first",
        "second",
        "group",
        "verdict",
        "second - first",
        "95 % interval",
        "p (Holm)",
        "p, t-test",
        "Cohen's d",
        "p, Wilcoxon",
        "p, MAPSSWE",
    ]
    for one in comparisons:
        paired = one.paired
        yield [
            one.first,
            one.second,
            one.group,
            one.words,
            f"{100 * paired.difference:+.2f}",
            f"{100 * paired.low:+.2f} to {100 * paired.high:+.2f}",
            *(f"{p:.3g}" for p in (one.adjusted_p, paired.t_p)),
            f"{paired.d:+.2f}",
            *(f"{p:.3g}" for p in (paired.wilcoxon_p, one.segments.p)),
        ]


def routing_table(study: RoutingStudy) -> Iterator[Row]:
    """One line a fixed model or policy."""
    yield ["", study.primary.upper(), "RTF", "heard by", "nothing beats it in both"]
    for one in study.replays:
        rate = f"{100 * one.rate.rate:.1f} % ({100 * one.rate.low:.1f} to {100 * one.rate.high:.1f})"
        shares = ", ".join(f"{model} {share:.0%}" for model, share in sorted(one.shares.items()))
        yield [one.name, rate, f"{one.cost:.4f}", shares, "yes" if one.front else ""]


def advice(study: RoutingStudy) -> str:
    """What to choose for each budget."""
    parts = [f"{one.budget:.0%}: {one.choice or 'nothing fits'}" for one in study.recommendations]
    hard = f"Hard groups: {', '.join(study.hard) or 'none'}. "
    return f"{hard}Best within a share of the costliest model's computing: {'; '.join(parts)}."


def kinds_table(analysis: ErrorAnalysis) -> Iterator[Row]:
    """Errors by kind and group."""
    yield ["group", "substitutions", "deletions", "insertions"]
    for one in analysis.kinds:
        yield [one.group, *(f"{100 * rate:.1f} %" for rate in (one.substitutions, one.deletions, one.insertions))]


def correlation_table(analysis: ErrorAnalysis) -> Iterator[Row]:
    """What an utterance's error rate grows with."""
    yield ["error rate against", "Spearman's rho", "95 % interval", "p"]
    for relation in analysis.relations:
        if found := relation.correlation:
            yield [
                relation.property.name,
                f"{found.rho:+.2f}",
                f"{found.low:+.2f} to {found.high:+.2f}",
                f"{found.p:.3g}",
            ]


def markdown(
    result: EvaluationResult,
    comparisons: Sequence[Comparison],
    analyses: Sequence[ErrorAnalysis],
    routing: RoutingStudy | None,
    pictures: Sequence[Picture],
) -> str:
    """All tables with headings, and the pictures beside the file."""
    load = result.load
    parts = [f"# {load.manifest}", introduction(result), "## Models", table(model_table(result))]
    parts += [f"## By {load.group_by}", table(group_table(result))]
    if comparisons:
        parts += [f"## Differences, in points of {load.primary.upper()}", table(comparison_table(comparisons))]
    if routing:
        parts += ["## Routing between models", advice(routing), table(routing_table(routing))]
    parts += ["## Pictures", *(f"![{one.title}]({picture_file(one.name)})" for one in pictures)]
    for analysis in analyses:
        parts += [f"## Errors of {analysis.system}", table(kinds_table(analysis)), table(correlation_table(analysis))]
    if load.skipped:
        lines = [f"- {one.id}: {one.problem}" for one in load.skipped]
        parts += [f"## {len(load.skipped)} utterances left out", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def introduction(result: EvaluationResult) -> str:
    """What was evaluated, and whether it may be quoted."""
    load = result.load
    mixed = f"Recordings of {rates_in_words(load.sample_rates)}. " if len(load.sample_rates) > 1 else ""
    doubts = "" if result.valid is True else f" Not for quoting: {'; '.join(result.valid)}."
    return (
        f"{load.utterances} utterances of {load.speakers} speakers, {load.words:,} words, "
        f"{load.audio_seconds / 60:.1f} minutes. {mixed}Normaliser {load.normaliser}. "
        f"Intervals: 95 %, speakers drawn whole (*: one speaker).{doubts}"
    )


def rates_in_words(sample_rates: Mapping[str, int]) -> str:
    """E.g. `2 sample rates: 8000 Hz (3), 16000 Hz (497)`."""
    each = ", ".join(f"{rate} Hz ({count})" for rate, count in sample_rates.items())
    return f"{len(sample_rates)} sample rates: {each}"


def picture_file(name: str) -> str:
    """Where a picture lies beside the Markdown."""
    return f"{NAME}_{name}.svg"


def rate(result: EvaluationResult, system: str, group: str, metric: str) -> str:
    """A rate with its interval: `15.7 % (12.1 to 19.8)`; a star where only one speaker is behind it."""
    place = f"{system}.{key(group)}.{metric}"
    value, low, high = (100 * result.summary[f"{place}{end}"] for end in ("", "_low", "_high"))
    alone = "" if result.summary[f"{system}.{key(group)}.speakers"] > 1 else " *"
    return f"{value:.1f} % ({low:.1f} to {high:.1f}){alone}"


def table(rows: Iterator[Row]) -> str:
    """Markdown; figures to the right."""
    head = next(rows)
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
