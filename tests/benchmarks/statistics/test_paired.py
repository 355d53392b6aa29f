import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from speechtrt.benchmarks.statistics.paired import LEVEL, compare_paired, draws_for, holm, in_words
from speechtrt.errors import BenchmarkError
from tests.benchmarks.statistics.made_up import heard, rows, texts


def test_the_tests_are_those_of_scipy() -> None:
    said = texts(300)
    first, second = rows(said, heard(said, 0.2, 1)), rows(said, heard(said, 0.22, 2))
    found = compare_paired(first, second)
    a, b = [r.rate for r in first], [r.rate for r in second]
    assert found.t_p == pytest.approx(stats.ttest_rel(b, a).pvalue)
    assert found.wilcoxon_p == pytest.approx(stats.wilcoxon(b, a, zero_method="pratt", method="approx").pvalue)
    gap = np.subtract(b, a)
    assert found.d == pytest.approx(gap.mean() / gap.std(ddof=1))
    difference = sum(r.errors for r in second) - sum(r.errors for r in first)
    assert found.difference == pytest.approx(difference / sum(r.tokens for r in first))
    assert found.low < found.difference < found.high


def test_a_worse_system_is_found_and_an_equal_one_is_not() -> None:
    said = texts(400)
    base = rows(said, heard(said, 0.15, 1))
    worse, alike = rows(said, heard(said, 0.25, 2)), rows(said, heard(said, 0.15, 3))
    found, nothing = compare_paired(base, worse), compare_paired(base, alike)
    assert found.bootstrap_p < 0.001 and found.low > 0.05
    assert in_words(found, found.bootstrap_p, "small", "large").startswith("small makes fewer errors than large by 9.")
    assert nothing.low < 0 < nothing.high
    assert in_words(nothing, nothing.bootstrap_p, "a", "b").startswith("no evidence of a difference; one of ")


@pytest.mark.parametrize("comparisons", [1, 125, 700])
def test_a_clear_difference_is_one_of_however_many_comparisons(comparisons: int) -> None:
    said = texts(200)
    found = compare_paired(rows(said, heard(said, 0.1, 1)), rows(said, heard(said, 0.4, 2)), draws_for(comparisons))
    assert holm([found.bootstrap_p, *[1.0] * (comparisons - 1)])[0] < LEVEL


def test_a_difference_of_the_detectable_size_is_found_four_times_out_of_five() -> None:
    rng = np.random.default_rng(5)
    error = 0.01
    detectable = (1.959964 + 0.841621) * error
    found = sum(abs(rng.normal(detectable, error)) > 1.959964 * error for _ in range(4000)) / 4000
    assert found == pytest.approx(0.8, abs=0.02)
    said = texts(400)
    one = compare_paired(rows(said, heard(said, 0.2, 1)), rows(said, heard(said, 0.2, 2)))
    assert one.detectable == pytest.approx((one.high - one.low) / (2 * 1.96) * 2.8, rel=0.1)


def test_nothing_differs_from_itself() -> None:
    said = texts(50)
    same = rows(said, heard(said, 0.2, 1))
    found = compare_paired(same, same)
    assert (found.difference, found.d, found.detectable) == (0.0, 0.0, 0.0)
    assert found.t_p == found.wilcoxon_p == found.bootstrap_p == 1.0


def test_one_utterance_proves_nothing() -> None:
    said = texts(1)
    found = compare_paired(rows(said, said), rows(said, [[]]))
    assert found.t_p == 1.0 and found.d == 0.0


def test_other_utterances_are_refused() -> None:
    said = texts(3)
    with pytest.raises(BenchmarkError, match="found 3 and 2 utterances that are not the same"):
        compare_paired(rows(said, said), rows(said[:2], said[:2]))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_never_helps(values: list[float]) -> None:
    adjusted = holm(values)
    assert all(a >= v for a, v in zip(adjusted, values, strict=True)) and max(adjusted) <= 1
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)
    assert adjusted[order[0]] == min(1.0, len(values) * values[order[0]])
