"""Continuous batching: admit, step, retire. Requests enter in the order in which they came."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from speechtrt.runtime.batching.request import Placement, Waiting
from speechtrt.runtime.batching.slots import Move, Slots

R = TypeVar("R")

MICRO_BATCH_SECONDS = 0.040


@dataclass(slots=True)
class Scheduler(Generic[R]):
    """A queue before `slots`. An idle batch waits up to `wait_seconds` for company before it starts."""

    slots: Slots
    clock: Callable[[], float]
    wait_seconds: float = MICRO_BATCH_SECONDS
    _queue: deque[Waiting[R]] = field(default_factory=deque)
    _placed: dict[int, R] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._queue) or self.slots.active > 0

    @property
    def waiting(self) -> int:
        """How many requests have no row yet."""
        return len(self._queue)

    def submit(self, request: R, urgent: bool = False) -> None:
        """Queue a request; an urgent one starts the batch at once."""
        self._queue.append(Waiting(request, self.clock(), urgent))

    def delay(self) -> float:
        """Seconds until `admit` would let the first request in; 0 when it would now, or when nothing waits."""
        starts_now = (
            not self._queue
            or self.slots.active > 0
            or len(self._queue) >= self.slots.capacity
            or any(w.urgent for w in self._queue)
        )
        return 0.0 if starts_now else max(0.0, self._queue[0].arrived + self.wait_seconds - self.clock())

    def admit(self) -> list[Placement[R]]:
        """Give free rows to the requests that have waited longest."""
        if self.delay() > 0:
            return []
        return [self._place(self._queue.popleft()) for _ in range(min(len(self._queue), self.slots.free))]

    def request(self, owner: int) -> R | None:
        """The request of an owner, or None when it has left."""
        return self._placed.get(owner)

    def running(self) -> list[R]:
        """Requests of the active rows, in row order."""
        return [self._placed[owner] for owner in self.slots.owners]

    def retire(self, owner: int) -> Move | None:
        """Free an owner's row; the move that keeps the rows compact, or None. A late call does nothing."""
        if self._placed.pop(owner, None) is None:
            return None
        return self.slots.release(owner)

    def withdraw(self, request: R) -> Move | None:
        """Forget a request wherever it is; the move that keeps the rows compact, or None."""
        self._queue = deque(w for w in self._queue if w.request is not request)
        owner = next((o for o, r in self._placed.items() if r is request), None)
        return None if owner is None else self.retire(owner)

    def clear(self) -> None:
        """Forget everyone who waits or runs."""
        self._queue.clear()
        for owner in self.slots.owners:
            self.retire(owner)

    def _place(self, waiting: Waiting[R]) -> Placement[R]:
        owner = self.slots.take()
        self._placed[owner] = waiting.request
        row = self.slots.row(owner)
        assert row is not None
        return Placement(owner, row, waiting.request)
