"""Collapsing labels to tokens."""

from dataclasses import astuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.decoding.base import Frames, Labels, LogProbs
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder

LABELS = Labels(("\u2581he", "llo", "\u2581", "w", "\u2581you", ""), blank=5)


def log_probs(labels: list[int], best: float = -0.5) -> LogProbs:
    values = np.full((len(labels), 6), -9.0, np.float32)
    values[np.arange(len(labels)), labels] = best
    return values


def decode(labels: list[int]) -> list[int]:
    decoder = GreedyDecoder(LABELS)
    decoder.accept(Frames.of(log_probs(labels)))
    return [t.label for t in decoder.stable]


def test_repeats_collapse_unless_a_blank_parts_them() -> None:
    assert decode([5, 0, 0, 1, 5, 1, 1, 4, 5]) == [0, 1, 1, 4]


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 7))
def test_pieces_decode_like_the_whole(labels: list[int], size: int) -> None:
    decoder, whole = GreedyDecoder(LABELS), GreedyDecoder(LABELS)
    for start in range(0, len(labels), size):
        decoder.accept(Frames.of(log_probs(labels[start : start + size]), start))
    whole.accept(Frames.of(log_probs(labels)))
    assert decoder.stable == whole.stable


def test_a_token_spans_its_frames_and_keeps_its_best_probability() -> None:
    decoder = GreedyDecoder(LABELS)
    decoder.accept(Frames.of(log_probs([5, 0, 0]), first=7))
    decoder.accept(Frames.of(log_probs([0, 5], best=-0.1), first=10))
    assert [astuple(t) for t in decoder.stable] == [(0, 8, 10, np.float32(-0.1))]


def test_a_label_that_goes_on_after_the_utterance_is_not_heard_twice() -> None:
    decoder = GreedyDecoder(LABELS)
    decoder.accept(Frames.of(log_probs([5, 0])))
    assert [t.label for t in decoder.finish()[0].tokens] == [0]
    decoder.accept(Frames.of(log_probs([0, 5, 0]), first=2))
    assert [(t.label, t.first) for t in decoder.finish()[0].tokens] == [(0, 4)]
    assert decoder.finish()[0].tokens == []


def test_frames_can_be_parted() -> None:
    whole = Frames.of(log_probs([5, 0, 4, 5]), first=3)
    part = whole.part(1, 3)
    assert (part.first, len(part), part.labels) == (4, 2, [0, 4])
    assert np.array_equal(part.log_probs, whole.log_probs[1:3])
