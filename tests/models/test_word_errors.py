import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.models.word_errors import ErrorCount, character_errors, edit_distance, word_errors

words = st.lists(st.sampled_from("abc"), max_size=8)


@pytest.mark.parametrize(
    ("reference", "found", "edits"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a c", 1),
        ("a b c", "a b x c", 1),
        ("a b c", "a x c", 1),
        ("a b c", "", 3),
        ("", "a", 1),
        ("a b c d", "b c d a", 2),
    ],
)
def test_known_distances(reference: str, found: str, edits: int) -> None:
    assert edit_distance(reference.split(), found.split()) == edits


@given(words, words)
def test_distance_is_symmetric_and_bounded(a: list[str], b: list[str]) -> None:
    distance = edit_distance(a, b)
    assert distance == edit_distance(b, a)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))
    assert (distance == 0) == (a == b)


def test_rates_are_over_all_references() -> None:
    assert word_errors([("one two", "one"), ("three", "three four")]) == ErrorCount(2, 3)
    assert character_errors([("ab", "ac")]).rate == 0.5
    assert word_errors([]).rate == 0.0
