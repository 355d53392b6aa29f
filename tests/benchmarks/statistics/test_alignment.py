from collections.abc import Sequence
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.statistics.alignment import DELETION, INSERTION, SUBSTITUTION, Alignment, align
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors

words = st.lists(st.sampled_from("abc"), max_size=7)


def cost(alignment: Alignment) -> int:
    a = alignment
    return SUBSTITUTION * a.substitutions + DELETION * a.deletions + INSERTION * a.insertions


def least(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """By trying everything."""

    @cache
    def rest(i: int, j: int) -> int:
        if i == len(reference):
            return INSERTION * (len(hypothesis) - j)
        if j == len(hypothesis):
            return DELETION * (len(reference) - i)
        beside = rest(i + 1, j + 1) + SUBSTITUTION * (reference[i] != hypothesis[j])
        return min(beside, rest(i + 1, j) + DELETION, rest(i, j + 1) + INSERTION)

    return rest(0, 0)


@given(words, words)
def test_it_is_the_cheapest_and_loses_no_word(reference: list[str], hypothesis: list[str]) -> None:
    found = align(reference, hypothesis)
    assert [a for a, _ in found.pairs if a is not None] == reference
    assert [b for _, b in found.pairs if b is not None] == hypothesis
    assert cost(found) == least(reference, hypothesis)
    assert found.errors == found.substitutions + found.deletions + found.insertions
    assert found.tokens == len(reference)


def test_unlike_words_beside_each_other_are_one_error() -> None:
    found = align(["turn", "the", "light", "off"], ["turn", "a", "light", "of", "it"])
    assert found.pairs == (
        ("turn", "turn"),
        ("the", "a"),
        ("light", "light"),
        (None, "of"),
        ("off", "it"),
    ) or found.pairs[3:] in ((("off", "of"), (None, "it")),)
    assert (found.substitutions, found.deletions, found.insertions) == (2, 0, 1)


def test_characters_are_counted_by_the_fewest_edits() -> None:
    found = UtteranceErrors.of_characters("u", "s", "kitten on", "sitting n")
    assert (found.substitutions, found.deletions, found.insertions, found.tokens) == (2, 1, 1, 9)
    assert found.errors == 4
