"""How late the event loop is: what blocks it makes every client wait."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

LOOK_SECONDS = 0.25
KEPT = 40  # looks, hence ten seconds


async def watch_lag(tell: Callable[[float], None]) -> None:
    """Tell the longest lag of the last seconds, in seconds, again and again; it ends by being cancelled."""
    lags: deque[float] = deque(maxlen=KEPT)
    while True:
        before = time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
        lags.append(max(0.0, time.monotonic() - before - LOOK_SECONDS))
        tell(max(lags))
