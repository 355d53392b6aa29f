"""A canary on a clock that the test moves."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.policy.canary import Arm, Canary, CanaryRules, Latency

RULES = CanaryRules(samples=20, errors=3, error_share=0.1, window_seconds=60.0)
TIMES = st.lists(st.floats(0.001, 10), min_size=RULES.samples, max_size=60)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def canary(clock: Clock) -> Canary:
    return Canary(0.25, RULES, clock)


def feed(canary: Canary, arm: Arm, seconds: float, times: int = RULES.samples, kind: Latency = Latency.PARTIAL) -> None:
    for _ in range(times):
        canary.observe(arm, kind, seconds)


@given(share=st.floats(0, 1), requests=st.integers(1, 500))
def test_any_number_of_requests_is_shared_as_asked(share: float, requests: int) -> None:
    canary = Canary(share, RULES, Clock())
    taken = [canary.choose() is Arm.CANDIDATE for _ in range(requests)]
    for start in range(requests):
        assert abs(sum(taken[start:]) - share * (requests - start)) < 2


def test_nothing_and_everything_are_shares(clock: Clock) -> None:
    assert {Canary(0.0, RULES, clock).choose() for _ in range(9)} == {Arm.STABLE}
    everything = Canary(1.0, RULES, clock)
    assert {everything.choose() for _ in range(9)} == {Arm.CANDIDATE}


def test_a_slow_candidate_goes(canary: Canary) -> None:
    feed(canary, Arm.STABLE, 0.1)
    feed(canary, Arm.CANDIDATE, 0.3)
    assert canary.breach() == "p95 of partial is 300 ms, the stable set's 100 ms"


def test_a_tail_is_enough(canary: Canary) -> None:
    feed(canary, Arm.STABLE, 0.1, 100)
    feed(canary, Arm.CANDIDATE, 0.1, 90)
    feed(canary, Arm.CANDIDATE, 2.0, 10)
    assert canary.breach() is not None


@pytest.mark.parametrize(("stable", "candidate"), [(0.1, 0.149), (0.1, 0.1), (0.1, 0.01), (0.001, 0.020)])
def test_a_candidate_that_is_about_as_fast_stays(canary: Canary, stable: float, candidate: float) -> None:
    feed(canary, Arm.STABLE, stable)
    feed(canary, Arm.CANDIDATE, candidate)
    assert canary.breach() is None


@pytest.mark.parametrize("few", list(Arm))
def test_few_samples_are_no_verdict(canary: Canary, few: Arm) -> None:
    for arm, seconds in ((Arm.STABLE, 0.1), (Arm.CANDIDATE, 9.0)):
        feed(canary, arm, seconds, RULES.samples - (arm is few))
    assert canary.breach() is None
    feed(canary, few, {Arm.STABLE: 0.1, Arm.CANDIDATE: 9.0}[few], 1)
    assert canary.breach() is not None


def test_latencies_are_compared_with_their_like(canary: Canary) -> None:
    feed(canary, Arm.STABLE, 0.01, kind=Latency.PARTIAL)
    feed(canary, Arm.CANDIDATE, 0.9, kind=Latency.FINAL)
    assert canary.breach() is None


def test_old_samples_are_forgotten(canary: Canary, clock: Clock) -> None:
    feed(canary, Arm.STABLE, 0.1)
    feed(canary, Arm.CANDIDATE, 0.9)
    clock.now = RULES.window_seconds + 1
    assert canary.breach() is None
    assert canary.comparisons() == ()


def test_errors_count_from_a_number_and_from_a_share(canary: Canary) -> None:
    for failed in (True, True):
        canary.end(failed)
    assert canary.breach() is None
    canary.end(True)
    assert canary.breach() == "3 of its 3 requests failed"
    for _ in range(27):
        canary.end(False)
    assert canary.breach() is None  # a tenth is allowed


def test_it_looks_now_and_then(canary: Canary, clock: Clock) -> None:
    assert not canary.due()
    clock.now = RULES.look_seconds
    assert canary.due()
    assert not canary.due()


@given(stable=TIMES, candidate=TIMES, factor=st.floats(1, 3))
def test_what_is_not_slower_anywhere_is_never_given_up(
    stable: list[float], candidate: list[float], factor: float
) -> None:
    canary = Canary(0.5, replace(RULES, latency_factor=factor), Clock())
    longest = max(stable)
    for seconds in candidate:
        canary.observe(Arm.CANDIDATE, Latency.FINAL, seconds)
    feed(canary, Arm.STABLE, longest, len(stable), Latency.FINAL)
    breach = canary.breach()
    worst = sorted(candidate)[-(-95 * len(candidate) // 100) - 1]
    assert (breach is not None) == (worst > max(factor * longest, longest + RULES.latency_slack))
