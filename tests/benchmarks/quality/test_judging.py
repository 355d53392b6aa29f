"""Judged figures of made-up observations whose answers are known."""

import pytest

from speechtrt.benchmarks.quality.judging import judge
from speechtrt.documents import encode_document
from speechtrt.engines.gate.quality import Observation
from speechtrt.quality import QualityFigure


def figures(rows: list[Observation]) -> dict[tuple[str, str], QualityFigure]:
    return {(f.metric, f.group): f for f in judge(rows, {o.utterance: o.utterance for o in rows})}


def errors(found: list[int], expected: list[int], words: int, group: str = "a") -> list[Observation]:
    pairs = enumerate(zip(found, expected, strict=True))
    return [Observation("wer", group, f"{group}{i}", f, e, words) for i, (f, e) in pairs]


def test_error_rates_are_pooled_and_differ_in_points() -> None:
    figure = figures(errors([2, 0], [1, 0], 10))["wer", "all"]
    assert (figure.value, figure.reference) == (0.1, 0.05)
    assert figure.delta == pytest.approx(5.0)
    assert figure.utterances == 2


def test_groups_are_reported_and_everything_is_judged() -> None:
    rows = errors([3] * 400, [1] * 400, 10, "near") + errors([1] * 400, [1] * 400, 10, "far")
    found = figures(rows)
    assert [group for _, group in found] == ["all", "near", "far"]
    assert not found["wer", "all"].passed
    assert found["wer", "near"].passed
    assert found["wer", "near"].limit is None
    assert found["wer", "near"].low == found["wer", "near"].high == pytest.approx(20.0)


def test_figures_can_be_written() -> None:
    assert encode_document(judge(errors([2, 0], [1, 0], 10), {"a0": "a0", "a1": "a1"}))


def test_equal_sets_differ_by_nothing() -> None:
    figure = figures(errors([1] * 50, [1] * 50, 8))["wer", "all"]
    assert (figure.delta, figure.low, figure.high, figure.passed) == (0.0, 0.0, 0.0, True)


def test_chance_over_few_words_fails_nobody() -> None:
    figure = figures(errors([1, 0, 1, 0], [0, 1, 0, 0], 10))["wer", "all"]
    assert figure.delta == pytest.approx(2.5)
    assert figure.passed
    assert figure.note.startswith("no evidence of a difference")


def test_evidence_over_few_words_fails() -> None:
    assert not figures(errors([2] * 10, [0] * 10, 10))["wer", "all"].passed


def test_a_difference_that_the_sample_can_see_fails_without_evidence() -> None:
    """2,000 sentences: half a point, give or take 0.6, is above the limit of 0.3 and the interval ends above 0.8."""
    found = [1 if i % 40 < 11 else 0 for i in range(2000)]
    expected = [1 if i % 40 >= 29 else 0 for i in range(2000)]
    found[:100], expected[:100] = [1] * 100, [0] * 100
    figure = figures(errors(found, expected, 10))["wer", "all"]
    assert figure.delta is not None and figure.delta > 0.3
    assert not figure.passed


def test_distances_are_relative_to_the_references_own() -> None:
    rows = [Observation("mcd", "all", str(i), 2.0 * 1.02, 2.0) for i in range(9)]
    near = figures(rows)["mcd", "all"]
    assert near.delta == pytest.approx(0.02)
    assert near.passed
    rows = [Observation("mcd", "all", str(i), 2.0 * 1.04, 2.0) for i in range(9)]
    assert not figures(rows)["mcd", "all"].passed


def test_drift_is_judged_in_decibels() -> None:
    assert figures([Observation("mcd_drift", "all", "a", 0.9, 0.0)])["mcd_drift", "all"].passed
    assert not figures([Observation("mcd_drift", "all", "a", 1.1, 0.0)])["mcd_drift", "all"].passed
