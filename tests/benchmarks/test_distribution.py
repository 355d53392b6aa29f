import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.errors import BenchmarkError

FINITE = st.floats(0.001, 1e6)


def test_percentiles_interpolate_linearly() -> None:
    found = Distribution.of(list(range(1, 102)))
    assert (found.count, found.mean, found.p50, found.p95, found.p99) == (101, 51.0, 51.0, 96.0, 100.0)


def test_standard_deviation_is_the_sample_s() -> None:
    samples = [1.0, 2.0, 4.0, 8.0]
    assert Distribution.of(samples).std == pytest.approx(statistics.stdev(samples))
    assert Distribution.of(samples).variation == pytest.approx(statistics.stdev(samples) / 3.75)


def test_one_sample_has_no_spread() -> None:
    assert Distribution.of([3.0]) == Distribution(1, 3.0, 0.0, 3.0, 3.0, 3.0)


@pytest.mark.parametrize("samples", [[], [1.0, math.nan], [math.inf]])
def test_nothing_or_not_a_number_is_refused(samples: list[float]) -> None:
    with pytest.raises(BenchmarkError, match="expected finite"):
        Distribution.of(samples)


@given(st.lists(FINITE, min_size=1, max_size=40))
def test_percentiles_are_ordered_and_inside_the_samples(samples: list[float]) -> None:
    found = Distribution.of(samples)
    assert min(samples) <= found.p50 <= found.p95 <= found.p99 <= max(samples)
