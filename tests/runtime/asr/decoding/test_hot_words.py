"""Hot phrases: what they add to a text, character by character, and which files hold them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.errors import DataError, TextError
from speechtrt.runtime.asr.decoding.hot_words import START, HotWords
from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.decoding.phrase_file import read_phrases
from speechtrt.runtime.asr.decoding.spelling import Spelling

PIECES = ("\u2581", "a", "b", "c", "\u2581ab", "\u2581a", "bc", "")


def total(hot: HotWords, labels: list[int], ended: bool = True) -> float:
    state, boost = START, 0.0
    for label in labels:
        state, gain = hot.step(state, label)
        boost += gain
    return boost + hot.end(state) if ended else boost


def spelled(text: str) -> list[int]:
    """Labels of single characters."""
    return [PIECES.index(character) for character in ("\u2581" + text.replace(" ", "\u2581"))]


def occurrences(text: str, phrases: dict[str, float]) -> float:
    """The boosts of every phrase as often as it is in the text as whole words."""
    heard = text.split()
    return sum(
        boost * sum(heard[i : i + len(phrase.split())] == phrase.split() for i in range(len(heard)))
        for phrase, boost in phrases.items()
    )


words = st.text("abc", min_size=1, max_size=3)
texts = st.lists(words, min_size=1, max_size=3).map(" ".join)


@given(st.dictionaries(texts, st.floats(0.5, 5.0), max_size=5), st.lists(words, max_size=8).map(" ".join))
def test_a_text_gets_the_boost_of_every_phrase_that_is_in_it_and_nothing_else(
    phrases: dict[str, float], text: str
) -> None:
    hot = HotWords.of([HotPhrase(phrase, boost) for phrase, boost in phrases.items()], PIECES)
    assert total(hot, spelled(text)) == pytest.approx(occurrences(text, phrases))


def test_a_phrase_inside_another_counts_too() -> None:
    hot = HotWords.of([HotPhrase("a b", 3.0), HotPhrase("b", 2.0)], PIECES)
    assert total(hot, spelled("a b")) == total(hot, spelled("a b c")) == 5.0
    assert total(hot, spelled("c b")) == 2.0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechtrt.runtime.asr.decoding.hot_words.MOST_REMEMBERED", 5)
    hot = HotWords.of([HotPhrase("abc abc", 3.0)], PIECES)
    assert total(hot, spelled("abc abc")) == pytest.approx(3.0) and len(hot._steps) <= 5


def test_how_it_is_cut_into_pieces_does_not_matter() -> None:
    hot = HotWords.of([HotPhrase("abc ab", 3.0)], PIECES)
    assert total(hot, [4, 3, 4]) == total(hot, [5, 6, 0, 1, 2]) == total(hot, spelled("abc ab")) == pytest.approx(3.0)


def test_credit_grows_with_a_phrase_and_is_lost_with_it() -> None:
    hot = HotWords.of([HotPhrase("abc", 4.0)], PIECES)
    assert [total(hot, spelled("abc")[:count], ended=False) for count in range(5)] == [0, 1, 2, 3, 4]
    assert total(hot, spelled("abb"), ended=False) == 0.0
    assert total(hot, spelled("abca")) == 0.0  # a longer word is another one
    assert total(hot, spelled("ab")) == 0.0


def test_a_boost_may_be_negative() -> None:
    hot = HotWords.of([HotPhrase("ab", -2.0)], PIECES)
    assert total(hot, spelled("ab")) == -2.0


@pytest.mark.parametrize("text", ["", "  ", "x" * 500])
def test_a_phrase_has_words_and_an_end(text: str) -> None:
    with pytest.raises(TextError, match="expected at"):
        HotPhrase(text)


def test_a_boost_cannot_drown_the_sound() -> None:
    with pytest.raises(TextError, match="boost of 1000; expected -50 to 50"):
        HotPhrase("a", 1000.0)


def test_phrases_are_spelled_as_the_model_does() -> None:
    spelling = Spelling.of(PIECES)
    assert spelling.phrase(HotPhrase(" ABC  ab ", 2.0)) == HotPhrase("abc ab", 2.0)
    with pytest.raises(TextError, match=r"'ab c3po': the model has no labels for 'c3po'"):
        spelling.phrase(HotPhrase("ab c3po"))
    assert Spelling.of(("\u2581A", "B")).fold("ab") == "AB"
    assert Spelling.of(("\u2581A", "b")).fold("aB") == "aB"


def test_a_file_has_a_phrase_per_line(tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_text("# places\nnew york\nab\t7.5\n\n")
    assert read_phrases(path) == (HotPhrase("new york"), HotPhrase("ab", 7.5))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no hot words"),
        (b"# nothing\n", "has no hot words"),
        (b"ab\nac\tmuch\n", "line 2 is no hot phrase"),
        (b"ab\t900\n", "boost of 900"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_what_is_no_list_of_phrases_is_refused_in_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "hot.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_phrases(path)
    assert reason in str(refused.value) and str(path) in str(refused.value) and "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read as hot words"):
        read_phrases(tmp_path / "none.txt")
