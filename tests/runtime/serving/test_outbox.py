"""Messages on their way to a client that may not read."""

import asyncio

import pytest

from speechtrt.runtime.serving.realtime.outbox import MOST_UNSENT, Outbox


def test_messages_come_in_order_and_then_it_is_empty() -> None:
    async def run() -> list[str]:
        outbox = Outbox()
        for number in range(3):
            outbox.put({"n": number})
        found = []
        for _ in range(3):
            found.append(await outbox.get())
            outbox.sent(found[-1])
        await asyncio.wait_for(outbox.emptied(), 30)
        return found

    assert asyncio.run(run()) == ['{"n":0}', '{"n":1}', '{"n":2}']


def test_too_many_unread_messages_end_it() -> None:
    async def run() -> None:
        outbox = Outbox()
        outbox.put({"text": "x" * (MOST_UNSENT // 2)})
        assert not outbox.overflowed
        outbox.put({"text": "x" * (MOST_UNSENT // 2)})
        with pytest.raises(TimeoutError):
            await outbox.get()

    asyncio.run(run())
