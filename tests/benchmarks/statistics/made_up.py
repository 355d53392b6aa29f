"""Texts and hypotheses out of a seed."""

import random
from collections.abc import Sequence

from speechtrt.benchmarks.statistics.alignment import align
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors

WORDS = [f"word{number}" for number in range(20)]
Texts = list[list[str]]


def texts(count: int, seed: int = 0) -> Texts:
    """Utterances of one to twenty words."""
    rng = random.Random(seed)
    return [[rng.choice(WORDS) for _ in range(rng.randint(1, 20))] for _ in range(count)]


def heard(said: Sequence[Sequence[str]], rate: float, seed: int) -> Texts:
    """The same with substitutions, deletions and insertions in about `rate` of the words."""
    rng = random.Random(seed)
    return [_noisy(words, rate, rng) for words in said]


def _noisy(words: Sequence[str], rate: float, rng: random.Random) -> list[str]:
    found: list[str] = []
    for word in words:
        kind = rng.random() / rate
        if kind < 1 / 3:
            continue
        found.append(rng.choice(WORDS) if kind < 2 / 3 else word)
        if 2 / 3 <= kind < 1:
            found.append(rng.choice(WORDS))
    return found


def rows(said: Texts, found: Texts, speakers: int = 10) -> list[UtteranceErrors]:
    """Counted, the speakers in turn."""
    return [
        UtteranceErrors.of(f"{number:05d}", f"speaker{number % speakers}", align(a, b))
        for number, (a, b) in enumerate(zip(said, found, strict=True))
    ]
