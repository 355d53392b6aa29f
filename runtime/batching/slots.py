"""Rows of a batch and who owns them. Active rows are compact at the front."""

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

    def owner(self, row: int) -> int:
        """The owner of an active row."""
        return self._owners[row]

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

    def succeed(self, owner: int) -> int:
        """A new owner in the row of `owner`, who leaves."""
        row = self._rows.pop(owner)
        heir = self._next
        self._next += 1
        self._owners[row] = heir
        self._rows[heir] = row
        return heir

    def release(self, owner: int) -> Move | None:
        """Free the row of `owner`, which must have one; the last row moves into the gap if there is one."""
        gap = self._rows.pop(owner)
        last = self._owners.pop()
        if last == owner:
            return None
        self._owners[gap] = last
        self._rows[last] = gap
        return Move(len(self._owners), gap)
