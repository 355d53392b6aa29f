"""Rows under every order of batches and departures, and how few copies regular streams need."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.asr.rows import Rows
from speechtrt.runtime.batching.slots import Move

CAPACITY = 7


class Tape:
    """What rows really hold: copies are carried out on it."""

    def __init__(self) -> None:
        self.rows: Rows[int] = Rows(CAPACITY)
        self.cells: dict[int, int] = {}
        self.copies = 0

    def batch(self, owners: list[int]) -> None:
        new = [owner for owner in owners if self.rows.row(owner) is None]
        block = self.rows.gather(owners)
        for step in block.steps:
            if isinstance(step, Move):
                self.cells[step.target] = self.cells.pop(step.source)
                self.copies += 1
            else:
                self.cells[step.first], self.cells[step.second] = self.cells[step.second], self.cells[step.first]
                self.copies += 2
        for owner in new:
            row = self.rows.row(owner)
            assert row is not None and row not in self.cells
            self.cells[row] = owner
        inside = [self.cells[row] for row in range(block.first, block.first + len(owners))]
        assert sorted(inside) == sorted(owners)

    def leave(self, owner: int) -> None:
        row = self.rows.row(owner)
        self.rows.release(owner)
        if row is not None:
            del self.cells[row]

    def check(self) -> None:
        assert {row: owner for row, owner in self.cells.items() if self.rows.row(owner) != row} == {}
        assert sorted(self.rows.owners) == sorted(self.cells.values())


@given(st.data())
def test_a_batch_lies_side_by_side_and_nobody_loses_a_row(data: st.DataObject) -> None:
    tape, here, coming = Tape(), set[int](), iter(range(1000))
    for _ in range(data.draw(st.integers(1, 12))):
        while len(here) < CAPACITY and data.draw(st.booleans()):
            here.add(next(coming))
        if here:
            tape.batch(data.draw(st.lists(st.sampled_from(sorted(here)), min_size=1, unique=True)))
            tape.check()
            for owner in data.draw(st.lists(st.sampled_from(sorted(here)), unique=True, max_size=3)):
                tape.leave(owner)
                here.remove(owner)
                tape.check()


@given(st.lists(st.integers(0, 30), unique=True, min_size=1), st.integers(1, 9), st.data())
def test_the_oldest_is_always_among_those_whose_turn_it_is(waiting: list[int], most: int, data: st.DataObject) -> None:
    rows: Rows[int] = Rows(31)
    for owner in data.draw(st.permutations(range(31)))[:20]:
        rows.gather([owner])
    chosen = rows.nearest(waiting, most)
    assert waiting[0] in chosen and len(chosen) == len(set(chosen)) == min(most, len(waiting))
    assert set(chosen) <= set(waiting)


def copies_per_chunk(streams: int, batch: int, rounds: int, stays: int) -> float:
    """Streams that come round in one order, in batches cut anywhere, each replaced after `stays` rounds or so."""
    chance, rows, copies, chunks = random.Random(0), Rows[int](2 * streams), 0, 0
    order, number = list(range(streams)), streams
    for _ in range(rounds):
        start = 0
        while start < streams:
            members = order[start : start + chance.randint(batch // 2, batch)]
            copies += sum(1 if isinstance(step, Move) else 2 for step in rows.gather(members).steps)
            start, chunks = start + len(members), chunks + len(members)
        for place in range(streams):
            if chance.random() < 1 / stays:
                rows.release(order[place])
                order[place], number = number, number + 1
    return copies / chunks


@pytest.mark.parametrize(("stays", "most"), [(1_000_000, 0.05), (7, 0.45)])
def test_regular_streams_are_hardly_copied(stays: int, most: float) -> None:
    assert copies_per_chunk(200, 16, rounds=30, stays=stays) < most
