"""Tokens to words with times, and to a text that only grows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.decoding.base import Token
from speechtrt.runtime.asr.decoding.words import last_word, text, words
from speechtrt.runtime.asr.transcript import Word

PIECES = ("\u2581he", "llo", "\u2581", "w", "\u2581you", "")


def tokens(*labels: int) -> list[Token]:
    return [Token(label, index, index, -0.5) for index, label in enumerate(labels)]


def test_words_have_times_and_confidence() -> None:
    heard = [Token(0, 1, 2, -0.5), Token(1, 3, 3, -0.5), Token(4, 6, 7, -0.1)]
    assert words(heard, PIECES, 0.08) == (Word("hello", 0.08, 0.32, 0.6065), Word("you", 0.48, 0.64, 0.9048))


def test_a_lone_word_mark_parts_words_and_takes_no_time() -> None:
    assert [(w.word, w.start) for w in words(tokens(3, 2, 3), PIECES, 1.0)] == [("w", 0.0), ("w", 2.0)]


def test_no_word_ends_after_the_audio() -> None:
    assert [(w.start, w.end) for w in words(tokens(0, 1, 4), PIECES, 0.08, 0.2)] == [(0.0, 0.16), (0.16, 0.2)]


def test_nothing_heard_is_no_words() -> None:
    assert words([], PIECES, 0.08) == ()
    assert text([], PIECES) == ""


def test_the_last_word_begins_at_its_mark() -> None:
    assert last_word(tokens(0, 1, 4, 3), PIECES) == 2
    assert last_word(tokens(0, 1, 3), PIECES) == 0
    assert last_word([], PIECES) == 0


@given(st.lists(st.integers(0, 4), max_size=12))
def test_the_text_is_that_of_the_words_and_only_grows(labels: list[int]) -> None:
    heard = tokens(*labels)
    assert text(heard, PIECES) == " ".join(word.word for word in words(heard, PIECES, 0.08))
    shown = [text(heard[:count], PIECES) for count in range(len(heard) + 1)]
    assert all(after.startswith(before) for before, after in pairwise(shown))
