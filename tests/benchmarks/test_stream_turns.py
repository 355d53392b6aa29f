"""Sides that search and hold in turns, on a machine that is not always equally fast."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.stream.search import RESOLUTION, Search
from speechtrt.benchmarks.stream.summary import streams_at_slo
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.benchmarks.stream.turns import FEWER, Turns
from tests.benchmarks.test_stream_search import QUIET, TRIAL

SLO = 0.1
SIDES = {"fast": 1000, "slow": 500}  # streams that hold where the machine is as fast as ever


@dataclass(slots=True)
class Machine:
    """Speeds run by run; the last one stays."""

    speeds: list[float]
    runs: list[StreamTrial] = field(default_factory=list)

    def speak(self, side: str, streams: int, purpose: str, _number: int) -> StreamTrial:
        speed = self.speeds.pop(0) if len(self.speeds) > 1 else self.speeds[0]
        chunk = replace(QUIET, p95=0.05 if streams <= speed * SIDES[side] else 0.5)
        self.runs.append(replace(TRIAL, side=side, streams=streams, purpose=purpose, chunk=chunk))
        return self.runs[-1]

    def turns(self, start: int = 700) -> list[StreamTrial]:
        searches = {side: Search(start, 4096) for side in SIDES}
        return list(Turns(searches, 3, SLO, self.speak).trials())


def found(trials: list[StreamTrial]) -> dict[str, int]:
    groups = {side: streams_at_slo(trials, side, 560, SLO) for side in SIDES}
    assert all(len(group) >= 3 for group in groups.values())
    return {side: group[0].streams for side, group in groups.items()}


def test_sides_take_turns_from_the_first_run_to_the_last() -> None:
    machine = Machine([1.0])
    trials = machine.turns()
    assert trials == machine.runs
    both = [t.side for t in trials if t.purpose == "confirm"]
    assert both == ["fast", "slow"] * 3
    assert [t.side for t in trials][:4] == [
        "fast",
        "slow",
        "slow",
        "fast",
    ]  # whom 700 streams are too many has two runs
    numbers = found(trials)
    assert all(limit / RESOLUTION - 1 <= numbers[side] <= limit for side, limit in SIDES.items())


@pytest.mark.parametrize("slow_after", [2, 6, 14, 17, 20])
def test_a_machine_that_becomes_slower_in_the_middle_slows_all_sides(slow_after: int) -> None:
    numbers = found(Machine([*[1.0] * slow_after, 0.7]).turns())
    assert numbers["fast"] / numbers["slow"] == pytest.approx(2.0, rel=RESOLUTION / FEWER - 1)


@given(st.lists(st.floats(0.3, 1.0), min_size=1, max_size=60))
def test_what_is_found_has_held_in_the_last_rounds_of_all(speeds: list[float]) -> None:
    trials = Machine(speeds).turns()
    rounds = [t for t in trials if t.purpose == "confirm"][-6:]
    assert all(t.holds(SLO) for t in rounds)
    assert {t.side: t.streams for t in rounds} == found(trials)


@pytest.mark.parametrize("stalled", range(12))
def test_one_stall_in_a_search_costs_no_stream(stalled: int) -> None:
    steady = found(Machine([1.0]).turns())
    searching = sum(t.purpose == "search" for t in Machine([1.0]).turns())
    assert stalled < searching
    assert found(Machine([*[1.0] * stalled, 0.01, 1.0]).turns()) == steady


def test_a_side_that_never_holds_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIDES, "slow", 0)
    trials = Machine([1.0]).turns()
    assert streams_at_slo(trials, "slow", 560, SLO) == []
    assert len(streams_at_slo(trials, "fast", 560, SLO)) == 3
