"""From start to stop: what the server may do in each state."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from speechtrt.runtime.serving.core.refusal import Reason, Refusal


class State(Enum):
    """STARTING loads and warms up, READY serves, DRAINING finishes what runs, STOPPED is the end."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


@dataclass(slots=True)
class Lifecycle:
    """The server's state. A full server is ready; a draining one is not."""

    state: State = State.STARTING
    _draining: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ready(self) -> bool:
        """Whether new requests are welcome."""
        return self.state is State.READY

    @property
    def leaving(self) -> bool:
        """Whether the end has begun."""
        return self.state in (State.DRAINING, State.STOPPED)

    def start(self) -> None:
        """Every model is loaded and warm."""
        if self.state is State.STARTING:
            self.state = State.READY

    def drain(self) -> None:
        """Take nothing new; it may be called twice."""
        if not self.leaving:
            self.state = State.DRAINING
        self._draining.set()

    def stop(self) -> None:
        """Everything has finished, or was cut."""
        self.state = State.STOPPED
        self._draining.set()
        self._stopped.set()

    async def drained(self) -> None:
        """Wait for the moment at which draining begins."""
        await self._draining.wait()

    async def stopped(self) -> None:
        """Wait for the moment at which nothing may go on."""
        await self._stopped.wait()

    def expect_ready(self) -> None:
        """Raise Refusal unless new requests are welcome."""
        if self.state is State.STARTING:
            raise starting()
        if self.state is not State.READY:
            raise Refusal(
                Reason.DRAINING, "the server is shutting down; connect again to reach another", retry_after=1.0
            )


def starting() -> Refusal:
    """The refusal of a server that is not ready yet."""
    return Refusal(Reason.UNREADY, "the server is starting; try again in a moment", retry_after=1.0)
