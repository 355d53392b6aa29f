"""Continuous batching: admit, step, retire. Requests enter in the order in which they are due."""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from speechtrt.runtime.batching.arrivals import LULL_SECONDS, Arrivals
from speechtrt.runtime.batching.request import Placement, Waiting
from speechtrt.runtime.batching.slots import Move, Slots

R = TypeVar("R")

MICRO_BATCH_SECONDS = 0.040


@dataclass(slots=True)
class Scheduler(Generic[R]):
    """A queue before `slots`. An idle batch waits up to `wait_seconds` for company before it starts.

    It does so only while requests come that close together: the share of time in which the engines work would be a bad
    sign, as a lone user who asks again and again keeps them busy too, and waits for nobody.
    """

    slots: Slots
    clock: Callable[[], float]
    wait_seconds: float = MICRO_BATCH_SECONDS
    _arrivals: Arrivals = field(default_factory=Arrivals)
    _queue: list[Waiting[R]] = field(default_factory=list)  # by due
    _placed: dict[int, R] = field(default_factory=dict)  # by owner

    @property
    def busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self._queue) or self.slots.active > 0

    @property
    def waiting(self) -> int:
        """How many requests have no row yet."""
        return len(self._queue)

    def submit(self, request: R, urgent: bool = False, due: float | None = None) -> None:
        """Queue a request behind those due no later than `due`, now if not given; an urgent one starts the batch.

        One that is due later is the rest of a request that has come, and no sign of others.
        """
        now = self.clock()
        waiting = Waiting(request, now, now if due is None else due, urgent)
        if waiting.due <= now:
            self._arrivals.note(now)
        insort(self._queue, waiting, key=lambda w: w.due)

    def delay(self) -> float:
        """Seconds until `admit` would let the first request in; 0 when it would now, or when nothing waits."""
        now = self.clock()
        starts_now = (
            not self._queue
            or self.slots.active > 0
            or len(self._queue) >= self.slots.capacity
            or any(w.urgent for w in self._queue)
            or not self._arrivals.likely(self.wait_seconds, now)
        )
        if starts_now:
            return 0.0
        return max(0.0, min(w.arrived for w in self._queue) + self.wait_seconds - now)

    def patience(self) -> float:
        """Seconds for which company for the free rows is worth waiting for; 0 when nobody is to be expected.

        Who waits already comes without fail, others as long as the rush lasts.
        """
        if self.slots.free == 0:
            return 0.0
        return LULL_SECONDS if self._queue else self._arrivals.rush(self.clock())

    def upcoming(self, count: int) -> list[R]:
        """The next requests to be admitted, at most `count`."""
        return [w.request for w in self._queue[:count]]

    def admit(self, ready: Callable[[R], bool] = lambda _: True) -> list[Placement[R]]:
        """Give free rows to the requests that are due first, of those that are ready."""
        if not self._queue or self.slots.free == 0 or self.delay() > 0:
            return []
        chosen: list[R] = []
        left: list[Waiting[R]] = []
        for waiting in self._queue:
            if len(chosen) < self.slots.free and ready(waiting.request):
                chosen.append(waiting.request)
            else:
                left.append(waiting)
        self._queue = left
        return [self._settle(self.slots.take(), request) for request in chosen]

    def request(self, owner: int) -> R | None:
        """The request of an owner, or None when it has left."""
        return self._placed.get(owner)

    def running(self) -> list[R]:
        """Requests of the active rows, in row order."""
        return [self._placed[owner] for owner in self.slots.owners]

    def at(self, row: int) -> R:
        """The request of an active row."""
        return self._placed[self.slots.owner(row)]

    def retire(self, owner: int) -> Move | None:
        """Free an owner's row; the move that keeps the rows compact, or None. A late call does nothing."""
        if self._placed.pop(owner, None) is None:
            return None
        return self.slots.release(owner)

    def succeed(self, owner: int, ready: Callable[[R], bool]) -> Placement[R] | None:
        """Hand the row of `owner`, who leaves, to the request that is due first of those that are ready; nobody moves.

        None when nobody is ready.
        """
        place = next((n for n, waiting in enumerate(self._queue) if ready(waiting.request)), None)
        if place is None:
            return None
        del self._placed[owner]
        return self._settle(self.slots.succeed(owner), self._queue.pop(place).request)

    def withdraw(self, request: R) -> Move | None:
        """Forget a request wherever it is; the move that keeps the rows compact, or None."""
        self._queue = [w for w in self._queue if w.request is not request]
        owner = next((o for o, placed in self._placed.items() if placed is request), None)
        return None if owner is None else self.retire(owner)

    def clear(self) -> None:
        """Forget everyone who waits or runs."""
        self._queue.clear()
        for owner in self.slots.owners:
            self.retire(owner)

    def _settle(self, owner: int, request: R) -> Placement[R]:
        self._placed[owner] = request
        row = self.slots.row(owner)
        assert row is not None
        return Placement(owner, row, request)
