"""The overload ladder on a clock that the test moves."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.policy.overload import Change, Ladder, LadderRules, Rung

RULES = LadderRules()


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def spend(ladder: Ladder, clock: Clock, seconds: float, latency: float, queue: float = 0.5) -> list[Change]:
    """A chunk every 10 ms."""
    changes = []
    for _ in range(round(seconds * 100)):
        clock.now += 0.01
        if change := ladder.observe([latency], queue):
            changes.append(change)
    return changes


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ladder(clock: Clock) -> Ladder:
    return Ladder(clock)


def test_every_rung_is_climbed_in_order_and_left_in_order(ladder: Ladder, clock: Clock) -> None:
    up = spend(ladder, clock, 13, latency=0.2)
    assert [change.new for change in up] == list(Rung)[1:]
    assert all(change.reason == "p95 200 ms, 0.5 batches wait" for change in up)
    down = spend(ladder, clock, 40, latency=0.01)
    assert [change.new for change in down] == list(Rung)[-2::-1]
    assert ladder.rung is Rung.NORMAL


def test_a_climb_takes_its_time(ladder: Ladder, clock: Clock) -> None:
    assert spend(ladder, clock, 1.9, latency=0.2) == []
    assert [change.new for change in spend(ladder, clock, 0.6, latency=0.2)] == [Rung.NARROW_BEAM]


def test_a_long_queue_alone_is_a_reason(ladder: Ladder, clock: Clock) -> None:
    assert [change.new for change in spend(ladder, clock, 2.5, latency=0.01, queue=4)] == [Rung.NARROW_BEAM]


def test_a_short_burst_changes_nothing(ladder: Ladder, clock: Clock) -> None:
    spend(ladder, clock, 3, latency=0.01)
    assert spend(ladder, clock, 0.9, latency=1.0) == []
    assert spend(ladder, clock, 3, latency=0.01) == []


def test_between_the_marks_nothing_moves_in_either_direction(ladder: Ladder, clock: Clock) -> None:
    spend(ladder, clock, 2.5, latency=0.2)
    assert spend(ladder, clock, 60, latency=0.08) == []
    assert ladder.rung is Rung.NARROW_BEAM


def test_calm_must_last(ladder: Ladder, clock: Clock) -> None:
    spend(ladder, clock, 2.5, latency=0.2)
    for _ in range(5):
        assert spend(ladder, clock, RULES.calm_seconds - 0.5, latency=0.01) == []
        spend(ladder, clock, 0.3, latency=0.08)
    assert ladder.rung is Rung.NARROW_BEAM


def test_a_service_without_streams_comes_down_by_itself(ladder: Ladder, clock: Clock) -> None:
    spend(ladder, clock, 13, latency=0.2, queue=9)
    assert ladder.rung is Rung.REFUSE
    clock.now += RULES.window_seconds + 0.1
    assert ladder.look() is None
    clock.now += 2 * RULES.calm_seconds
    change = ladder.look()
    assert change and (change.old, change.new) == (Rung.REFUSE, Rung.SMALLER_MODEL)
    clock.now += 100
    ladder.look()
    assert int(ladder.rung) == Rung.NORMAL


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 10), st.floats(0, 3)), max_size=60))
def test_it_moves_one_rung_up_at_a_time_and_never_off_the_ladder(steps: list[tuple[float, float, float]]) -> None:
    clock = Clock()
    ladder = Ladder(clock)
    for latency, queue, seconds in steps:
        clock.now += seconds
        before = ladder.rung
        change = ladder.observe([latency], queue)
        assert ladder.rung - before <= 1
        assert (change is not None) == (ladder.rung is not before)


def test_a_glance_so_soon_after_a_look_sees_nothing(clock: Clock) -> None:
    ladder = Ladder(clock, LadderRules(look_seconds=10.0))
    ladder.observe([0.2], queue=0.5)
    clock.now = 2.5
    assert ladder.observe([0.2], queue=0.5) is None and ladder.glance() is None
    assert ladder.look() == Change(Rung.NORMAL, Rung.NARROW_BEAM, "p95 200 ms, 0.5 batches wait")


def test_every_rung_says_what_it_does() -> None:
    assert len({rung.action for rung in Rung}) == len(Rung) == 6
