import numpy as np
import pytest

from speechtrt.benchmarks.statistics.correlation import rank_correlation
from speechtrt.benchmarks.statistics.error_rate import error_rate
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors
from speechtrt.errors import BenchmarkError
from tests.benchmarks.statistics.made_up import heard, rows, texts

SPEAKERS, EACH, TOKENS = 60, 8, 12


def drawn(rng: np.random.Generator, mean: float) -> list[UtteranceErrors]:
    """Speakers differ: each has an error rate of its own, from a beta distribution around `mean`."""
    rates = rng.beta(20 * mean, 20 * (1 - mean), SPEAKERS)
    counts = rng.binomial(TOKENS, rates[:, None], (SPEAKERS, EACH))
    return [
        UtteranceErrors(f"{s}-{u}", str(s), int(counts[s, u]), 0, 0, TOKENS)
        for s in range(SPEAKERS)
        for u in range(EACH)
    ]


def test_intervals_hold_the_truth_about_95_times_in_100() -> None:
    rng, truth, runs = np.random.default_rng(11), 0.2, 600
    found = [error_rate(drawn(rng, truth), draws=1000, seed=run) for run in range(runs)]
    covered = sum(one.low <= truth <= one.high for one in found) / runs
    assert 0.93 <= covered <= 0.97


def test_utterances_of_one_speaker_hang_together() -> None:
    table = drawn(np.random.default_rng(1), 0.2)
    blocked = error_rate(table)
    alone = error_rate([UtteranceErrors(r.utterance, r.utterance, r.errors, 0, 0, r.tokens) for r in table])
    assert blocked.high - blocked.low > 1.5 * (alone.high - alone.low)


def test_the_rate_counts_errors_of_all_kinds() -> None:
    said = texts(100)
    found = error_rate(rows(said, heard(said, 0.2, 1)))
    assert (found.utterances, found.speakers, found.blocked) == (100, 10, True)
    assert found.rate == found.errors / found.tokens
    assert found.low < found.rate < found.high


def test_one_speaker_alone_is_said() -> None:
    said = texts(20)
    found = error_rate(rows(said, heard(said, 0.2, 1), speakers=1))
    assert (found.speakers, found.blocked) == (1, False)
    assert found.low < found.rate < found.high


def test_no_rows_are_refused() -> None:
    with pytest.raises(BenchmarkError, match="at least one"):
        error_rate([])


def test_a_correlation_has_an_interval() -> None:
    rng = np.random.default_rng(2)
    seconds = rng.uniform(1, 10, 200)
    found = rank_correlation(seconds.tolist(), (seconds + rng.normal(0, 4, 200)).tolist())
    assert found is not None
    assert 0 < found.low < found.rho < found.high < 1 and found.p < 1e-6
    nothing = rank_correlation(seconds.tolist(), rng.normal(0, 1, 200).tolist())
    assert nothing is not None and nothing.low < 0 < nothing.high


def test_intervals_of_a_correlation_hold_the_truth() -> None:
    rng, held, truth = np.random.default_rng(3), 0, 6 / np.pi * np.arcsin(0.5 / 2)
    for _ in range(400):
        a = rng.normal(size=80)
        found = rank_correlation(a.tolist(), (0.5 * a + np.sqrt(0.75) * rng.normal(size=80)).tolist())
        assert found is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 400 <= 0.97


def test_too_little_is_no_correlation() -> None:
    assert rank_correlation([1, 2, 3], [1, 2, 3]) is None
    assert rank_correlation([1] * 9, list(range(9))) is None
