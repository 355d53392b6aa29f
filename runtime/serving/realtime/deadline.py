"""How long one side may keep the other waiting."""

import asyncio
import time
from dataclasses import dataclass

LOOKS = 4  # in the time allowed, while nobody waits


@dataclass(slots=True)
class Deadline:
    """Of many waits, one after the other, each may last `seconds`; one that begins unseen, a quarter longer.

    One timer watches over all of them: a session waits for every packet, and a timer for each would cost more than
    reading it.
    """

    seconds: float
    _since: float | None = None

    def begin(self) -> None:
        """A wait begins."""
        self._since = time.monotonic()

    def end(self) -> None:
        """It has ended."""
        self._since = None

    async def passed(self) -> None:
        """Return when a wait has lasted too long."""
        while (left := self._left()) > 0:
            await asyncio.sleep(left)

    def _left(self) -> float:
        """Seconds until it is worth another look; 0 when it is too late."""
        if self._since is None:
            return self.seconds / LOOKS
        return self._since + self.seconds - time.monotonic()
