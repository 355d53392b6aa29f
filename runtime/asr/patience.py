"""How long a chunk may wait for company: not at all while there is time to spare, longer the busier the engine is."""

import math
from dataclasses import dataclass

MOST_SECONDS = 0.060
CALM, BUSY = 0.5, 0.9  # loads below which nothing waits, and above which chunks wait longest
MEMORY_SECONDS = 1.0  # over which the load is averaged
LATEST = 0.2  # what the latest step counts in the mean of all


@dataclass(slots=True)
class Patience:
    """Turns the share of time in which an engine works into a waiting time. Times are seconds of one clock.

    `most` is for waiting and hearing together, also for a chunk that came when a step had just begun. So an engine near
    its limit, whose steps are long, waits for nobody.
    """

    batch: int
    most: float = MOST_SECONDS
    _load: float = 0.0
    _step: float = 0.0
    _since: float | None = None

    def worked(self, start: float, end: float) -> None:
        """The engine has worked from `start` to `end`, and before that since the last call it has not."""
        self._load = _blend(self.load(start), 1.0, end - start)
        self._step += LATEST * (end - start - self._step)
        self._since = end

    def delay(self, waiting: int, streams: int, oldest: float, now: float) -> float:
        """Seconds until the engine should start, when `waiting` of `streams` have a chunk, the first since `oldest`."""
        if waiting >= min(self.batch, streams):
            return 0.0
        patience = (self.most - 2 * self._step) * min(1.0, max(0.0, (self.load(now) - CALM) / (BUSY - CALM)))
        return max(0.0, oldest + patience - now)

    def load(self, now: float) -> float:
        """The share of the last seconds before `now` in which the engine worked."""
        return self._load if self._since is None else _blend(self._load, 0.0, now - self._since)


def _blend(load: float, value: float, seconds: float) -> float:
    keep = math.exp2(-max(seconds, 0.0) / MEMORY_SECONDS)
    return keep * load + (1 - keep) * value
