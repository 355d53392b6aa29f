"""The short way of messages, over a transport that only notes what is written."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from speechtrt.runtime.serving.realtime.direct import DirectWebSocket, TurnedAway, whole_text

TEXTS = st.text(st.characters(max_codepoint=127), max_size=300).map(str.encode)


def frame(text: bytes, opcode: Opcode = Opcode.TEXT, fin: bool = True, mask: bool = True) -> bytes:
    return Frame(opcode, text, fin).serialize(mask=mask)


@given(before=st.binary(max_size=20), text=TEXTS | st.just(b"x" * 126) | st.just(b"x" * 65_535))
def test_a_whole_message_is_found_where_it_begins(before: bytes, text: bytes) -> None:
    data = before + frame(text)
    assert whole_text(data + b"more", len(before)) == (text, len(data))
    assert whole_text(data[:-1], len(before))[0] is None


@pytest.mark.parametrize(
    "data",
    [
        frame(b"", Opcode.CLOSE),
        frame(b"binary", Opcode.BINARY),
        frame(b"a part", fin=False),
        frame(b"not masked", mask=False),
        frame("nicht ASCII: \u00fc".encode()),
        frame(b"\xff\xfe"),
        frame(b"x" * 65_536),
    ],
)
def test_anything_less_simple_is_left_alone(data: bytes) -> None:
    assert whole_text(data, 0)[0] is None


class Notes(asyncio.Transport):
    """What was written; it never closes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closing = self.aborted = self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def accepted(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that accepts and then leaves everything to the test."""
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.Event().wait()


def knocked(app: ASGIApp, **choices: Any) -> tuple[DirectWebSocket, Notes, ClientProtocol]:
    """A connection whose client has asked for its handshake."""
    config = uvicorn.Config(app, ws=DirectWebSocket, lifespan="off", log_config=None, ws_ping_interval=None)
    config.load()
    link, notes = DirectWebSocket(config, ServerState(), {}), Notes()
    link.connection_made(notes)
    client = ClientProtocol(parse_uri("ws://here/there?x=1"), **choices)
    client.send_request(client.connect())
    link.data_received(b"".join(client.data_to_send()))
    return link, notes, client


async def connected(take: Callable[[bytes], bool] | None) -> tuple[DirectWebSocket, Notes]:
    link, notes, _ = knocked(accepted)
    while not link.handshake_complete:
        await asyncio.sleep(0)
    link.take = take
    notes.written.clear()
    return link, notes


@given(texts=st.lists(TEXTS | st.just("\u00fc".encode()), max_size=8), cuts=st.lists(st.integers(0, 900), max_size=6))
def test_every_message_comes_once_and_in_order_however_its_bytes_are_cut(
    texts: Sequence[bytes], cuts: Sequence[int]
) -> None:
    async def run() -> list[bytes]:
        found: list[bytes] = []

        def take(text: bytes) -> bool:
            if len(text) % 5 == 4:  # for some reason
                return False
            found.append(text)
            return True

        link, _ = await connected(take)
        data, start = b"".join(map(frame, texts)), 0
        for end in [*sorted(cuts), len(data)]:
            link.data_received(data[start : max(start, end)])
            start = max(start, end)
            while not link.queue.empty():
                found.append(link.queue.get_nowait()["text"].encode())  # type: ignore[typeddict-item,union-attr]
        return found

    assert asyncio.run(run()) == list(texts)


def test_nothing_is_taken_while_a_message_before_it_waits() -> None:
    async def run() -> int:
        taken: list[bytes] = []
        link, _ = await connected(lambda text: not taken.append(text))  # type: ignore[func-returns-value]
        link.queue.put_nowait({"type": "websocket.receive", "text": "waits"})
        link.data_received(frame(b"later"))
        assert not taken
        return link.queue.qsize()

    assert asyncio.run(run()) == 2


def test_what_is_put_goes_out_at_once_unless_the_client_has_too_much_or_is_gone() -> None:
    async def run() -> list[bytes]:
        link, notes = await connected(None)
        assert link.put(b"now")
        link.pause_writing()
        assert not link.put(b"later")
        link.resume_writing()
        link.conn.send_close(1000)
        assert not link.put(b"after the end")
        return notes.written

    assert asyncio.run(run()) == [frame(b"now", mask=False)]


def test_who_does_not_read_keeps_nobody_waiting_and_is_cut() -> None:
    async def run() -> list[bytes]:
        link, notes = await connected(None)
        link.close_timeout = 0.01
        link.data_received(frame(b"unread"))
        assert notes.paused
        link.pause_writing()
        link.leave(1008, "too slow")
        link.leave(1000, "again")
        assert not (notes.paused or notes.aborted)
        while not notes.aborted:
            await asyncio.sleep(0.001)
        return notes.written

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [frame(b"\x03\xf0too slow", Opcode.CLOSE, mask=False)]


class Closed:
    """An application with a door that is closed to all but those who ask for `open`."""

    def __init__(self) -> None:
        self.entered = 0

    def turn_away(self, target: str, headers: Mapping[str, str]) -> TurnedAway | None:
        assert "host" in headers and all(name == name.lower() for name in headers)
        return None if target.endswith("open") else TurnedAway(1013, f"closed to {target}", "mine-1")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered += 1
        await accepted(scope, receive, send)


def test_who_is_turned_away_hears_why_in_one_piece_and_enters_nothing() -> None:
    async def run() -> None:
        door = Closed()
        link, notes, client = knocked(door)
        [written] = notes.written
        client.receive_data(written)
        assert b"\r\nx-request-id: mine-1\r\n" in written
        assert client.close_rcvd is not None
        assert (client.close_rcvd.code, client.close_rcvd.reason) == (1013, "closed to /there?x=1")
        link.data_received(frame(b"said too early") + b"".join(client.data_to_send()))
        assert notes.closing
        link.connection_lost(None)
        await asyncio.sleep(0)
        assert not door.entered and not link.connections

    asyncio.run(run())


@pytest.mark.parametrize("choices", [{"origin": "https://here"}, {"subprotocols": ["realtime"]}])
def test_browsers_are_answered_by_the_application(choices: dict[str, Any]) -> None:
    async def run() -> int:
        door = Closed()
        link, _, _ = knocked(door, **choices)
        while not link.handshake_complete:
            await asyncio.sleep(0)
        return door.entered

    assert asyncio.run(run()) == 1


def test_a_handshake_that_is_none_gets_an_error() -> None:
    async def run() -> bytes:
        config = uvicorn.Config(Closed(), ws=DirectWebSocket, lifespan="off", log_config=None)
        config.load()
        link, notes = DirectWebSocket(config, ServerState(), {}), Notes()
        link.connection_made(notes)
        link.data_received(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert notes.closing
        return b"".join(notes.written)

    assert asyncio.run(run()).startswith(b"HTTP/1.1 426 ")
