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
    _hand: int = 0  # the row after those gathered last

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
        self._hand = self._hand if self._hand < self.active else 0
        if last == owner:
            return None
        self._owners[gap] = last
        self._rows[last] = gap
        return Move(len(self._owners), gap)

    @property
    def reach(self) -> int:
        """How many owners `gather` can take from where it stands to the last row, at least one."""
        return max(1, self.active - self._hand)

    def gather(self, owners: Sequence[int]) -> Block:
        """Bring up to `reach` owners to the rows after those of the call before, or to the first after the last.

        Live streams come round in one order again and again. Soon they lie in that order, and nothing moves.
        """
        assert 0 < len(owners) <= self.reach
        wanted = set(owners)
        first = self._hand if self._hand < self.active else 0
        inside = range(first, first + len(wanted))
        gaps = [row for row in inside if self._owners[row] not in wanted]
        strays = [row for owner in owners if (row := self._rows[owner]) not in inside]
        swaps = tuple(Swap(gap, stray) for gap, stray in zip(gaps, strays, strict=True))
        for swap in swaps:
            self._exchange(swap)
        self._hand = inside.stop if inside.stop < self.active else 0
        return Block(first, swaps)

    def _exchange(self, swap: Swap) -> None:
        first, second = self._owners[swap.first], self._owners[swap.second]
        self._owners[swap.first], self._owners[swap.second] = second, first
        self._rows[first], self._rows[second] = swap.second, swap.first
