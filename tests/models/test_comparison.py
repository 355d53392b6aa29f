import numpy as np
import pytest

from speechtrt.models.ctc_training.comparison import Pair, compare

REFERENCE = "one two three four five six seven eight nine ten"


def heard(wrong: list[int]) -> list[Pair]:
    """Utterances of ten words with so many wrong."""
    return [(REFERENCE, " ".join(["x"] * count + REFERENCE.split()[count:])) for count in wrong]


def test_equal_models_do_not_differ() -> None:
    result = compare(heard([1, 2, 0] * 20), heard([1, 2, 0] * 20))
    assert (result.difference, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_steady_gap_is_found_with_its_sign() -> None:
    result = compare(heard([3, 4, 2] * 30), heard([2, 3, 1] * 30))
    assert result.difference == pytest.approx(-0.1)
    assert result.low <= -0.1 <= result.high < 0
    assert result.p < 0.01


def test_chance_is_not_significant_and_the_interval_is_about_right() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.binomial(10, 0.2, 200).tolist() for _ in range(2))
    result = compare(heard(first), heard(second))
    assert result.p > 0.05
    spread = np.std(np.subtract(second, first)) / 10 / np.sqrt(200)
    assert result.high - result.low == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_the_same_seed_gives_the_same_figures() -> None:
    first, second = heard([1, 2, 3, 0]), heard([2, 2, 0, 0])
    assert compare(first, second) == compare(first, second)
