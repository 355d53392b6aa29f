import numpy as np
import pytest

from speechtrt.benchmarks.tts.arrival import at_once, poisson, quantile_lengths


def test_poisson_arrivals_have_their_rate_and_spread() -> None:
    gaps = np.diff([0.0, *poisson(5.0, 4000, seed=1).times])
    assert gaps.mean() == pytest.approx(0.2, rel=0.05)
    assert gaps.std() == pytest.approx(0.2, rel=0.1)
    assert (gaps > 0).all()


def test_the_same_seed_arrives_at_the_same_times() -> None:
    assert poisson(5.0, 10, seed=1) == poisson(5.0, 10, seed=1) != poisson(5.0, 10, seed=2)


def test_a_burst_is_there_at_once() -> None:
    assert at_once(3).times == (0.0, 0.0, 0.0)


def test_lengths_are_spread_from_short_to_long_and_shuffled() -> None:
    lengths = quantile_lengths(32, 20, 300, seed=0)
    assert (min(lengths), max(lengths)) == (20, 300)
    assert 70 < np.median(lengths) < 85
    assert list(lengths) != sorted(lengths)
