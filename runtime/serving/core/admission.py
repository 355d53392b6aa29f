"""Who may enter: so many requests at once for a model, and so many for one key."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from speechtrt.runtime.serving.core.refusal import Reason, Refusal

SHORTEST_RETRY, LONGEST_RETRY = 0.1, 10.0
MEMORY = 0.8  # weight of the past in the mean duration


@dataclass(slots=True)
class Admission:
    """Counts requests in flight; nobody waits here, a refused client hears when to come back.

    `keys` counts by key, for all doors that share it.
    """

    capacity: int
    per_key: int
    now: Callable[[], float] = time.monotonic
    keys: Counter[str] = field(default_factory=Counter)
    active: int = 0  # requests in flight
    _mean_seconds: float = 1.0

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        return self.active >= self.capacity

    @contextmanager
    def enter(self, key: str) -> Iterator[None]:
        """Hold a place for the block. Raises Refusal when all are taken, or all of this key's."""
        self._expect_place(key)
        self.keys[key] += 1
        self.active += 1
        start = self.now()
        try:
            yield
        finally:
            self.active -= 1
            self.keys[key] -= 1
            if not self.keys[key]:
                del self.keys[key]
            self._mean_seconds = MEMORY * self._mean_seconds + (1 - MEMORY) * (self.now() - start)

    def _expect_place(self, key: str) -> None:
        if self.keys[key] >= self.per_key:
            message = f"this key has {self.per_key} requests in flight, its limit; wait for one to end"
            raise Refusal(Reason.BUSY, message, code="rate_limit_exceeded", retry_after=self._retry_after())
        self.expect_room()

    def expect_room(self) -> None:
        """Raise Refusal when every place is taken, whoever comes."""
        if self.full:
            message = f"all {self.capacity} places are taken; try again in a moment"
            raise Refusal(Reason.BUSY, message, code="capacity", retry_after=self._retry_after())

    def _retry_after(self) -> float:
        """About when the next place is free."""
        return min(max(self._mean_seconds / self.capacity, SHORTEST_RETRY), LONGEST_RETRY)
