"""Forced alignment: the best of all paths, whatever is kept of the way there."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.errors import TextError
from speechtrt.runtime.asr.alignment import align
from speechtrt.runtime.asr.decoding.alignment import align_labels
from speechtrt.runtime.asr.decoding.base import Labels, LogProbs
from speechtrt.runtime.asr.decoding.shipped import language_model_file
from speechtrt.runtime.asr.decoding.spelling import Spelling
from speechtrt.runtime.asr.transcript import Word
from speechtrt.runtime.pieces import load_pieces, piece_texts

BLANK = 3


def random_frames(frames: int, seed: int) -> LogProbs:
    logits = np.random.default_rng(seed).normal(0, 2, (frames, 4))
    return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)), np.float32)


def brute_force(log_probs: LogProbs, labels: list[int]) -> float:
    """The highest sum of log-probabilities of any path that collapses to `labels`."""
    best = -np.inf
    for path in itertools.product(range(4), repeat=len(log_probs)):
        if [label for label, _ in itertools.groupby(path) if label != BLANK] == labels:
            best = max(best, float(sum(np.float64(log_probs[i, label]) for i, label in enumerate(path))))
    return best


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=4), st.integers(1, 7), st.integers(0, 99), st.integers(1, 8))
def test_the_path_is_the_best_of_all(labels: list[int], frames: int, seed: int, chunk: int) -> None:
    log_probs = random_frames(frames, seed)
    best = brute_force(log_probs, labels)
    if best == -np.inf:
        with pytest.raises(TextError, match="the text needs"):
            align_labels(log_probs, labels, BLANK, chunk)
        return
    tokens = align_labels(log_probs, labels, BLANK, chunk)
    path = np.full(frames, BLANK)
    for token in tokens:
        path[token.first : token.last + 1] = token.label
        assert token.log_prob == log_probs[token.first : token.last + 1, token.label].max()
    assert [token.label for token in tokens] == labels
    assert [label for label, _ in itertools.groupby(path) if label != BLANK] == labels
    assert float(log_probs[np.arange(frames), path].astype(np.float64).sum()) == pytest.approx(best)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(1, 300), st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_the_chunk_does_not_matter(seed: int, chunk: int, labels: list[int]) -> None:
    log_probs = random_frames(200, seed)
    assert align_labels(log_probs, labels, BLANK, chunk) == align_labels(log_probs, labels, BLANK)


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour's memory is what it keeps: a column for every chunk, and the ways of one chunk."""
    import tracemalloc

    log_probs, labels = random_frames(6000, 0), [i % 3 for i in range(2500)]
    align_labels(log_probs[:100], [0], BLANK)
    tracemalloc.start()
    align_labels(log_probs, labels, BLANK, chunk=128)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    whole = len(log_probs) * (2 * len(labels) + 1)  # bytes of the ways of all frames
    assert peak < whole / 5


def test_impossible_labels_are_said() -> None:
    log_probs = random_frames(5, 0)
    log_probs[:, 1] = -np.inf
    with pytest.raises(TextError, match="no path through the audio"):
        align_labels(log_probs, [0, 1], BLANK)


def test_words_have_times_and_confidences() -> None:
    labels = Labels(("\u2581a", "b", "\u2581", ""), BLANK)
    chances = np.full((5, 4), 0.01)
    for frame, label in enumerate([BLANK, 0, 1, BLANK, 0]):
        chances[frame, label] = 0.97
    found = align(np.log(chances).astype(np.float32), "AB a", labels, 0.1, seconds=0.45)
    assert found == (Word("ab", 0.1, 0.3, 0.97), Word("a", 0.4, 0.45, 0.97))
    with pytest.raises(TextError, match="the transcript is empty"):
        align(np.log(chances), " ", labels, 0.1)
    with pytest.raises(TextError, match="no label for 'c' in 'abc'"):
        align(np.log(chances), "abc", labels, 0.1)
    with pytest.raises(TextError, match="needs 6 frames but the audio has 5"):
        align(np.log(chances), "ab ab ab", labels, 0.1)


def test_a_text_is_spelled_as_the_tokenizer_does() -> None:
    tokenizer = language_model_file("words").parents[1] / "ctc-medium" / "tokenizer.model"
    processor = load_pieces(Path(tokenizer))
    spelling = Spelling.of((*piece_texts(processor), ""))
    words = ["agree", "apples", "bedroom", "zebra", "o'clock", "seventeen", "mississippi"]
    assert [spelling.labels(word) for word in words] == [processor.encode(word) for word in words]


def test_where_the_mark_is_a_label_of_its_own_none_comes_before_the_first_word() -> None:
    spelling = Spelling.of(("\u2581", "A", "B", ""))
    assert spelling.labels("ab a") == [1, 2, 0, 1]
