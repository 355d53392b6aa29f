"""Which letters speak which phones: a many-to-one aligner, trained by Viterbi EM on pronounced words.

A letter takes none to four neighbouring phones. The model is p(count | letter) times p(phone | letter) for each;
pauses belong to spaces, punctuation and the end of the sentence, all other phones to letters.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from speechtrt.models.tts.phones import PAUSE

MOST = 4
_UNSEEN = math.log(1e-5)
_NEVER = -1e9

Letters = Sequence[str]
Phones = Sequence[str]


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """Text pieces with the phones that are heard for them."""

    letters: Letters
    phones: Phones


@dataclass(frozen=True, slots=True)
class LetterModel:
    """Log-probabilities: `counts[letter][n]` of speaking n phones, `phones[letter][phone]` of each."""

    counts: dict[str, dict[int, float]]
    phones: dict[str, dict[str, float]]

    def count_score(self, letter: str, count: int) -> float:
        """Log-probability that `letter` speaks `count` phones."""
        if not letter.isalpha():
            return -0.1 * count
        return self.counts.get(letter, {}).get(count, _UNSEEN)

    def phone_score(self, letter: str, phone: str) -> float:
        """Log-probability that a phone of `letter` is `phone`."""
        if letter.isalpha() == (phone == PAUSE):
            return _NEVER
        return self.phones.get(letter, {}).get(phone, _UNSEEN) if letter.isalpha() else 0.0


def align(model: LetterModel, spoken: Pronunciation) -> list[tuple[int, int]] | None:
    """For each letter its span [first, last) of phones, in order and without gaps; None if nothing fits."""
    columns = len(spoken.phones) + 1
    best = [0.0] + [_NEVER] * (columns - 1)
    history: list[list[int]] = []
    for letter in spoken.letters:
        best, taken = _extend(model, letter, spoken.phones, best)
        history.append(taken)
    return _spans(history, columns - 1) if best[-1] > _NEVER / 2 else None


def _extend(model: LetterModel, letter: str, phones: Phones, best: list[float]) -> tuple[list[float], list[int]]:
    """One row of the dynamic programme: the best score and the phones taken by `letter`, per end."""
    counts = [model.count_score(letter, count) for count in range(MOST + 1)]
    singles = [model.phone_score(letter, phone) for phone in phones]
    row, taken = [_NEVER] * len(best), [0] * len(best)
    for end in range(len(best)):
        window = 0.0
        for count in range(min(MOST, end) + 1):
            window += singles[end - count] if count else 0.0
            total = best[end - count] + counts[count] + window
            if total > row[end]:
                row[end], taken[end] = total, count
    return row, taken


def _spans(history: list[list[int]], end: int) -> list[tuple[int, int]]:
    spans = []
    for taken in reversed(history):
        spans.append((end - taken[end], end))
        end -= taken[end]
    return spans[::-1]


def learn_letters(words: Sequence[Pronunciation], rounds: int = 6) -> LetterModel:
    """Viterbi EM, started from how often letters and phones meet in one word."""
    model = _start(words)
    for _ in range(rounds):
        model = _refit((word, spans) for word in words if (spans := align(model, word)) is not None)
    return model


def _start(words: Iterable[Pronunciation]) -> LetterModel:
    meetings: dict[str, Counter[str]] = defaultdict(Counter)
    for word in words:
        for place, letter in enumerate(word.letters):
            for other, phone in enumerate(word.phones):
                # Letters and phones run in parallel: only those at about the same place can belong together.
                away = abs(place / len(word.letters) - other / max(1, len(word.phones)))
                meetings[letter][phone] += max(0, round(10 * (1 - 4 * away)))
    counts = {letter: _logs(Counter({0: 30, 1: 60, 2: 8, 3: 1, 4: 1})) for letter in meetings}
    return LetterModel(counts, {letter: _logs(phones) for letter, phones in meetings.items()})


def _refit(aligned: Iterable[tuple[Pronunciation, list[tuple[int, int]]]]) -> LetterModel:
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    phones: dict[str, Counter[str]] = defaultdict(Counter)
    for word, spans in aligned:
        for letter, (first, last) in zip(word.letters, spans, strict=True):
            counts[letter][last - first] += 1
            phones[letter].update(word.phones[first:last])
    return LetterModel(
        {letter: _logs(table) for letter, table in counts.items()},
        {letter: _logs(table) for letter, table in phones.items()},
    )


def _logs(counter: Counter[Any]) -> dict[Any, float]:
    total = sum(counter.values())
    return {key: math.log(max(1e-6, count / total)) for key, count in counter.items() if total}
