"""Clients that live through what happens to servers: streams that go on, and requests that keep coming."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import httpx
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.deploy.router.fleet import Machine, until

FINAL = "conversation.item.input_audio_transcription.completed"
PACKET_SECONDS = 0.2
NOISE = np.random.default_rng(1).normal(0, 3000, int(24_000 * PACKET_SECONDS)).astype("<i2").tobytes()


class Address(Protocol):
    """A server or a router on this machine."""

    @property
    def port(self) -> int: ...


class Refused(Exception):
    """The server has no place for this stream now."""


@dataclass(slots=True)
class LiveStream:
    """A session that hears noise until it is told to finish."""

    socket: ClientConnection
    packets: int = 0

    @classmethod
    def opened(cls, machine: Address) -> "LiveStream":
        url = f"ws://127.0.0.1:{machine.port}/v1/realtime?intent=transcription"
        stream = cls(connect(url, proxy=None, open_timeout=10, legacy=True))
        audio = {"input": {"turn_detection": None}}
        stream.send("session.update", session={"type": "transcription", "audio": audio})
        stream.until("session.updated")
        return stream

    @property
    def server(self) -> str:
        """Who the router chose."""
        assert self.socket.response
        return self.socket.response.headers["x-speechtrt-server"]

    def send(self, kind: str, **fields: object) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def say(self, packet: bytes = NOISE) -> None:
        self.send("input_audio_buffer.append", audio=base64.b64encode(packet).decode())
        self.packets += 1

    def finish(self) -> str:
        """The final text of everything that was said."""
        self.send("input_audio_buffer.commit")
        return str(self.until(FINAL)["transcript"])

    def until(self, kind: str) -> dict[str, Any]:
        while True:
            event: dict[str, Any] = json.loads(self.socket.recv(timeout=20))
            if event["type"] == "error" and event["error"]["code"] == "capacity":
                raise Refused(event["error"]["message"])
            assert event["type"] != "error", event
            if event["type"] == kind:
                return event

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def close_code(self) -> int:
        """How the session ended, as its client was told; 1006 where nothing was said."""
        try:
            while True:
                self.socket.recv(timeout=20)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@dataclass(slots=True)
class Requests:
    """New requests of both kinds; `failed` tells what went wrong."""

    machine: Machine
    served: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    over: Counter[str] = field(default_factory=Counter)

    def settle(self) -> None:
        """Return when whatever was on its way has been answered, so that nobody new is where nobody new is sent."""
        before = dict(self.over)
        until(lambda: all(self.over[kind] > before.get(kind, 0) for kind in ("ask", "speak")), 60)

    def ask(self) -> None:
        """One request that is over at once."""
        answer = httpx.get(f"{self.machine.url}/v1/models", trust_env=False, timeout=10)
        answer.raise_for_status()
        self.served[answer.headers["x-speechtrt-server"]] += 1

    def speak(self) -> None:
        """One short session."""
        stream = LiveStream.opened(self.machine)
        stream.say()
        stream.finish()
        stream.close()
        self.served[stream.server] += 1

    def keep(self, work: Callable[[], None], over: threading.Event) -> None:
        """Again and again; whatever a client can meet is a failure to report."""
        while not over.wait(0.02):
            try:
                work()
            except Exception as error:
                self.failed.append(f"{work.__name__}: {error!r}")
            self.over[work.__name__] += 1


@contextmanager
def coming(machine: Machine) -> Iterator[Requests]:
    """New requests all the time during the block."""
    requests = Requests(machine)
    with repeating(partial(requests.keep, requests.ask), partial(requests.keep, requests.speak)):
        yield requests


@dataclass(slots=True)
class Audience:
    """Streams that all hear a packet now and then; one that has left hears no more."""

    streams: list[LiveStream]
    turn: threading.Lock = field(default_factory=threading.Lock)

    def leave(self, server: str) -> list[LiveStream]:
        """Take away the streams of a server."""
        with self.turn:
            left = [stream for stream in self.streams if stream.server == server]
            self.streams = [stream for stream in self.streams if stream.server != server]
        return left

    def say(self, over: threading.Event) -> None:
        """A packet for everybody five times a second."""
        while not over.wait(PACKET_SECONDS):
            with self.turn:
                for stream in self.streams:
                    stream.say()


@contextmanager
def speaking(streams: list[LiveStream]) -> Iterator[Audience]:
    """The streams hear something all the time during the block."""
    audience = Audience(streams)
    with repeating(audience.say):
        yield audience


@contextmanager
def repeating(*works: Callable[[threading.Event], None]) -> Iterator[None]:
    """Threads that work until the event at the end of the block."""
    over = threading.Event()
    threads = [threading.Thread(target=work, args=(over,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
