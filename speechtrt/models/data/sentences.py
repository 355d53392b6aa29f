"""Seeded sentences of lower-case words; the hash of a sentence decides whether it is for training or held out."""

import hashlib
import random
from collections.abc import Iterator
from enum import Enum

from speechtrt.models.data.grammar import Grammar, load_grammar

HELD_OUT_SHARE = 10  # one sentence in ten is held out
FREE_WORDS = (3, 9)
MOST_WORDS = 16


class Split(Enum):
    """Which set a sentence belongs to, for every seed and every machine."""

    TRAIN = "train"
    HELD_OUT = "held_out"


def split_of(sentence: str) -> Split:
    """The split of a sentence, from the sha256 of its text: the two sets cannot share a sentence."""
    digest = hashlib.sha256(sentence.encode()).digest()
    return Split.HELD_OUT if int.from_bytes(digest[:4], "big") % HELD_OUT_SHARE == 0 else Split.TRAIN


def sentences(count: int, seed: int, split: Split, kinds: tuple[str, ...] | None = None) -> list[str]:
    """`count` distinct sentences of `split`; the same list for the same arguments. `kinds` restricts the grammar."""
    grammar = load_grammar()
    rng = random.Random(f"{split.value}:{seed}")
    chosen: dict[str, None] = {}
    for sentence in _stream(grammar, rng, kinds or tuple(grammar.weights)):
        if len(chosen) == count:
            break
        if split_of(sentence) is split and len(sentence.split()) <= MOST_WORDS:
            chosen[sentence] = None
    return list(chosen)


def _stream(grammar: Grammar, rng: random.Random, kinds: tuple[str, ...]) -> Iterator[str]:
    weights = [grammar.weights[kind] for kind in kinds]
    while True:
        kind = rng.choices(kinds, weights)[0]
        yield _free(grammar, rng) if kind == "free" else grammar.expand(rng.choice(grammar.templates[kind]), rng)


def _free(grammar: Grammar, rng: random.Random) -> str:
    return " ".join(rng.choice(grammar.vocabulary) for _ in range(rng.randint(*FREE_WORDS)))
