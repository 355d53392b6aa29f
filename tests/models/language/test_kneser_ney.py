import math
from collections import Counter

import pytest

from speechtrt.errors import DataError
from speechtrt.models.language.counts import BEGIN, END, UNKNOWN, Gram, continuation_counts, count_grams
from speechtrt.models.language.kneser_ney import USUAL_DISCOUNTS, BackoffModel, discounts, estimate

TEXT = ["a b c", "a b d", "a b c", "b c", "d a b", "c c a", "a b c d", "d d"] * 2


def total(model: BackoffModel, history: tuple[str, ...]) -> float:
    """Sum over everything that can follow."""
    return sum(10 ** model.log_probability(history, word) for word in model.words if word != BEGIN)


def test_grams_are_counted_with_the_edges() -> None:
    one, two = count_grams(["a b a"], 2)
    assert one == {(BEGIN,): 1, ("a",): 2, ("b",): 1, (END,): 1}
    assert two == {(BEGIN, "a"): 1, ("a", "b"): 1, ("b", "a"): 1, ("a", END): 1}


def test_lower_orders_count_the_words_before() -> None:
    one, two = continuation_counts(count_grams(["a b", "c b", "c b"], 2))
    assert one == {(BEGIN,): 3, ("a",): 1, ("b",): 2, ("c",): 1, (END,): 1}
    assert two[("c", "b")] == 2


@pytest.mark.parametrize("cutoffs", [(1, 1, 1), (1, 2, 2), (1, 2, 4)])
@pytest.mark.parametrize("history", [(), (BEGIN,), ("a",), ("a", "b"), ("d", "c"), ("zoo", "a"), (BEGIN, "d")])
def test_every_history_shares_out_one(cutoffs: tuple[int, ...], history: tuple[str, ...]) -> None:
    assert total(estimate(TEXT, 3, cutoffs), history) == pytest.approx(1.0)


def test_what_was_seen_is_likelier_and_the_rest_is_possible() -> None:
    model = estimate(TEXT, 3, (1, 1, 1))
    seen, unseen = model.log_probability(("a", "b"), "c"), model.log_probability(("a", "b"), "a")
    assert seen > unseen + 1.0
    assert math.isfinite(model.log_probability(("a", "b"), "elephant"))
    assert model.log_probability(("a",), "elephant") == model.log_probability(("a",), UNKNOWN)


def test_pruning_removes_what_is_rare() -> None:
    whole, pruned = estimate(TEXT, 3, (1, 1, 1)), estimate(TEXT, 3, (1, 3, 3))
    assert len(pruned.orders[1]) < len(whole.orders[1])
    assert pruned.words == whole.words


def test_discounts_follow_the_counts_of_counts() -> None:
    counts: Counter[Gram] = Counter({(str(n),): c for n, c in enumerate([1] * 8 + [2] * 4 + [3] * 2 + [4])})
    base = 8 / 16
    assert discounts(counts) == pytest.approx((1 - 2 * base * 4 / 8, 2 - 3 * base * 2 / 4, 3 - 4 * base * 1 / 2))
    assert discounts(Counter({("a",): 1})) == USUAL_DISCOUNTS


def test_no_text_is_an_error() -> None:
    with pytest.raises(DataError, match="no sentences"):
        estimate([], 3, (1, 1, 1))
