"""Rows of a batch and who owns them. Active rows are compact at the front."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Move:
    """Copy the state of row `source` to row `target`; `source` is free afterwards."""

    source: int
    target: int


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange the state of two rows."""

    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows from `first` on, after these `swaps`, each of two different rows."""

    first: int
    swaps: tuple[Swap, ...]


@dataclass(slots=True)
class Slots:
    """Hands out rows to owners. No owner's number is used twice, so a late result cannot find a new owner."""

    capacity: int
    _owners: list[int] = field(default_factory=list)  # by row
    _rows: dict[int, int] = field(default_factory=dict)  # by owner
    _next: int = 0

    @property
    def owners(self) -> tuple[int, ...]:
        """Owners of the active rows, in row order."""
        return tuple(self._owners)

    @property
    def active(self) -> int:
        """How many rows are in use; they are rows 0 to active - 1."""
        return len(self._owners)

    @property
    def free(self) -> int:
        """How many rows are free."""
        return self.capacity - len(self._owners)

    def row(self, owner: int) -> int | None:
        """The row of `owner` now, or None when it has left."""
        return self._rows.get(owner)

    def take(self) -> int:
        """A new owner, at the row after the last. There must be a free one."""
        assert self.free > 0
        owner = self._next
        self._next += 1
        self._rows[owner] = len(self._owners)
        self._owners.append(owner)
        return owner

    def release(self, owner: int) -> Move | None:
        """Free the row of `owner`, which must have one; the last row moves into the gap if there is one."""
        gap = self._rows.pop(owner)
        last = self._owners.pop()
        if last == owner:
            return None
        self._owners[gap] = last
        self._rows[last] = gap
        return Move(len(self._owners), gap)

    def gather(self, owners: Sequence[int]) -> Block:
        """Bring `owners` to consecutive rows, in any order, with as few swaps as possible.

        Who shared a batch before lies together already, so a steady load needs no swap.
        """
        wanted = set(owners)
        held = [owner in wanted for owner in self._owners]
        first = _densest(held, len(wanted))
        inside = range(first, first + len(wanted))
        gaps = [row for row in inside if not held[row]]
        strays = [row for row, kept in enumerate(held) if kept and row not in inside]
        swaps = tuple(Swap(gap, stray) for gap, stray in zip(gaps, strays, strict=True))
        for swap in swaps:
            self._exchange(swap)
        return Block(first, swaps)

    def _exchange(self, swap: Swap) -> None:
        first, second = self._owners[swap.first], self._owners[swap.second]
        self._owners[swap.first], self._owners[swap.second] = second, first
        self._rows[first], self._rows[second] = swap.second, swap.first


def _densest(held: Sequence[bool], width: int) -> int:
    """Start of the first window of `width` rows that holds the most."""
    count = best = sum(held[:width])
    start = 0
    for row in range(len(held) - width):
        count += held[row + width] - held[row]
        if count > best:
            best, start = count, row + 1
    return start
