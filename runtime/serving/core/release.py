"""An opened engine set that requests hold while they are served by it."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from speechtrt.runtime.policy.overload import Rung
from speechtrt.runtime.serving.core.admission import Admission
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Model, ModelCard, Speaker
from speechtrt.runtime.serving.core.refusal import RETRY_SECONDS, Reason, Refusal

M = TypeVar("M", bound=Model)


@dataclass(slots=True, eq=False)
class Release(Generic[M]):
    """One version of a model: what was opened, and the door to its places. It is closed once its last holder left."""

    opened: Opened[M]
    door: Admission
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, opened: Opened[M], limits: Limits, keys: Counter[str]) -> "Release[M]":
        """A release with a place for each slot, and for a speaker's queue; `keys` are shared by a model's releases."""
        model = opened.model
        queue = limits.queue if isinstance(model, Speaker) else 0
        return cls(opened, Admission(model.card.slots + queue, limits.per_key, keys=keys))

    @property
    def card(self) -> ModelCard:
        """Its model's."""
        return self.opened.model.card

    @contextmanager
    def held(self, key: str) -> Iterator[M]:
        """Serve one request of `key` within the block. Raises Refusal when there is no place, or too much to do."""
        self._expect_calm()
        try:
            with self.door.enter(key):
                yield self.opened.model
        finally:
            self._left.set()

    def expect_room(self) -> None:
        """Raise Refusal when there is no place for anybody, or too much to do."""
        self.door.expect_room()
        self._expect_calm()

    def _expect_calm(self) -> None:
        if self.opened.model.gauges().rung >= Rung.REFUSE:
            message = f"{self.card.name} is overloaded; try again in a moment"
            raise Refusal(Reason.BUSY, message, code="capacity", retry_after=RETRY_SECONDS)

    async def emptied(self) -> None:
        """Wait until nobody holds it."""
        while self.door.active:
            self._left.clear()
            await self._left.wait()
