"""Slots and scheduler under every order of events that hypothesis can think of."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from speechtrt.runtime.batching.scheduler import Scheduler
from speechtrt.runtime.batching.slots import Move, Slots


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rows:
    """What the engine holds in each row; it knows of moves only."""

    content: list[int | None] = field(default_factory=lambda: [None] * 4)

    def move(self, move: Move) -> None:
        self.content[move.target] = self.content[move.source]


class SchedulerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.scheduler: Scheduler[int] = Scheduler(Slots(4), self.clock, wait_seconds=1.0)
        self.rows = Rows()
        self.expected: deque[int] = deque()
        self.owners: dict[int, int] = {}
        self.left: list[int] = []
        self.count = 0

    @rule(urgent=st.booleans())
    def submit(self, urgent: bool) -> None:
        self.scheduler.submit(self.count, urgent)
        self.expected.append(self.count)
        self.count += 1

    @rule(seconds=st.floats(0, 2))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def admit(self) -> None:
        waits, free = self.scheduler.delay() > 0, self.scheduler.slots.free
        placed = self.scheduler.admit()
        assert len(placed) == (0 if waits else min(free, len(self.expected)))
        for placement in placed:
            assert placement.request == self.expected.popleft()
            assert placement.owner not in self.owners and placement.owner not in self.left
            self.owners[placement.owner] = placement.request
            self.rows.content[placement.row] = placement.request

    @precondition(lambda self: self.owners)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(sorted(self.owners)))
        if move := self.scheduler.retire(owner):
            self.rows.move(move)
        del self.owners[owner]
        self.left.append(owner)

    @precondition(lambda self: self.owners)
    @rule(data=st.data(), ready=st.booleans())
    def succeed(self, data: st.DataObject, ready: bool) -> None:
        """A new owner takes the very row; with nobody ready all stays as it is."""
        owner = data.draw(st.sampled_from(sorted(self.owners)))
        row = self.scheduler.slots.row(owner)
        heir = self.scheduler.succeed(owner, lambda _: ready)
        assert (heir is not None) == (ready and bool(self.expected))
        if heir is None:
            return
        assert heir.row == row and heir.request == self.expected.popleft()
        del self.owners[owner]
        self.left.append(owner)
        self.owners[heir.owner] = heir.request
        self.rows.content[heir.row] = heir.request

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def late_result(self, data: st.DataObject) -> None:
        owner = data.draw(st.sampled_from(self.left))
        assert self.scheduler.slots.row(owner) is None
        assert self.scheduler.request(owner) is None
        assert self.scheduler.retire(owner) is None

    @rule()
    def everyone_gets_a_turn(self) -> None:
        """When those who run leave, those who wait come in, in their order, and none is left behind."""
        self.clock.now += 1.0
        turns = 0
        while self.scheduler.waiting:
            self.admit()
            for owner in list(self.owners):
                if move := self.scheduler.retire(owner):
                    self.rows.move(move)
                del self.owners[owner]
                self.left.append(owner)
            turns += 1
            assert turns <= self.count

    @invariant()
    def rows_belong_to_their_owners(self) -> None:
        slots = self.scheduler.slots
        assert slots.active == len(self.owners) and slots.active + slots.free == slots.capacity
        for owner, request in self.owners.items():
            row = slots.row(owner)
            assert row is not None and row < slots.active
            assert self.rows.content[row] == request == self.scheduler.request(owner)
        assert self.scheduler.running() == self.rows.content[: slots.active]


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def scheduler(clock: Clock, slots: int = 2, gap: float = 0.020, before: int = 60) -> Scheduler[str]:
    """An idle one, where `before` requests have come `gap` seconds apart, the last of them `gap` seconds ago."""
    found: Scheduler[str] = Scheduler(Slots(slots), clock, wait_seconds=0.040)
    for _ in range(before):
        found.submit("gone")
        clock.now += gap
    found.clear()
    return found


def test_the_first_request_waits_for_company() -> None:
    clock = Clock()
    waiting = scheduler(clock)
    waiting.submit("first")
    assert waiting.admit() == []
    assert waiting.delay() == pytest.approx(0.040)
    clock.now += 0.041
    assert [p.request for p in waiting.admit()] == ["first"]


@pytest.mark.parametrize(
    ("before", "gap"),
    [(0, 0.0), (1, 0.0), (60, 0.060), (60, 1.5)],
    ids=["the first of all", "the second", "not so close together", "a lone user, again and again"],
)
def test_nobody_waits_where_nobody_is_to_be_expected(before: int, gap: float) -> None:
    waiting = scheduler(Clock(), gap=gap, before=before)
    waiting.submit("alone")
    assert waiting.delay() == 0
    assert [p.request for p in waiting.admit()] == ["alone"]


def test_a_rush_that_is_over_is_forgotten() -> None:
    clock = Clock()
    waiting = scheduler(clock)
    clock.now += 1.0
    waiting.submit("alone")
    assert waiting.delay() == 0


def test_the_sentences_of_one_request_are_not_company() -> None:
    clock = Clock()
    waiting = scheduler(clock, slots=99, before=0)
    for part in range(50):
        waiting.submit("one of many", due=clock.now + part)
    assert waiting.delay() == 0


def test_a_full_batch_does_not_wait() -> None:
    waiting = scheduler(Clock())
    waiting.submit("first")
    assert waiting.admit() == []
    for name in ("second", "third"):
        waiting.submit(name)
    assert [p.request for p in waiting.admit()] == ["first", "second"]


def test_an_urgent_request_does_not_wait() -> None:
    waiting = scheduler(Clock())
    waiting.submit("first")
    assert waiting.delay() > 0
    waiting.submit("urgent", urgent=True)
    assert [p.request for p in waiting.admit()] == ["first", "urgent"]


def test_a_running_batch_lets_newcomers_in_at_once() -> None:
    waiting = scheduler(Clock())
    waiting.submit("first", urgent=True)
    waiting.admit()
    waiting.submit("second")
    assert [p.request for p in waiting.admit()] == ["second"]


def test_clear_forgets_everyone() -> None:
    waiting = scheduler(Clock())
    for name in ("first", "second", "third"):
        waiting.submit(name)
    waiting.admit()
    waiting.clear()
    assert not waiting.busy
    assert waiting.slots.free == 2


def test_free_rows_wait_for_company_that_comes() -> None:
    """Not for ever; a rush that has been silent for a while is over."""
    clock = Clock()
    waiting = scheduler(clock)
    waiting.submit("first", urgent=True)
    waiting.admit()
    assert waiting.patience() == pytest.approx(0.250)
    clock.now += 0.240
    assert waiting.patience() == pytest.approx(0.010)
    clock.now += 0.020
    assert waiting.patience() == 0
    waiting.submit("second")
    clock.now += 3.0
    assert waiting.patience() > 0, "who waits has come already"
    waiting.admit()
    assert waiting.patience() == 0, "no row is free"


def test_a_lone_user_is_no_company() -> None:
    waiting = scheduler(Clock(), gap=0.6)
    waiting.submit("first", urgent=True)
    waiting.admit()
    assert waiting.patience() == 0
