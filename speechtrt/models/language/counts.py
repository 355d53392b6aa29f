"""Counts of n-grams in sentences, with a mark at either end."""

from collections import Counter
from collections.abc import Iterable

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
Gram = tuple[str, ...]


def count_grams(sentences: Iterable[str], order: int) -> list[Counter[Gram]]:
    """How often each n-gram occurs, for n from 1 to `order`; the first counter holds single words."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        words = (BEGIN, *sentence.split(), END)
        for size, counter in enumerate(counts, 1):
            counter.update(words[start : start + size] for start in range(len(words) - size + 1))
    return counts


def continuation_counts(counts: list[Counter[Gram]]) -> list[Counter[Gram]]:
    """Kneser-Ney counts: below the highest order, the number of different words seen before an n-gram.

    N-grams that begin a sentence have no word before them and keep their frequency.
    """
    adjusted = [Counter({gram: count for gram, count in one.items() if gram[0] == BEGIN}) for one in counts[:-1]]
    for size, one in enumerate(counts[1:]):
        adjusted[size].update(gram[1:] for gram in one)
    return [*adjusted, counts[-1]]
