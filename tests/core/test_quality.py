"""Figures know how much worse they may get, in which direction, and that NaN is no pass."""

import math

import pytest
from numpy import float64

from speechtrt.documents import encode_document
from speechtrt.quality import Allowance, Better, QualityFigure, Scale, quality_figure


def wer(value: float, reference: float, high: float = 0.0) -> QualityFigure:
    return quality_figure(
        "wer",
        "all",
        value,
        reference,
        scale=Scale.POINTS,
        better=Better.LOWER,
        utterances=40,
        interval=(-0.5, high),
        allowance=Allowance(0.3, end=0.8),
    )


def test_a_rate_is_judged_in_points_by_its_difference_and_by_the_worse_end() -> None:
    assert wer(0.102, 0.100).passed
    assert wer(0.102, 0.100).delta == pytest.approx(0.2)
    assert not wer(0.104, 0.100).passed
    assert not wer(0.100, 0.100, high=0.9).passed
    assert wer(0.05, 0.1).passed  # better is never refused


def test_where_higher_is_better_the_lower_end_counts() -> None:
    def stoi(value: float, low: float) -> bool:
        return quality_figure(
            "stoi",
            "all",
            value,
            0.9,
            scale=Scale.ABSOLUTE,
            better=Better.HIGHER,
            utterances=4,
            interval=(low, 0.5),
            allowance=Allowance(0.02, end=0.05),
        ).passed

    assert stoi(0.89, -0.04)
    assert not stoi(0.87, -0.04)
    assert not stoi(0.89, -0.06)


def test_relative_to_zero() -> None:
    assert Scale.RELATIVE.difference(0.0, 0.0) == 0.0
    assert math.isnan(Scale.RELATIVE.difference(0.1, 0.0))
    assert Scale.RELATIVE.difference(1.03, 1.0) == pytest.approx(0.03)


def test_what_is_not_finite_fails_and_is_written_as_none() -> None:
    figure = wer(math.nan, 0.1)
    assert (figure.passed, figure.value, figure.delta) == (False, None, None)
    assert not wer(0.1, 0.1, high=math.nan).passed


def test_without_an_allowance_a_figure_is_only_reported() -> None:
    figure = quality_figure("stoi", "all", 0.1, 0.9, scale=Scale.ABSOLUTE, better=Better.HIGHER, utterances=4)
    assert figure.passed
    assert figure.limit is None


def test_a_figure_made_of_numpy_numbers_can_be_written() -> None:
    figure = wer(float64(0.1), float64(0.1), high=float64(0.2))
    assert encode_document(figure)
