"""When a guard trusts an engine, and when it stops doing so."""

import numpy as np
import pytest

from speechtrt.runtime.policy.guard import Guard, GuardEvent, GuardEventKind, GuardPolicy, relative_error

GOOD = {"x": np.ones(4, np.float32)}
BAD = {"x": np.full(4, 3.0, np.float32)}


def test_a_share_of_the_batches_is_sampled_and_the_first_is() -> None:
    guard = Guard(GuardPolicy(share=0.1))
    sampled = [guard.sample("decoder") for _ in range(1000)]
    assert sampled[0]
    assert sum(sampled) in (100, 101)
    assert guard.batches == {"decoder": 1000}


def test_every_batch_or_almost_none_can_be_sampled() -> None:
    every, none = Guard(GuardPolicy(share=1.0)), Guard(GuardPolicy(share=0.0))
    assert all(every.sample("decoder") for _ in range(20))
    assert sum(none.sample("decoder") for _ in range(20)) == 1


def test_strikes_in_a_row_switch() -> None:
    events: list[GuardEvent] = []
    guard = Guard(GuardPolicy(strikes=2, tolerance=0.1), listen=events.append, now=lambda: 7.0)
    for outputs in (BAD, GOOD, BAD):
        guard.compare("vocoder", outputs, GOOD)
        assert not guard.tripped
    guard.compare("vocoder", BAD, GOOD)
    assert guard.tripped
    assert guard.counts == {GuardEventKind.DRIFT: 3, GuardEventKind.SWITCHED: 1}
    assert guard.events == tuple(events)
    assert events[-1] == GuardEvent(GuardEventKind.SWITCHED, "vocoder", 2.0, 7.0)


def test_strikes_of_different_stages_do_not_add_up() -> None:
    guard = Guard(GuardPolicy(strikes=2))
    guard.compare("vocoder", BAD, GOOD)
    guard.compare("decoder", BAD, GOOD)
    assert not guard.tripped


def test_a_stage_may_have_a_tolerance_of_its_own() -> None:
    guard = Guard(GuardPolicy(strikes=1, tolerance=0.1, tolerances={"vocoder": 5.0}))
    guard.compare("vocoder", BAD, GOOD)
    assert not guard.tripped
    guard.compare("decoder", BAD, GOOD)
    assert guard.tripped


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_switches_at_once(value: float) -> None:
    guard = Guard()
    assert guard.finite("decoder", GOOD)
    assert not guard.finite("decoder", {"y": GOOD["x"], "x": np.array([1.0, value], np.float32)})
    assert guard.tripped
    assert [e.kind for e in guard.events] == [GuardEventKind.NOT_FINITE, GuardEventKind.SWITCHED]


def test_revalidation_arms_it_again() -> None:
    guard = Guard(GuardPolicy(strikes=1))
    guard.compare("decoder", BAD, GOOD)
    guard.revalidate()
    assert not guard.tripped
    guard.compare("decoder", BAD, GOOD)
    assert guard.tripped
    assert guard.counts[GuardEventKind.SWITCHED] == 2


def test_relative_errors() -> None:
    assert relative_error(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0.0
    assert relative_error(np.array([0.0, 5.0]), np.array([0.0, 4.0])) == pytest.approx(0.25)
    assert relative_error(np.zeros(2), np.zeros(2)) == 0.0
    assert relative_error(np.full(2, 0.01), np.zeros(2)) == pytest.approx(0.2)
