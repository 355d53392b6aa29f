"""Clients that are too slow: who sends nothing has said everything, who does not read is cut."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.core.service import Service

R = TypeVar("R")


async def until_idle(requests: AsyncIterator[R], seconds: float) -> AsyncIterator[R]:
    """The requests of a call, which end when none has come for so long."""
    coming = aiter(requests)
    while True:
        try:
            async with asyncio.timeout(seconds):
                request = await anext(coming)
        except (StopAsyncIteration, TimeoutError):
            return
        yield request


@dataclass(frozen=True, slots=True)
class Answers:
    """Sends the responses of one call."""

    service: Service
    context: grpc.aio.ServicerContext

    async def send(self, response: Any, card: ModelCard) -> None:
        """Raises TimeoutError when the client has not read for too long; it is counted for the model."""
        try:
            async with asyncio.timeout(self.service.limits.write_seconds):
                await self.context.write(response)
        except TimeoutError:
            self.service.metrics.slow_consumer(card)()
            raise
