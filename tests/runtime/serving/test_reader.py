"""Messages of one client, served one after the other whatever way they come."""

import asyncio
from types import SimpleNamespace
from typing import Any

from speechtrt.errors import AudioError
from speechtrt.runtime.serving.realtime.deadline import Deadline
from speechtrt.runtime.serving.realtime.messages import Commit, Request, SessionUpdate
from speechtrt.runtime.serving.realtime.outbox import Outbox
from speechtrt.runtime.serving.realtime.reader import Reader

CLEAR, COMMIT = b'{"type":"input_audio_buffer.clear"}', b'{"type":"input_audio_buffer.commit","event_id":"mine"}'
UPDATE = b'{"type":"session.update","session":{"type":"transcription"}}'


class Waiting:
    """A session that notes what it serves; a commit waits for the gate, an update is wrong."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.gate = asyncio.Event()

    async def handle(self, request: Request) -> None:
        if isinstance(request, Commit):
            await self.gate.wait()
        if isinstance(request, SessionUpdate):
            raise AudioError("wrong")
        self.served.append(type(request).__name__)


def reader(session: Waiting, outbox: Outbox) -> Reader:
    return Reader(session, outbox, Deadline(60))  # type: ignore[arg-type]


def test_a_message_that_waits_holds_up_those_behind_it() -> None:
    async def run() -> list[str]:
        session = Waiting()
        found, coming = reader(session, Outbox()), asyncio.Queue[dict[str, Any]]()
        link = SimpleNamespace(take=None)
        scope = {"extensions": {"speechtrt.direct": {"link": link}}}
        reading = asyncio.create_task(found.run(SimpleNamespace(scope=scope, receive=coming.get)))  # type: ignore[arg-type]
        while link.take is None:
            await asyncio.sleep(0)
        assert link.take(CLEAR)
        assert link.take(COMMIT)
        assert not link.take(CLEAR)
        coming.put_nowait({"type": "websocket.receive", "text": CLEAR.decode()})
        for _ in range(5):
            await asyncio.sleep(0)
        assert session.served == ["Clear"]
        session.gate.set()
        coming.put_nowait({"type": "websocket.disconnect"})
        await reading
        assert link.take is None
        return session.served

    assert asyncio.run(run()) == ["Clear", "Commit", "Clear"]


def test_what_still_waits_ends_with_the_reader() -> None:
    async def run() -> list[str]:
        session = Waiting()
        found, coming = reader(session, Outbox()), asyncio.Queue[dict[str, Any]]()
        reading = asyncio.create_task(found.run(SimpleNamespace(scope={}, receive=coming.get)))  # type: ignore[arg-type]
        assert found.take(COMMIT)
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        session.gate.set()
        for _ in range(5):
            await asyncio.sleep(0)
        return session.served

    assert asyncio.run(run()) == []


def test_an_error_is_told_and_the_next_message_is_served() -> None:
    async def run() -> list[bytes]:
        told = list[bytes]()
        session, outbox = Waiting(), Outbox(lambda text: not told.append(text))  # type: ignore[func-returns-value]
        found = reader(session, outbox)
        assert found.take(UPDATE)
        assert found.take(b"{")
        assert found.take(CLEAR)
        assert session.served == ["Clear"]
        return told

    wrong, broken = asyncio.run(run())
    assert b'"message":"wrong"' in wrong and b'"invalid_json"' in broken
