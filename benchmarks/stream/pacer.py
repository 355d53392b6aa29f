"""Keeps every client at its pace, from one thread."""

import heapq
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.measure.clock import Elapsed, Stopwatch
from speechtrt.benchmarks.stream.client import Client, Spoken, Tally
from speechtrt.benchmarks.stream.connection import Server

RAMP_SECONDS = 1.0
TICK_SECONDS = 0.001  # who is due within a tick is served together, as packets reach a server from its network card


@dataclass(frozen=True, slots=True)
class Pace:
    """`streams` clients with packets of `packet_seconds`, measured for `seconds` after `warm_seconds` unmeasured."""

    streams: int
    seconds: float
    warm_seconds: float
    packet_seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Paced:
    """What clients saw; the time that everything took, and the CPU seconds of the clients' own thread in it."""

    tally: Tally
    elapsed: Elapsed
    client_cpu_seconds: float
    begun: float = 0.0  # when measuring began


def run_paced(server: Server, spoken: Sequence[Spoken], pace: Pace) -> Paced:
    """Let clients speak from random phases on. Their streams are given up at the end."""
    tally, chance = Tally(), random.Random(pace.seed)
    start = time.perf_counter()
    clients = [
        Client(
            connect=server.connect,
            spoken=spoken,
            packet=pace.packet_seconds,
            lookahead=server.lookahead_seconds,
            tally=tally,
            due=start + chance.uniform(0, RAMP_SECONDS),
            turn=chance.randrange(len(spoken)),
        )
        for _ in range(pace.streams)
    ]
    measure = start + RAMP_SECONDS + pace.warm_seconds
    _drive(clients, measure, measuring=False)
    server.reset()
    watch, cpu = Stopwatch(), time.thread_time()
    _drive(clients, measure + pace.seconds, measuring=True)
    paced = Paced(tally, watch.read(), time.thread_time() - cpu, measure)
    for client in clients:
        client.leave()
    return paced


def _drive(clients: Sequence[Client], until: float, measuring: bool) -> None:
    queue = [(client.due, number) for number, client in enumerate(clients)]
    heapq.heapify(queue)
    while queue[0][0] < until:
        due, number = queue[0]
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(max(wait, TICK_SECONDS))
        clients[number].step(time.perf_counter(), measuring)
        heapq.heapreplace(queue, (clients[number].due, number))
