"""Interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998), pruned by count, as a back-off model."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from speechtrt.errors import DataError
from speechtrt.models.language.counts import BEGIN, UNKNOWN, Gram, continuation_counts, count_grams

NEVER = -99.0  # what ARPA files say of an event that cannot happen
USUAL_DISCOUNTS = (0.5, 1.0, 1.5)  # for texts too regular to estimate them from


@dataclass(frozen=True, slots=True)
class Weight:
    """Base-10 logarithms of an n-gram's probability and of its back-off weight."""

    probability: float
    backoff: float = 0.0


@dataclass(frozen=True, slots=True)
class BackoffModel:
    """`orders[n - 1]` holds the n-grams of length n."""

    orders: tuple[Mapping[Gram, Weight], ...]

    @property
    def words(self) -> frozenset[str]:
        """The vocabulary, with the marks of begin, end and unknown."""
        return frozenset(gram[0] for gram in self.orders[0])

    def log_probability(self, history: Gram, word: str) -> float:
        """log10 P(word | history); unknown words count as the unknown mark."""
        known = tuple(item if (item,) in self.orders[0] else UNKNOWN for item in (*history, word))
        return self._score(known[max(0, len(known) - len(self.orders)) :])

    def _score(self, gram: Gram) -> float:
        weight = self.orders[len(gram) - 1].get(gram)
        if weight is not None:
            return weight.probability
        history = self.orders[len(gram) - 2].get(gram[:-1])
        return (history.backoff if history else 0.0) + self._score(gram[1:])


def estimate(sentences: Iterable[str], order: int, cutoffs: Sequence[int]) -> BackoffModel:
    """A model of `order`; n-grams of length n seen less than `cutoffs[n - 1]` times are left to their back-off.

    Raises DataError for no text.
    """
    raw = count_grams(sentences, order)
    if not raw[0]:
        raise DataError("no sentences to estimate a language model from; expected at least one")
    adjusted = continuation_counts(raw)
    kept = [{gram for gram, count in one.items() if count >= cut} for one, cut in zip(raw, cutoffs, strict=True)]
    linear: list[dict[Gram, float]] = []
    gammas: list[dict[Gram, float]] = []
    for size, counts in enumerate(adjusted):
        discounted, left = _discount(counts, kept[size])
        lower = linear[-1] if linear else None
        linear.append({gram: part + left[gram[:-1]] * _lower(gram, lower, counts) for gram, part in discounted.items()})
        gammas.append(left)
    _complete_unigrams(linear[0], gammas[0][()], len(adjusted[0]))
    return _as_logarithms(linear, [*gammas[1:], {}])


def discounts(counts: Mapping[Gram, int]) -> tuple[float, float, float]:
    """What is taken from counts of one, two, and three or more (Chen and Goodman 1998, equation 26)."""
    n = [sum(count == wanted for count in counts.values()) for wanted in (1, 2, 3, 4)]
    if 0 in n:
        return USUAL_DISCOUNTS
    base = n[0] / (n[0] + 2 * n[1])
    found = (1 - 2 * base * n[1] / n[0], 2 - 3 * base * n[2] / n[1], 3 - 4 * base * n[3] / n[2])
    return found if all(0 < one <= size for size, one in enumerate(found, 1)) else USUAL_DISCOUNTS


def _discount(counts: Counter[Gram], kept: set[Gram]) -> tuple[dict[Gram, float], dict[Gram, float]]:
    """Discounted probabilities of the kept n-grams, and for each history the share that is left to the lower order."""
    amounts = discounts(counts)
    totals: defaultdict[Gram, int] = defaultdict(int)
    for gram, count in counts.items():
        if gram != (BEGIN,):
            totals[gram[:-1]] += count
    parts: dict[Gram, float] = {}
    left: dict[Gram, float] = dict.fromkeys(totals, 1.0)
    for gram, count in counts.items():
        if gram in kept and gram != (BEGIN,):
            parts[gram] = (count - amounts[min(count, 3) - 1]) / totals[gram[:-1]]
            left[gram[:-1]] -= parts[gram]
    return parts, left


def _lower(gram: Gram, lower: Mapping[Gram, float] | None, counts: Mapping[Gram, int]) -> float:
    """The probability one order down; below single words all are alike, the unknown word among them."""
    return lower[gram[1:]] if lower is not None else 1 / len(counts)


def _complete_unigrams(unigrams: dict[Gram, float], left: float, words: int) -> None:
    """The unknown word takes the place that the begin mark, which is never predicted, leaves among `words`."""
    unigrams[(UNKNOWN,)] = left / words
    unigrams[(BEGIN,)] = 10**NEVER


def _as_logarithms(linear: list[dict[Gram, float]], gammas: list[dict[Gram, float]]) -> BackoffModel:
    orders = [
        {gram: Weight(math.log10(p), math.log10(gamma.get(gram, 1.0))) for gram, p in sorted(one.items())}
        for one, gamma in zip(linear, gammas, strict=True)
    ]
    return BackoffModel(tuple(orders))
