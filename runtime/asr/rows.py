"""Which row of an encoder's memory belongs to whom, and how those of a batch come to lie side by side."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from speechtrt.runtime.batching.slots import Move, Swap

O = TypeVar("O", bound=Hashable)  # noqa: E741

AHEAD = 4  # batches that are looked at for neighbours of the oldest


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows from `first` on, after these `steps` in their order."""

    first: int
    steps: tuple[Move | Swap, ...]


@dataclass(slots=True)
class Rows(Generic[O]):
    """Rows with gaps: who leaves moves nobody, and who comes is given a gap beside its first batch.

    A step works on consecutive rows, and copying a stream's state costs a tenth of hearing a chunk. So a batch is made
    of neighbours where there are any, and only strays are copied.
    """

    capacity: int
    _owners: list[O | None] = field(init=False)  # by row
    _used: npt.NDArray[np.bool_] = field(init=False)  # by row: whether somebody owns it
    _rows: dict[O, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._owners = [None] * self.capacity
        self._used = np.zeros(self.capacity, np.bool_)

    @property
    def owners(self) -> tuple[O, ...]:
        """Everyone with a row, in row order."""
        return tuple(owner for owner in self._owners if owner is not None)

    def row(self, owner: O) -> int | None:
        """The row of `owner` now, if it has one."""
        return self._rows.get(owner)

    def release(self, owner: O) -> None:
        """Free the row of `owner`, if it has one."""
        row = self._rows.pop(owner, None)
        if row is not None:
            self._leave(row)

    def nearest(self, waiting: Sequence[O] | dict[O, None], most: int) -> list[O]:
        """Up to `most` of those who wait, the oldest first among `waiting`: the oldest, its neighbours, then by age."""
        if len(waiting) <= most:
            return list(waiting)
        oldest = list(islice(waiting, AHEAD * most))
        rows = {row: owner for owner in oldest if (row := self._rows.get(owner)) is not None}
        anchor = next(iter(rows), 0)
        windows = [range(start, start + most) for start in range(max(0, anchor - most + 1), anchor + 1)]
        best = max(([rows[row] for row in window if row in rows] for window in windows), key=len)
        return list(dict.fromkeys([oldest[0], *best, *oldest]))[:most]

    def gather(self, owners: Sequence[O]) -> Block:
        """Bring `owners` to consecutive rows with few copies; who has no row yet gets one of them."""
        block = self._window(owners)
        wanted = set(owners)
        free = [row for row in block if self._owners[row] is None]
        taken = [row for row in block if (owner := self._owners[row]) is not None and owner not in wanted]
        steps: list[Move | Swap] = []
        for owner in owners:
            row = self._rows.get(owner)
            if row is not None and row in block:
                continue
            if not free and row is not None and self._used.all():
                steps.append(self._swap(row, taken.pop(0)))
                continue
            if not free:
                free.append(taken.pop(0))
                steps.append(self._move(free[0], self._gap(block)))
            target = free.pop(0)
            if row is None:
                self._put(owner, target)
            else:
                steps.append(self._move(row, target))
        return Block(block.start, tuple(steps))

    def _window(self, owners: Sequence[O]) -> range:
        """The rows that need the fewest copies: of members from outside, and of others out of the way."""
        count, copies = len(owners), self._used.astype(np.intp)
        copies[[row for owner in owners if (row := self._rows.get(owner)) is not None]] = -1
        before = np.concatenate([[0], copies.cumsum()])
        start = int((before[count:] - before[:-count]).argmin())
        return range(start, start + count)

    def _gap(self, block: range) -> int:
        """The lowest free row outside `block`."""
        free = ~self._used
        free[block.start : block.stop] = False
        return int(free.argmax())

    def _put(self, owner: O, row: int) -> None:
        self._owners[row], self._rows[owner], self._used[row] = owner, row, True

    def _leave(self, row: int) -> None:
        self._owners[row], self._used[row] = None, False

    def _move(self, source: int, target: int) -> Move:
        owner = self._owners[source]
        assert owner is not None
        self._leave(source)
        self._put(owner, target)
        return Move(source, target)

    def _swap(self, first: int, second: int) -> Swap:
        one, other = self._owners[first], self._owners[second]
        assert one is not None and other is not None
        self._put(one, second)
        self._put(other, first)
        return Swap(first, second)
