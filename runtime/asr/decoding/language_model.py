"""A word n-gram model with back-off, as sorted arrays of hashed n-grams."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechtrt.errors import DataError
from speechtrt.runtime.asr.decoding.arpa import ADVICE, BEGIN, END, FACTOR, UNKNOWN, Section, read_arpa

History = tuple[int, ...]  # ids of the words before, the newest first

MOST_REMEMBERED = 100_000
MASK = (1 << 64) - 1
LN10 = math.log(10)


@dataclass(frozen=True, slots=True)
class Order:
    """The n-grams of one length: hashes in rising order, natural logarithms of probability and back-off weight."""

    keys: memoryview
    probabilities: memoryview
    backoffs: memoryview

    @classmethod
    def of(cls, section: Section) -> "Order":
        """Sort what a file holds. Raises ValueError when an n-gram is there twice."""
        keys = section.keys()
        order = np.argsort(keys)
        keys = keys[order]
        if (keys[1:] == keys[:-1]).any():
            raise ValueError(f"an n-gram of length {section.length} is there twice")
        logs = [np.frombuffer(part, np.float32)[order] * np.float32(LN10) for part in section.logarithms]
        return cls(keys.data, logs[0].data, logs[1].data)

    def find(self, key: int) -> int | None:
        """Where an n-gram is; None when it is not."""
        place = bisect_left(self.keys, key)
        return place if place < len(self.keys) and self.keys[place] == key else None


@dataclass(slots=True)
class LanguageModel:
    """Natural logarithms of probabilities of words. For many decoders and threads: what it remembers only saves time.

    `spelled` are its words in rising order, `chances` [words] their probabilities without history.
    """

    ids: dict[str, int]
    orders: tuple[Order, ...]
    spelled: Sequence[str]
    chances: npt.NDArray[np.float32]
    _scores: dict[tuple[History, str], tuple[float, History]] = field(default_factory=dict)
    _hopes: dict[str, float] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "LanguageModel":
        """Read an ARPA file, plain or gzip. Raises DataError."""
        arpa = read_arpa(path)
        try:
            orders = tuple(Order.of(section) for section in arpa.sections)
        except ValueError as error:
            raise DataError(f"{path}: {error}; {ADVICE}") from error
        spelled = sorted(arpa.words.keys() - {BEGIN, END, UNKNOWN})
        if not spelled:
            raise DataError(f"{path}: has no words; {ADVICE}")
        first = np.frombuffer(arpa.sections[0].probabilities, np.float32) * np.float32(LN10)
        return cls(arpa.words, orders, spelled, first[[arpa.words[word] for word in spelled]])

    @property
    def begin(self) -> History:
        """What comes before the first word of an utterance."""
        return (self.ids[BEGIN],) if BEGIN in self.ids and len(self.orders) > 1 else ()

    def score(self, history: History, word: str) -> tuple[float, History]:
        """ln P(word | history), and the history of the word after it."""
        found = self._scores.get((history, word))
        if found is None:
            if len(self._scores) >= MOST_REMEMBERED:
                self._scores.clear()
            found = self._scores[history, word] = self._score(history, self.ids.get(word, self.ids.get(UNKNOWN)))
        return found

    def end(self, history: History) -> float:
        """ln P(the utterance ends here); 0 for a model that knows no ends."""
        return self.score(history, END)[0] if END in self.ids else 0.0

    def hope(self, beginning: str) -> float:
        """The highest ln P, without history, of any word with this beginning; of an unknown word if there is none."""
        found = self._hopes.get(beginning)
        if found is None:
            if len(self._hopes) >= MOST_REMEMBERED:
                self._hopes.clear()
            found = self._hopes[beginning] = self._hope(beginning)
        return found

    def _hope(self, beginning: str) -> float:
        start = bisect_left(self.spelled, beginning)
        stop = bisect_left(self.spelled, beginning + chr(0x10FFFF), start)
        return float(self.chances[start:stop].max()) if stop > start else self.score((), UNKNOWN)[0]

    def _score(self, history: History, word: int | None) -> tuple[float, History]:
        if word is None:
            return float(self.chances.min()), ()
        history = history[: len(self.orders) - 1]
        keys, contexts = _keys((word, *history)), _keys(history)
        total = 0.0
        for length in range(len(history), -1, -1):
            place = self.orders[length].find(keys[length])
            if place is not None:
                total += self.orders[length].probabilities[place]
                break
            total += self._backoff(contexts, length)
        return total, (word, *history)[: len(self.orders) - 1]

    def _backoff(self, contexts: Sequence[int], length: int) -> float:
        place = self.orders[length - 1].find(contexts[length - 1]) if length else None
        return 0.0 if place is None else self.orders[length - 1].backoffs[place]


def _keys(ids: Sequence[int]) -> list[int]:
    """Hashes of the first one, two, ... of `ids`, the newest first."""
    keys, key = [], 0
    for one in ids:
        key = (key * FACTOR + one + 1) & MASK
        keys.append(key)
    return keys
