"""Two evaluations of recognisers on the same recordings: is any group of speakers heard worse?"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from speechtrt.benchmarks.compare.difference import Difference, Verdict
from speechtrt.benchmarks.compare.document import Document
from speechtrt.benchmarks.statistics.paired import LEVEL, PairedComparison, compare_paired, draws_for, holm
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors
from speechtrt.errors import BenchmarkError
from speechtrt.quality import Better

KIND = "asr_evaluation"
LOAD = ("manifest", "group_by", "normaliser", "primary")
EVERYTHING = "all"

Rows = dict[str, UtteranceErrors]


@dataclass(frozen=True, slots=True)
class _Looked:
    """One group under one system in both documents."""

    difference: Difference
    paired: PairedComparison


def evaluation_differences(first: Document, second: Document, tolerance: float) -> tuple[Difference, ...]:
    """Every shared system, or the only one of each document, group by group, in the rate that counts first.

    A group is worse when p of the blocked bootstrap, after Holm's method over all lines, is at most 5 %, and the
    interval lies above `tolerance` (relative). Raises BenchmarkError when references of an utterance differ.
    """
    _expect_same_references(first, second)
    lines = [(ours, theirs, group) for ours, theirs in _systems(first, second) for group in _groups(first)]
    draws = draws_for(len(lines))
    found = [
        look
        for ours, theirs, group in lines
        if (
            look := _look(
                _rows(first, ours, group), _rows(second, theirs, group), _title(ours, theirs, group), first, draws
            )
        )
    ]
    adjusted = holm([look.paired.bootstrap_p for look in found])
    return tuple(
        replace(look.difference, verdict=_verdict(look, p, tolerance)) for look, p in zip(found, adjusted, strict=True)
    )


def acceptance(found: Sequence[Difference]) -> str:
    """Whether the second recogniser may take the place of the first: no group may be heard worse."""
    worse = [one.group for one in found if one.verdict is Verdict.WORSE]
    return f"refuse: worse for {' and '.join(worse)}" if worse else "accept: no group is significantly worse"


def _look(first: Rows, second: Rows, title: str, document: Document, draws: int) -> _Looked | None:
    """None where the documents share no utterance."""
    shared = [name for name in first if name in second]
    if not shared:
        return None
    ours, theirs = ([rows[name] for name in shared] for rows in (first, second))
    paired = compare_paired(ours, theirs, draws)
    tokens = max(1, sum(row.tokens for row in ours))
    rate = sum(row.errors for row in ours) / tokens
    relative = [value / rate if rate else None for value in (paired.difference, paired.low, paired.high)]
    difference = Difference(
        group=title,
        metric=str(document.content["load"]["primary"]),
        better=Better.LOWER,
        first=rate,
        second=rate + paired.difference,
        change=relative[0],
        low=relative[1],
        high=relative[2],
        samples=len(shared),
        paired=True,
        verdict=Verdict.UNCLEAR,
    )
    return _Looked(difference, paired)


def _verdict(look: _Looked, p: float, tolerance: float) -> Verdict:
    paired = look.paired
    if paired.difference == 0 and paired.detectable == 0:
        return Verdict.SAME
    if p > LEVEL:
        return Verdict.UNCLEAR
    if paired.difference < 0:
        return Verdict.BETTER
    return Verdict.WORSE if paired.low > tolerance * look.difference.first else Verdict.UNCLEAR


def _systems(first: Document, second: Document) -> list[tuple[str, str]]:
    ours, theirs = ([str(system["name"]) for system in d.content["load"]["systems"]] for d in (first, second))
    if len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])]
    return [(name, name) for name in ours if name in theirs]


def _groups(document: Document) -> tuple[str, ...]:
    groups = document.content["load"]["groups"]
    return (EVERYTHING, *(groups if len(groups) > 1 else ()))


def _title(first: str, second: str, group: str) -> str:
    return f"{group}, {first}" if first == second else f"{group}, {first} -> {second}"


def _rows(document: Document, system: str, group: str) -> Rows:
    load = document.content["load"]
    place = [one["name"] for one in load["systems"]].index(system)
    trials = (trial for trial in document.content["trials"] if group in (EVERYTHING, trial["group"]))
    return {str(t["utterance"]): _errors(t, t["hypotheses"][place], load["primary"]) for t in trials}


def _errors(trial: Mapping[str, Any], hypothesis: Mapping[str, Any], primary: str) -> UtteranceErrors:
    name, speaker = str(trial["utterance"]), str(trial["speaker"])
    if primary == "wer":
        substitutions, deletions, insertions = hypothesis["words"]
        words = len(trial["reference"].split())
        return UtteranceErrors(name, speaker, substitutions, deletions, insertions, words)
    return UtteranceErrors(name, speaker, int(hypothesis["characters"]), 0, 0, len(trial["reference"]))


def _expect_same_references(first: Document, second: Document) -> None:
    texts = {trial["utterance"]: trial["reference"] for trial in first.content["trials"]}
    for trial in second.content["trials"]:
        name, said = trial["utterance"], trial["reference"]
        if texts.setdefault(name, said) != said:
            raise BenchmarkError(
                f"{first.path} and {second.path} have other references for {name} ({texts[name]!r} and {said!r}); "
                "evaluate both with one manifest"
            )


def evaluation_doubts(first: Document, second: Document) -> Iterator[str]:
    """Why a comparison of evaluations says less than it seems to."""
    ours, theirs = ({trial["utterance"] for trial in d.content["trials"]} for d in (first, second))
    if alone := len(ours ^ theirs):
        yield f"{alone} utterances are in one result only, and count for neither"
    speakers: dict[str, set[str]] = defaultdict(set)
    for trial in first.content["trials"]:
        speakers[trial["group"]].add(trial["speaker"])
    for group, names in speakers.items():
        if len(names) == 1 and len(speakers) > 1:
            yield f"group {group} has one speaker: its interval says nothing about others"
