"""Texts against references: what each system got wrong in each utterance."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from speechtrt.benchmarks.evaluation.ledger import Cost, Heard
from speechtrt.benchmarks.evaluation.manifests.manifest import DURATION, SPEAKER, Entry, bucket
from speechtrt.benchmarks.evaluation.normaliser import Normaliser, unspaced
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.evaluation.transcribing import Transcripts
from speechtrt.benchmarks.statistics.alignment import Alignment, align
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors

EVERYTHING = "all"


class Primary(StrEnum):
    """Which error rate counts first: of words, or of characters where the script puts no spaces between words."""

    WER = "wer"
    CER = "cer"

    def tokens(self, text: str) -> list[str]:
        """What is aligned: words, or characters without spaces."""
        return text.split() if self is Primary.WER else list("".join(text.split()))


@dataclass(frozen=True, slots=True)
class Score:
    """One utterance under one system: normalised texts, counts over words and characters, and words as they are.

    `counted` is what counts first; `alignment` is of its tokens.
    """

    entry: Entry
    group: str
    reference: str
    hypothesis: str
    heard: Heard
    alignment: Alignment
    words: UtteranceErrors
    characters: UtteranceErrors
    raw_words: UtteranceErrors
    counted: UtteranceErrors


@dataclass(frozen=True, slots=True)
class Scored:
    """All utterances of one system, in the order of the manifest."""

    system: System
    primary: Primary
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
    primary = Primary.CER if unspaced("".join(entry.text for entry in entries)) else Primary.WER
    shared = [entry for entry in entries if all(entry.id in one.rows for one in transcripts)]
    references = {entry.id: normaliser.apply(entry.text) for entry in shared}
    scorer = _Scorer(references, normaliser, group_by, primary)
    scores = [tuple(scorer.score(one.rows[entry.id], entry) for entry in shared) for one in transcripts]
    return tuple(Scored(one.system, primary, rows, one.cost) for one, rows in zip(transcripts, scores, strict=True))


def group_of(entry: Entry, seconds: float, column: str) -> str:
    """The value of a column; `none` where the line has none."""
    if column == DURATION:
        return bucket(seconds)
    return (entry.speaker if column == SPEAKER else entry.columns.get(column)) or "none"


@dataclass(frozen=True, slots=True)
class _Scorer:
    """How one text is scored; `references` are normalised, by utterance."""

    references: dict[str, str]
    normaliser: Normaliser
    column: str
    primary: Primary

    def score(self, heard: Heard, entry: Entry) -> Score:
        reference, hypothesis = self.references[entry.id], self.normaliser.apply(heard.text)
        alignment = align(self.primary.tokens(reference), self.primary.tokens(hypothesis))
        spoken = alignment if self.primary is Primary.WER else align(reference.split(), hypothesis.split())
        raw = align(entry.text.split(), heard.text.split()) if entry.text != reference else spoken
        words = UtteranceErrors.of(entry.id, entry.speaker, spoken)
        characters = UtteranceErrors.of_characters(entry.id, entry.speaker, reference, hypothesis)
        return Score(
            entry=entry,
            group=group_of(entry, heard.audio_seconds, self.column),
            reference=reference,
            hypothesis=hypothesis,
            heard=heard,
            alignment=alignment,
            words=words,
            characters=characters,
            raw_words=UtteranceErrors.of(entry.id, entry.speaker, raw),
            counted=words if self.primary is Primary.WER else characters,
        )
