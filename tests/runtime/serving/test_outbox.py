"""Messages on their way to a client that may not read."""

import asyncio

import pytest

from speechtrt.runtime.serving.realtime.outbox import MOST_UNSENT, Outbox


def test_messages_come_in_order_and_then_it_is_empty() -> None:
    async def run() -> list[bytes]:
        outbox = Outbox()
        for number in range(3):
            outbox.put({"n": number})
        found = []
        for _ in range(3):
            found.append(await outbox.get())
            outbox.sent(found[-1])
        await asyncio.wait_for(outbox.emptied(), 30)
        return found

    assert asyncio.run(run()) == [b'{"n":0}', b'{"n":1}', b'{"n":2}']


def test_a_message_goes_at_once_where_nobody_waits_and_never_overtakes() -> None:
    async def run() -> tuple[list[bytes], bytes]:
        gone, room = list[bytes](), True

        def send_now(text: bytes) -> bool:
            gone.extend([text] if room else [])
            return room

        outbox = Outbox(send_now)
        outbox.put({"n": 0})
        await asyncio.wait_for(outbox.emptied(), 30)
        room = False
        outbox.put({"n": 1})
        room = True
        outbox.put({"n": 2})  # the one before still waits
        first = await outbox.get()
        outbox.sent(first)
        outbox.sent(await asyncio.wait_for(outbox.get(), 30))
        outbox.put({"n": 3})
        return gone, first

    assert asyncio.run(run()) == ([b'{"n":0}', b'{"n":3}'], b'{"n":1}')


def test_too_many_unread_messages_end_it() -> None:
    async def run() -> None:
        outbox = Outbox()
        outbox.put({"text": "x" * (MOST_UNSENT // 2)})
        assert not outbox.overflowed
        outbox.put({"text": "x" * (MOST_UNSENT // 2)})
        with pytest.raises(TimeoutError):
            await outbox.get()

    asyncio.run(run())
