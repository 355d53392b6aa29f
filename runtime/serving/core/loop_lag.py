"""How late the event loop is: what blocks it makes every client wait."""

import asyncio
import time
from collections.abc import Callable

LOOK_SECONDS = 0.05


async def watch_lag(tell: Callable[[float], None]) -> None:
    """Tell the lag of each look, in seconds, again and again; it ends by being cancelled."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(LOOK_SECONDS)
        tell(max(0.0, time.monotonic() - before - LOOK_SECONDS))
