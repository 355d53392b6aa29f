"""Three times as many visitors as a server can take: it must serve as many as ever, in time, and count every one."""

import heapq
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.benchmarks.serving.process import Capacity, ServerProcess
from speechtrt.benchmarks.serving.realtime import Packets
from speechtrt.benchmarks.serving.timetable import Timetables
from speechtrt.benchmarks.serving.visit import End, Visit
from speechtrt.benchmarks.serving.web_socket import Handshake
from speechtrt.benchmarks.serving.wire import Wires
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.benchmarks.stream.trial import Spread

LEAVING = 0.04  # the share of visitors who hang up
OUTCOMES = {End.SERVED: "ok", End.SHED: "shed", End.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True)
class OverloadTrial:
    """Poisson arrivals for `seconds`, each a session of several turns. Times are seconds.

    `counted` is what the server says of the same visits. `goodput` is audio per second of visits that were served, and
    `unaccounted` how many visits one of the two counts otherwise than the other, or nobody at all.
    """

    measure: Literal["overload"]
    places: int
    load_factor: float
    seconds: float
    offered: int
    ends: dict[str, int]
    counted: dict[str, int]
    unaccounted: int
    goodput: float
    chunk: Spread
    refusal: Spread
    late: Spread
    different: int
    dropped_seconds: float
    rung: int
    cpu_seconds: float
    client_cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class Overload:
    """The load. `places` are the server's."""

    engines: Path
    tables: Timetables
    spoken: Sequence[Spoken]
    places: int
    factor: float
    seconds: float
    turns: int
    packet: float
    seed: int

    def __call__(self, _: object) -> OverloadTrial:
        """Start a server, send visitors, and let all of them finish. In a process of its own."""
        with ServerProcess.start([self.engines], Capacity(self.places)) as server, Wires(server.http_port) as wires:
            watch, cpu = Stopwatch(), server.cpu_seconds
            start = time.perf_counter()
            visits = list(self._visits(wires, server.http_port, start))
            _drive(visits)
            return self._trial(visits, server, watch, server.cpu_seconds - cpu, start)

    @property
    def _visit_seconds(self) -> float:
        """How long a visitor talks, on average."""
        return self.turns * sum(len(s.samples) for s in self.spoken) / RATE / len(self.spoken)

    @property
    def _filling_seconds(self) -> float:
        """Until as many visitors have come as there are places; before that no server could have as much to do."""
        return min(self._visit_seconds / self.factor, self.seconds / 2)

    def _visits(self, wires: Wires, port: int, start: float) -> Iterator[Visit]:
        chance = random.Random(self.seed)
        packets = Packets()
        rate, due = self.factor * self.places / self._visit_seconds, start
        while (due := due + chance.expovariate(rate)) < start + self.seconds:
            spoken = chance.choices(self.spoken, k=self.turns)
            yield Visit(
                wires, Handshake.to(port), spoken, self.tables, packets, self.packet, due, chance.random() < LEAVING
            )

    def _trial(
        self, visits: Sequence[Visit], server: ServerProcess, watch: Stopwatch, cpu: float, start: float
    ) -> OverloadTrial:
        ends = Counter(visit.end or End.LOST for visit in visits)
        elapsed = watch.read()
        figures = server.settled(len(visits))
        counted = {o: int(figures.total("requests_total", outcome=o)) for o in (*OUTCOMES.values(), "error", "timeout")}
        wrong = sum(abs(ends[end] - counted[outcome]) for end, outcome in OUTCOMES.items())
        wrong += counted["error"] + counted["timeout"]
        admitted = [visit.tally for visit in visits if visit.end is not End.SHED]
        begin, end = start + self._filling_seconds, start + self.seconds
        return OverloadTrial(
            measure="overload",
            places=self.places,
            load_factor=self.factor,
            seconds=self.seconds,
            offered=len(visits),
            ends={end.value: ends[end] for end in End},
            counted=counted,
            unaccounted=wrong + ends[End.LOST],
            goodput=sum(visit.served_seconds(begin, end) for visit in visits) / (end - begin),
            chunk=Spread.of([latency for tally in admitted for latency in tally.chunk]),
            refusal=Spread.of([v.refusal_seconds for v in visits if v.refusal_seconds is not None]),
            late=Spread.of([late for tally in admitted for late in tally.late]),
            different=sum(tally.different for tally in admitted),
            dropped_seconds=sum(tally.dropped_seconds for tally in admitted),
            rung=int(figures.total("overload_rung")),
            cpu_seconds=cpu,
            client_cpu_seconds=elapsed.cpu,
            wall_seconds=elapsed.wall,
        )


def _drive(visits: Sequence[Visit]) -> None:
    """Step every visit when it is due, until all have ended."""
    queue = [(visit.due, number) for number, visit in enumerate(visits)]
    heapq.heapify(queue)
    while queue:
        due, number = queue[0]
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        visit = visits[number]
        visit.step(time.perf_counter())
        if visit.end is None:
            heapq.heapreplace(queue, (visit.due, number))
        else:
            heapq.heappop(queue)
