import numpy as np
import pytest

from speechtrt.benchmarks.measure.bootstrap import Interval, interval, resample
from speechtrt.errors import BenchmarkError


def width(values: np.ndarray, blocks: list[int]) -> float:
    found = interval(resample(values[:, None], blocks, draws=4000)[:, 0] / len(values))
    return found.high - found.low


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(1).normal(size=400)
    assert width(values, list(range(400))) == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.06)


def test_what_hangs_together_widens_it() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=100), 4)
    alone, together = width(values, list(range(400))), width(values, [i // 4 for i in range(400)])
    assert together == pytest.approx(2 * alone, rel=0.1)


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(400):
        errors, words = rng.binomial(12, 0.2, size=60), np.full(60, 12)
        sums = resample(np.stack([errors, words], 1).astype(float), range(60), draws=500, seed=trial)
        hits += not interval(sums[:, 0] / sums[:, 1]).excludes(0.2)
    assert 0.92 <= hits / 400 <= 0.975


def test_the_same_seed_draws_the_same() -> None:
    columns = np.arange(10.0)[:, None]
    np.testing.assert_array_equal(resample(columns, range(10), draws=7), resample(columns, range(10), draws=7))


def test_nothing_to_draw_from_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="found 0 rows"):
        resample(np.zeros((0, 1)), [])
    with pytest.raises(BenchmarkError, match="2 rows and 1 blocks"):
        resample(np.zeros((2, 1)), [0])


def test_no_finite_estimate_has_no_interval_and_excludes_nothing() -> None:
    found = interval(np.array([np.nan]))
    assert np.isnan(found.low)
    assert not found.excludes(0.0)
    assert Interval(0.1, 0.2).excludes(0.0)
