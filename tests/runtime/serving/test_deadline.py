"""One timer over many waits."""

import asyncio
import time

from speechtrt.runtime.serving.realtime.deadline import Deadline

ALLOWED = 0.2


async def held(deadline: Deadline, waits: int, each: float) -> float:
    """Seconds until the deadline passes, while there are waits and then one without an end."""
    start = time.monotonic()
    watching = asyncio.create_task(deadline.passed())
    for _ in range(waits):
        deadline.begin()
        await asyncio.sleep(each)
        deadline.end()
    deadline.begin()
    await watching
    return time.monotonic() - start


def test_a_wait_without_an_end_is_too_long() -> None:
    assert ALLOWED <= asyncio.run(held(Deadline(ALLOWED), 0, 0.0)) < 2 * ALLOWED


def test_many_short_waits_are_not_one_long_one() -> None:
    assert asyncio.run(held(Deadline(ALLOWED), 4, ALLOWED / 2)) >= 3 * ALLOWED


def test_who_does_not_wait_is_never_too_late() -> None:
    async def watched() -> bool:
        deadline = Deadline(ALLOWED / 4)
        deadline.begin()
        deadline.end()
        _, pending = await asyncio.wait({watching := asyncio.create_task(deadline.passed())}, timeout=ALLOWED)
        watching.cancel()
        return bool(pending)

    assert asyncio.run(watched())
