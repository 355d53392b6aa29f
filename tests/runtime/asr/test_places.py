"""Places are counted, and no lane ever has more streams than its share."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.errors import CapacityError
from speechtrt.runtime.asr.lanes import Plan
from speechtrt.runtime.asr.places import Places


@given(st.integers(1, 9), st.integers(1, 4), st.lists(st.integers(-3, 8), max_size=60))
def test_no_lane_has_more_than_its_share_whoever_leaves(slots: int, lanes: int, moves: list[int]) -> None:
    """A move below zero lets somebody in, another lets one of those leave who are in."""
    places, here = Places(slots, lanes), list[int]()
    share = Plan((160,), slots, slots, lanes, 0.0).share
    for move in moves:
        if move < 0:
            with suppress(CapacityError):
                here.append(places.take())
        elif here:
            places.give_back(here.pop(move % len(here)))
        assert max((here.count(lane) for lane in range(lanes)), default=0) <= share
        assert places.taken == len(here) <= slots
    while len(here) < slots:
        here.append(places.take())
    with pytest.raises(CapacityError, match=f"all {slots} slots"):
        places.take()


def test_whoever_was_admitted_before_only_needs_room() -> None:
    places = Places(2, 2)
    places.refuse("too much to do")
    with pytest.raises(CapacityError, match="new streams are refused: too much to do; try again later"):
        places.take()
    assert {places.take(admitted=True), places.take(admitted=True)} == {0, 1}
    with pytest.raises(CapacityError, match="all 2 slots have live streams"):
        places.take(admitted=True)
