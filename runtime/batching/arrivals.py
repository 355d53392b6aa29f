"""How often requests come, which says whether company is worth waiting for."""

import math
from dataclasses import dataclass

MEMORY_SECONDS = 0.5  # in which the past fades to 1/e
LULL_SECONDS = 0.25  # after which a rush is over, however great it was


@dataclass(slots=True)
class Arrivals:
    """Requests per second, of which the latest count most. Times are seconds of one clock."""

    _rate: float = 0.0
    _since: float = 0.0

    def note(self, now: float) -> None:
        """A request has come."""
        self._rate = self.rate(now) + 1 / MEMORY_SECONDS
        self._since = now

    def rate(self, now: float) -> float:
        """Requests per second."""
        return self._rate * math.exp((self._since - now) / MEMORY_SECONDS)

    def likely(self, seconds: float, now: float) -> bool:
        """Whether another request is to be expected within `seconds`."""
        return self.rate(now) * seconds >= 1.0

    def rush(self, now: float) -> float:
        """Seconds until a rush counts as over if nobody comes; 0 when there is none."""
        return max(0.0, self._since + LULL_SECONDS - now) if self.likely(LULL_SECONDS, now) else 0.0
