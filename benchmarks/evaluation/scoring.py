"""Texts against references: what each system got wrong in each utterance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.evaluation.ledger import Cost, Heard
from speechtrt.benchmarks.evaluation.manifests.manifest import DURATION, SPEAKER, Entry, bucket
from speechtrt.benchmarks.evaluation.normaliser import Normaliser
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.evaluation.transcribing import Transcripts
from speechtrt.benchmarks.statistics.alignment import Alignment, align
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class Score:
    """One utterance under one system: normalised texts, counts over words and characters, and words as they are."""

    entry: Entry
    group: str
    reference: str
    hypothesis: str
    heard: Heard
    alignment: Alignment
    words: UtteranceErrors
    characters: UtteranceErrors
    raw_words: UtteranceErrors


@dataclass(frozen=True, slots=True)
class Scored:
    """All utterances of one system, in the order of the manifest."""

    system: System
    scores: tuple[Score, ...]
    cost: Cost | None

    @property
    def groups(self) -> tuple[str, ...]:
        """In the order of first appearance."""
        return tuple(dict.fromkeys(score.group for score in self.scores))

    def of(self, group: str) -> list[Score]:
        """The utterances of a group, or all."""
        return [score for score in self.scores if group in (EVERYTHING, score.group)]

    @property
    def real_time_factor(self) -> float:
        """Seconds of computing per second of audio, in batches."""
        audio = sum(score.heard.audio_seconds for score in self.scores)
        return sum(score.heard.compute_seconds for score in self.scores) / audio


def score_all(
    transcripts: Sequence[Transcripts], entries: Sequence[Entry], normaliser: Normaliser, group_by: str
) -> tuple[Scored, ...]:
    """Only utterances that every system could hear, so that all are compared on the same ones."""
    shared = [entry for entry in entries if all(entry.id in one.rows for one in transcripts)]
    references = {entry.id: normaliser.apply(entry.text) for entry in shared}
    scores = [tuple(_scores(one, shared, references, normaliser, group_by)) for one in transcripts]
    return tuple(Scored(one.system, rows, one.cost) for one, rows in zip(transcripts, scores, strict=True))


def group_of(entry: Entry, seconds: float, column: str) -> str:
    """The value of a column; `none` where the line has none."""
    if column == DURATION:
        return bucket(seconds)
    return (entry.speaker if column == SPEAKER else entry.columns.get(column)) or "none"


def _scores(
    transcripts: Transcripts, entries: Sequence[Entry], references: dict[str, str], normaliser: Normaliser, column: str
) -> Iterator[Score]:
    for entry in entries:
        heard = transcripts.rows[entry.id]
        reference, hypothesis = references[entry.id], normaliser.apply(heard.text)
        alignment = align(reference.split(), hypothesis.split())
        raw = align(entry.text.split(), heard.text.split()) if entry.text != reference else alignment
        yield Score(
            entry=entry,
            group=group_of(entry, heard.audio_seconds, column),
            reference=reference,
            hypothesis=hypothesis,
            heard=heard,
            alignment=alignment,
            words=UtteranceErrors.of(entry.id, entry.speaker, alignment),
            characters=UtteranceErrors.of_characters(entry.id, entry.speaker, reference, hypothesis),
            raw_words=UtteranceErrors.of(entry.id, entry.speaker, raw),
        )
