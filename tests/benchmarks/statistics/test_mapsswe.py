import pytest

from speechtrt.benchmarks.statistics.alignment import align
from speechtrt.benchmarks.statistics.mapsswe import mapsswe, segments
from speechtrt.errors import BenchmarkError
from tests.benchmarks.statistics.made_up import heard, texts


def test_two_correct_words_part_segments() -> None:
    said = ["a", "b", "c", "d", "e", "f", "g", "h"]
    first = align(said, ["x", "b", "c", "d", "e", "f", "g", "y"])
    second = align(said, ["a", "b", "c", "z", "e", "f", "g", "h"])
    assert list(segments(first, second)) == [(1, 0), (0, 1), (1, 0)]


def test_one_correct_word_does_not() -> None:
    said = ["a", "b", "c", "d"]
    assert list(segments(align(said, ["x", "b", "y", "d"]), align(said, said))) == [(2, 0)]


def test_words_at_the_ends_count() -> None:
    said = ["a", "b"]
    assert list(segments(align(said, ["x", "a", "b", "y"]), align(said, said))) == [(1, 0), (1, 0)]


def test_no_errors_are_no_segments() -> None:
    assert list(segments(align(["a"], ["a"]), align(["a"], ["a"]))) == []
    assert mapsswe([(align(["a"], ["a"]), align(["a"], ["a"]))]).p == 1.0


def test_the_sign_says_who_errs_more() -> None:
    said = texts(300)
    worse, better = heard(said, 0.3, 1), heard(said, 0.1, 2)
    found = mapsswe((align(s, w), align(s, b)) for s, w, b in zip(said, worse, better, strict=True))
    assert found.mean > 0 and found.z > 5 and found.p < 1e-6


def test_other_references_are_refused() -> None:
    with pytest.raises(BenchmarkError, match="expected the same utterance"):
        list(segments(align(["a"], []), align(["a", "b"], [])))
