"""Collapsing labels to tokens, and tokens to words with times."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder, words
from speechtrt.runtime.asr.transcript import Word

PIECES = ("\u2581he", "llo", "\u2581", "w", "\u2581you", "")
BLANK = 5


def log_probs(labels: list[int], best: float = -0.5) -> np.ndarray:
    values = np.full((len(labels), 6), -9.0, np.float32)
    values[np.arange(len(labels)), labels] = best
    return values


def decode(labels: list[int]) -> list[int]:
    decoder = GreedyDecoder(BLANK)
    decoder.accept(log_probs(labels))
    return [t.label for t in decoder.tokens]


def test_repeats_collapse_unless_a_blank_parts_them() -> None:
    assert decode([5, 0, 0, 1, 5, 1, 1, 4, 5]) == [0, 1, 1, 4]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 7))
def test_pieces_decode_like_the_whole(labels: list[int], size: int) -> None:
    decoder = GreedyDecoder(BLANK)
    for start in range(0, len(labels), size):
        decoder.accept(log_probs(labels[start : start + size]))
    whole = GreedyDecoder(BLANK)
    whole.accept(log_probs(labels))
    assert decoder.tokens == whole.tokens
    assert decoder.frames == len(labels)


def test_words_have_times_and_confidence() -> None:
    decoder = GreedyDecoder(BLANK)
    decoder.accept(log_probs([5, 0, 0, 1, 5, 5, 4]))
    decoder.accept(log_probs([4, 5], best=-0.1))
    assert words(decoder.tokens, PIECES, 0.08) == (
        Word("hello", 0.08, 0.32, 0.6065),
        Word("you", 0.48, 0.64, 0.9048),
    )


def test_a_lone_word_mark_parts_words_and_takes_no_time() -> None:
    decoder = GreedyDecoder(BLANK)
    decoder.accept(log_probs([3, 2, 5, 3]))
    assert [(w.word, w.start) for w in words(decoder.tokens, PIECES, 1.0)] == [("w", 0.0), ("w", 3.0)]


def test_no_word_ends_after_the_audio() -> None:
    decoder = GreedyDecoder(BLANK)
    decoder.accept(log_probs([0, 5, 4, 4]))
    assert [(w.start, w.end) for w in words(decoder.tokens, PIECES, 0.08, 0.2)] == [(0.0, 0.08), (0.16, 0.2)]


def test_nothing_heard_is_no_words() -> None:
    assert words([], PIECES, 0.08) == ()
