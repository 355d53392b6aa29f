"""Sentences beyond the grammar: dictionary words and punctuation, so that the voice reads what it never saw."""

import random
from collections.abc import Sequence
from pathlib import Path

from speechtrt.errors import DataError
from speechtrt.models.data.sentences import Split, sentences, split_of

DICTIONARY = Path("/usr/share/dict/words")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz'")
LONGEST = 11
_SMALL = (
    "the of and to in a is that it was for on are with as his they at be this from have or by one had not but what all "
    "were when we there can an your which their said if do will each about how up out them then she many some so these "
    "would other into has more her two like him see time could no make than first been its who now people my made over"
)
SMALL_WORDS = tuple(_SMALL.split())


def dictionary_words(path: Path = DICTIONARY) -> list[str]:
    """Lower-case words of a word list, without possessives. Raises DataError when the list is missing."""
    if not path.is_file():
        raise DataError(f"{path}: is missing; expected a word list, one word per line (Debian package wamerican)")
    words = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
    return sorted(word for word in words if len(word) > 1 and LETTERS.issuperset(word) and not word.endswith("'s"))


def open_sentences(count: int, seed: int, words: Sequence[str]) -> list[str]:
    """`count` punctuated training sentences: three of five from dictionary words, the others from the grammar."""
    rng = random.Random(seed)
    short = [word for word in words if len(word) <= LONGEST]
    spoken = sentences(count, seed, Split.TRAIN)
    texts = [_words(rng, short) if number % 5 < 3 else text for number, text in enumerate(spoken)]
    return [_punctuated(rng, text) for text in texts if split_of(text) is Split.TRAIN]


def _words(rng: random.Random, words: Sequence[str]) -> str:
    return " ".join(rng.choice(words if rng.random() < 0.65 else SMALL_WORDS) for _ in range(rng.randint(3, 9)))


def _punctuated(rng: random.Random, text: str) -> str:
    words = text.split()
    marks = rng.choices(("", ",", ";", ":", "-"), (89, 7, 1, 1, 2), k=len(words) - 1)
    joined = "".join(word + mark + ("" if mark == "-" else " ") for word, mark in zip(words, [*marks, ""], strict=True))
    return joined.strip() + rng.choices((".", "?", "!", ""), (60, 12, 8, 20))[0]
