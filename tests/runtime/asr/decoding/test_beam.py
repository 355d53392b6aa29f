"""Prefix beam search: exact when nothing is pruned, online like the whole, and stable where it says so."""

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.runtime.asr.decoding.base import Frames, Hypothesis, Labels, LogProbs
from speechtrt.runtime.asr.decoding.beam import HORIZON, BeamDecoder
from speechtrt.runtime.asr.decoding.fusion import Fusion
from speechtrt.runtime.asr.decoding.hot_words import HotWords
from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.decoding.words import text
from speechtrt.runtime.asr.events import Cause

TEXTS = ("\u2581a", "b", "\u2581c", "")
LABELS = Labels(TEXTS, blank=3)
A, B, C, BLANK = range(4)

chances = st.lists(st.tuples(*[st.floats(0.02, 1.0)] * 4), min_size=1, max_size=40)


def log_probs(rows: Sequence[Sequence[float]]) -> LogProbs:
    values = np.array(rows, np.float64)
    return np.asarray(np.log(values / values.sum(1, keepdims=True)), np.float32)


def decoder(width: int = 8, hot: Sequence[HotPhrase] = (), alternatives: int = 1) -> BeamDecoder:
    hot_words = HotWords.of(hot, TEXTS) if hot else None
    return BeamDecoder(LABELS, Fusion(TEXTS, None, 0.0, 0.0, hot_words), width, alternatives)


def read(one: BeamDecoder, values: LogProbs, chunk: int = 7, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
    for start in range(0, len(values), chunk):
        one.accept(Frames.of(values[start : start + chunk], start))
    return one.finish(cause)


def labels_of(reading: Hypothesis) -> list[int]:
    return [token.label for token in reading.tokens]


def brute_force(values: LogProbs) -> dict[tuple[int, ...], float]:
    """The probability of every label sequence: all paths, summed."""
    found: defaultdict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(4), repeat=len(values)):
        collapsed = tuple(label for label, _ in itertools.groupby(path) if label != BLANK)
        found[collapsed] += math.exp(sum(float(values[i, label]) for i, label in enumerate(path)))
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0.02, 1.0)] * 4), min_size=1, max_size=4))
def test_a_wide_beam_finds_the_exact_probabilities(rows: list[tuple[float, ...]]) -> None:
    values = log_probs(rows)
    exact = brute_force(values)
    readings = read(decoder(width=256, alternatives=64), values, chunk=2)
    by_text: defaultdict[str, float] = defaultdict(float)
    for labels, chance in exact.items():
        by_text["".join(TEXTS[label] for label in labels)] += chance
    for reading in readings:
        told = "".join(TEXTS[label] for label in labels_of(reading))
        assert math.exp(reading.score) == pytest.approx(by_text[told], abs=1e-4)  # what is pruned is small
    assert math.exp(readings[0].score) == pytest.approx(max(by_text.values()), rel=1e-4)
    assert [r.score for r in readings] == sorted((r.score for r in readings), reverse=True)


@settings(max_examples=60, deadline=None)
@given(chances, st.integers(1, 9), st.integers(1, 8))
def test_pieces_decode_like_the_whole(rows: list[tuple[float, ...]], chunk: int, width: int) -> None:
    values = log_probs(rows)
    assert read(decoder(width), values, chunk) == read(decoder(width), values, len(values))


@settings(max_examples=60, deadline=None)
@given(chances, st.integers(1, 5), st.integers(1, 8))
def test_what_was_stable_stays(rows: list[tuple[float, ...]], chunk: int, width: int) -> None:
    values, one = log_probs(rows * 4), decoder(width, alternatives=4)
    shown: list[list[int]] = []
    for start in range(0, len(values), chunk):
        one.accept(Frames.of(values[start : start + chunk], start))
        shown.append([token.label for token in one.stable])
    readings = one.finish()
    assert all(after[: len(before)] == before for before, after in pairwise(shown))
    assert all(labels_of(reading)[: len(shown[-1])] == shown[-1] for reading in readings)
    assert text(readings[0].tokens, TEXTS).startswith(text(one.stable, TEXTS))


def test_a_hot_phrase_wins_where_the_sound_is_unsure_and_not_where_it_is_sure() -> None:
    unsure = log_probs([(0.7, 0.01, 0.01, 0.28), (0.01, 0.3, 0.4, 0.29)])
    assert labels_of(read(decoder(), unsure)[0]) == [A, C]
    assert labels_of(read(decoder(hot=[HotPhrase("ab", 2.0)]), unsure)[0]) == [A, B]
    sure = log_probs([(0.97, 0.01, 0.01, 0.01), (0.001, 0.001, 0.997, 0.001)])
    assert labels_of(read(decoder(hot=[HotPhrase("ab", 2.0)]), sure)[0]) == [A, C]


def test_what_was_never_decided_is_decided_by_the_best_prefix_at_last() -> None:
    one, sure = decoder(), {A: (0.97, 0.01, 0.01, 0.01), BLANK: (0.01, 0.01, 0.01, 0.97)}
    one.accept(Frames.of(log_probs([(0.5, 0.01, 0.45, 0.04)])))
    for start in range(1, 3 * HORIZON, 2):
        one.accept(Frames.of(log_probs([sure[BLANK], sure[A]]), start))
        assert len(one.unstable) <= HORIZON + 1
    assert [token.label for token in one.stable[:3]] == [A, A, A]


def test_an_hour_of_noise_is_no_problem_of_numbers() -> None:
    one, values = decoder(width=4), log_probs([(1.0, 1.0, 1.0, 1.0)] * 500)
    for start in range(0, 45_000, 500):
        one.accept(Frames.of(values, start))
    assert math.isfinite(one.finish()[0].score)


def test_spellings_of_one_text_are_one_reading() -> None:
    labels = Labels(("\u2581a", "b", "\u2581ab", ""), blank=3)
    one = BeamDecoder(labels, Fusion(labels.texts, None, 0.0, 0.0, None), 8, 8)
    readings = read(one, log_probs([(0.3, 0.01, 0.35, 0.34), (0.01, 0.9, 0.01, 0.08)]))
    chances = {text(reading.tokens, labels.texts): math.exp(reading.score) for reading in readings}
    assert len(chances) == len(readings)
    whole = 0.35 * 0.08 + 0.35 * 0.01 + 0.34 * 0.01
    assert chances["ab"] == pytest.approx(0.3 * 0.9 + whole, abs=0.01)


def test_a_cut_by_length_goes_on_with_the_same_history_and_an_end_does_not() -> None:
    hot, said = [HotPhrase("ab", 3.0)], log_probs([(0.97, 0.01, 0.01, 0.01), (0.01, 0.01, 0.01, 0.97)])
    rest = log_probs([(0.01, 0.3, 0.01, 0.68), (0.01, 0.01, 0.01, 0.97)])
    heard = {}
    for cause in (Cause.LENGTH, Cause.SILENCE):
        one = decoder(hot=hot)
        read(one, said, cause=cause)
        heard[cause] = labels_of(read(one, rest)[0])
    assert heard == {Cause.LENGTH: [B], Cause.SILENCE: []}


def test_a_narrow_beam_keeps_fewer_prefixes() -> None:
    rng = np.random.default_rng(2)
    one = decoder(width=8)
    sizes = []
    for on in (False, True, False):
        one.narrow(on)
        one.accept(Frames.of(log_probs(rng.uniform(0.5, 1.0, (12, 4)).tolist())))
        sizes.append(one.kept)
    assert sizes == [8, 2, 8]


def test_a_label_held_across_a_cut_is_one_token_and_grows_longer() -> None:
    held = log_probs([(0.97, 0.01, 0.01, 0.01)] * 4)
    one = decoder()
    [first] = read(one, held, cause=Cause.LENGTH)
    one.accept(Frames.of(held, 4))
    [second] = one.finish()
    assert labels_of(first) == [A] and labels_of(second) == []
    assert (first.tokens[0].first, first.tokens[0].last) == (0, 7)


def test_tokens_have_the_frames_in_which_they_sound() -> None:
    values = log_probs(
        [(0.01, 0.01, 0.01, 0.97), (0.3, 0.01, 0.01, 0.7), (0.9, 0.01, 0.01, 0.08)] + [(0.01, 0.9, 0.01, 0.08)] * 2
    )
    [reading] = read(decoder(), values)
    assert [(t.label, t.first, t.last) for t in reading.tokens] == [(A, 2, 2), (B, 3, 4)]
    assert reading.tokens[0].log_prob == pytest.approx(math.log(0.9), abs=1e-5)
