"""One timer over many waits."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import TypeVar

import pytest

from speechtrt.runtime.serving.realtime import deadline as subject
from speechtrt.runtime.serving.realtime.deadline import LOOKS, Deadline
from tests.runtime.serving.unhurried import UnhurriedLoop

ALLOWED = 0.2

T = TypeVar("T")


def timed(work: Coroutine[None, None, T], monkeypatch: pytest.MonkeyPatch) -> tuple[T, float]:
    """What the work gives, and how many seconds of its own loop's time it took."""
    with asyncio.Runner(loop_factory=UnhurriedLoop) as runner:
        loop = runner.get_loop()
        monkeypatch.setattr(subject, "time", SimpleNamespace(monotonic=loop.time))
        return runner.run(work), loop.time()


async def held(deadline: Deadline, waits: int, each: float) -> None:
    """Return when the deadline passes, while there are waits and then one without an end."""
    watching = asyncio.create_task(deadline.passed())
    for _ in range(waits):
        deadline.begin()
        await asyncio.sleep(each)
        deadline.end()
    deadline.begin()
    await watching


def test_a_wait_without_an_end_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    _, seconds = timed(held(Deadline(ALLOWED), 0, 0.0), monkeypatch)
    assert seconds == pytest.approx(ALLOWED)


def test_many_short_waits_are_not_one_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _, seconds = timed(held(Deadline(ALLOWED), 4, ALLOWED / 2), monkeypatch)
    assert 3 * ALLOWED <= seconds + 1e-6 <= (3 + 1 / LOOKS) * ALLOWED + 1e-3


def test_who_does_not_wait_is_never_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    async def watched() -> bool:
        deadline = Deadline(ALLOWED / 4)
        deadline.begin()
        deadline.end()
        _, pending = await asyncio.wait({watching := asyncio.create_task(deadline.passed())}, timeout=100 * ALLOWED)
        watching.cancel()
        return bool(pending)

    pending, _ = timed(watched(), monkeypatch)
    assert pending
