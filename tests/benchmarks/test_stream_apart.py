"""A server in a process of its own, spoken to over a socket."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.serving.wire import Wire
from speechtrt.benchmarks.stream.apart import ApartSide
from speechtrt.benchmarks.stream.client import Client, Tally
from speechtrt.benchmarks.stream.connection import Server
from speechtrt.benchmarks.stream.frames import Frame, FrameReader, Verb
from speechtrt.benchmarks.stream.pacer import Pace, run_paced
from speechtrt.errors import BackendError, BenchmarkError
from tests.benchmarks.test_stream_clients import DELAY, SPOKEN, EchoServer


@dataclass(frozen=True)
class EchoSide:
    places: int = 1000

    def __call__(self, chunk_milliseconds: int, streams: int) -> Server:
        return EchoServer(self.places, lookahead_seconds=-0.25)


@dataclass(frozen=True)
class BrokenSide:
    def __call__(self, chunk_milliseconds: int, streams: int) -> Server:
        raise BackendError("no such engines")


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Verb), st.binary(max_size=30))), st.data())
def test_frames_survive_any_cut(frames: list[tuple[int, Verb, bytes]], data: st.DataObject) -> None:
    sent = [Frame(*frame) for frame in frames]
    whole = b"".join(map(bytes, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    reader = FrameReader()
    pieces = (whole[a:b] for a, b in pairwise([0, *cuts, len(whole)]))
    assert [frame for piece in pieces for frame in reader.read(piece)] == sent


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        yield Wire(near), far


def test_a_receiver_that_is_behind_does_not_keep_its_sender_busy(ends: tuple[Wire, socket.socket]) -> None:
    wire, far = ends
    packets = [index.to_bytes(2, "big") * 5000 for index in range(4000)]
    start = time.thread_time()
    for packet in packets:
        wire.send(packet)
    assert time.thread_time() - start < 2.0  # to join what waits each time took twenty seconds
    heard = bytearray()
    while len(heard) < sum(map(len, packets)):
        heard += far.recv(1 << 20)
        wire.send(b"")
    assert heard == b"".join(packets) and wire.drained


def test_a_receiver_that_has_gone_is_sent_nothing_more(ends: tuple[Wire, socket.socket]) -> None:
    wire, far = ends
    while wire.drained:
        wire.send(bytes(10_000))
    far.close()
    wire.send(b"more")
    assert wire.drained


def test_clients_hear_a_server_in_another_process_as_they_would_in_their_own() -> None:
    pace = Pace(streams=20, seconds=0.8, warm_seconds=0.0, packet_seconds=0.05, seed=1)
    with ApartSide(EchoSide())(560, 20) as server:
        assert server.lookahead_seconds == -0.25
        tally = run_paced(server, SPOKEN, pace).tally
        state = server.state()
    assert tally.sent_seconds == pytest.approx(20 * 0.8, rel=0.3)
    assert 0 < tally.different < tally.utterances and tally.refused == 0
    assert min(tally.chunk) > DELAY - 0.01
    assert state.cpu_seconds is not None and 0 < state.cpu_seconds < 2
    assert state.memory_bytes is not None and state.memory_bytes > 2**24


def test_a_refusal_comes_late_and_counts_all_the_same() -> None:
    tally = Tally()
    with ApartSide(EchoSide(places=0))(560, 1) as server:
        client = Client(server.connect, SPOKEN, 0.05, 0.0, tally, due=0.0, turn=0)
        client.step(0.0, measuring=True)
        server.state()  # by now it has answered
        client.step(0.05, measuring=True)
    assert tally.refused == 1


@pytest.fixture
def killed() -> Iterator[Server]:
    with ApartSide(EchoSide())(560, 1) as server:
        server._process.kill()
        yield server


def test_a_server_that_dies_is_one_clear_line(killed: Server) -> None:
    with pytest.raises(BenchmarkError, match="process died with exit code -9; expected it to serve"):
        killed.state()


def test_a_server_that_cannot_be_opened_says_why() -> None:
    with pytest.raises(BackendError, match="no such engines"):
        ApartSide(BrokenSide())(560, 1)


def test_the_state_is_the_servers_own() -> None:
    with ApartSide(EchoSide())(560, 1) as server:
        state = server.state()
    assert replace(state, cpu_seconds=None, memory_bytes=None) == EchoServer().state()
