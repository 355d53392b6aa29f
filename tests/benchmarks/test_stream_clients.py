"""Paced clients against a server of a few lines, whose latency is known."""

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.client import RATE, Client, Spoken, Tally
from speechtrt.benchmarks.stream.connection import Connection, News, ServerState
from speechtrt.benchmarks.stream.pacer import Pace, run_paced
from speechtrt.closing import Closing
from speechtrt.errors import CapacityError

DELAY = 0.02


@dataclass
class Echo:
    """Says the number of samples; every 0.1 s are a chunk, which is heard DELAY after it is complete."""

    heard: int = 0
    chunks: deque[tuple[float, float]] = field(default_factory=deque)
    over: bool = False
    closed: bool = False

    def accept(self, pcm: Samples) -> None:
        before, self.heard = self.heard // 1600, self.heard + len(pcm)
        self.chunks.extend((n / 10, time.perf_counter() + DELAY) for n in range(before + 1, self.heard // 1600 + 1))

    def end(self) -> None:
        self.over = True

    def close(self) -> None:
        self.closed = True

    def poll(self) -> News:
        chunks = tuple(self.chunks)
        self.chunks.clear()
        return News(chunks, bool(chunks), str(self.heard) if self.over else None)


@dataclass
class EchoServer(Closing):
    places: int = 1000
    connections: list[Echo] = field(default_factory=list)
    lookahead_seconds: float = 0.0

    def connect(self) -> Connection:
        if len(self.connections) >= self.places:
            raise CapacityError("full")
        self.connections.append(Echo())
        return self.connections[-1]

    def reset(self) -> None:
        """It counts nothing."""

    def state(self) -> ServerState:
        return ServerState(0, 0, 1, {}, 0)

    def close(self) -> None:
        """Nothing is open."""


SPOKEN = (Spoken(np.zeros(4000, np.float32), "4000"), Spoken(np.zeros(2000, np.float32), "other"))


def test_clients_keep_their_pace_and_compare_texts() -> None:
    server = EchoServer()
    paced = run_paced(server, SPOKEN, Pace(streams=20, seconds=0.6, warm_seconds=0.0, packet_seconds=0.05, seed=1))
    tally = paced.tally
    assert 0.25 * 20 * 0.6 < tally.sent_seconds < 1.25 * 20 * 0.6  # a busy machine sends late, never early
    assert 0 < tally.different < tally.utterances
    assert tally.refused == 0
    assert 0.999 * DELAY < np.median(tally.chunk) < DELAY + np.max(tally.late) + 0.05
    assert 0.59 < paced.elapsed.wall < 10
    assert sum(not c.over and not c.closed for c in server.connections) == 0


def test_a_refused_client_counts_and_tries_again() -> None:
    tally = Tally()
    server = EchoServer(places=0)
    client = Client(server.connect, SPOKEN, 0.05, 0.0, tally, due=0.0, turn=0)
    client.step(0.0, measuring=True)
    client.step(0.05, measuring=True)
    assert tally.refused == 2
    server.places = 1
    client.step(0.1, measuring=True)
    assert server.connections[0].heard == 0.05 * RATE


def test_the_last_packet_lasts_as_long_as_its_samples() -> None:
    client = Client(EchoServer().connect, SPOKEN[1:], 0.1, 0.0, Tally(), due=0.0, turn=0)
    client.step(0.0, measuring=True)
    client.step(0.1, measuring=True)
    assert client.due == 2000 / RATE


def test_latency_counts_from_when_the_packet_was_due() -> None:
    tally, server = Tally(), EchoServer()
    start = time.perf_counter() - 1.0  # the client is a second late
    client = Client(server.connect, SPOKEN, 0.1, 0.0, tally, due=start, turn=0)
    for _ in range(3):
        client.step(time.perf_counter(), measuring=True)
    until_now = time.perf_counter() - start
    assert 0.999 + DELAY < tally.chunk[0] < until_now + DELAY
    assert 0.999 < tally.late[0] < until_now
