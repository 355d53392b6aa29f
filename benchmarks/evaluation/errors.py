"""What kind of errors a system makes, where, and with what they go together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.evaluation.properties import Relation, relate
from speechtrt.benchmarks.evaluation.scoring import EVERYTHING, Score, Scored

MOST_CONFUSIONS, MOST_WORDS, MOST_WORST = 20, 20, 10
KINDS = ("substitutions", "deletions", "insertions")
FEWEST_SEEN = 3  # times that a word must have been said before its recall says anything


@dataclass(frozen=True, slots=True)
class ErrorKinds:
    """Errors of a group by kind, per word of its references."""

    group: str
    substitutions: float
    deletions: float
    insertions: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often `said` was heard as `heard`; None where there is no word."""

    said: str | None
    heard: str | None
    count: int


@dataclass(frozen=True, slots=True)
class WordRecall:
    """How many of the times that a word was said it was heard."""

    word: str
    said: int
    recall: float


@dataclass(frozen=True, slots=True)
class ErrorAnalysis:
    """Of one system, in what counts first. `relations`: of an utterance's error rate with its recording."""

    system: str
    kinds: tuple[ErrorKinds, ...]
    confusions: tuple[Confusion, ...]
    recalls: tuple[WordRecall, ...]
    relations: tuple[Relation, ...]
    worst: tuple[Score, ...]


def analyse(scored: Scored) -> ErrorAnalysis:
    """Look at every alignment."""
    groups = (EVERYTHING, *(scored.groups if len(scored.groups) > 1 else ()))
    return ErrorAnalysis(
        system=scored.system.name,
        kinds=tuple(_kinds(group, scored.of(group)) for group in groups),
        confusions=_confusions(scored.scores),
        recalls=_recalls(scored.scores),
        relations=relate(scored.scores),
        worst=tuple(sorted(scored.scores, key=lambda s: (-s.counted.errors, s.entry.id))[:MOST_WORST]),
    )


def _kinds(group: str, scores: Sequence[Score]) -> ErrorKinds:
    words = max(1, sum(s.counted.tokens for s in scores))
    return ErrorKinds(group, *(sum(getattr(s.counted, kind) for s in scores) / words for kind in KINDS))


def _confusions(scores: Sequence[Score]) -> tuple[Confusion, ...]:
    found = Counter(pair for score in scores for pair in score.alignment.pairs if pair[0] != pair[1])
    return tuple(Confusion(said, heard, count) for (said, heard), count in found.most_common(MOST_CONFUSIONS))


def _recalls(scores: Sequence[Score]) -> tuple[WordRecall, ...]:
    """The worst first."""
    said: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for wanted, found in (pair for score in scores for pair in score.alignment.pairs):
        if wanted is not None:
            said[wanted] += 1
            hit[wanted] += wanted == found
    rows = (WordRecall(word, count, hit[word] / count) for word, count in said.items() if count >= FEWEST_SEEN)
    return tuple(sorted(rows, key=lambda row: (row.recall, -row.said, row.word))[:MOST_WORDS])
