"""Two hundred clients that vanish in every state, beside neighbours whose words and sound must stay the same."""

import http.client
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from speechtrt.benchmarks.serving.departure import DEPARTURES, Place, Talker
from speechtrt.benchmarks.serving.figures import Figures
from speechtrt.benchmarks.serving.first_audio import speak
from speechtrt.benchmarks.serving.process import Capacity, ServerProcess
from speechtrt.benchmarks.serving.realtime import RealtimeClients
from speechtrt.benchmarks.serving.side import ServedServer
from speechtrt.benchmarks.serving.timetable import Timetables
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.benchmarks.stream.pacer import Pace, Paced, run_paced
from speechtrt.errors import BenchmarkError

PLACES, NEIGHBOURS, AT_ONCE = 24, 4, 6
LOOK_SECONDS, MOST_SECONDS = 0.02, 10.0
TEXT, SEED = "The train to the coast leaves from the second platform today.", 7


@dataclass(frozen=True, slots=True)
class DisconnectTrial:
    """`slots_back_seconds` from the last departure until nothing was in use; `places_free` of `places` let in again.

    `neighbours` are the utterances and speeches that went on meanwhile, `changed` those that came out otherwise.
    """

    measure: Literal["disconnects"]
    disconnects: int
    states: dict[str, int]
    failed: int
    slots_back_seconds: float
    places: int
    places_free: int
    neighbours: int
    changed: int


@dataclass(slots=True)
class Speeches:
    """Speaks one text again and again until told to stop, and compares."""

    port: int
    spoken: int = 0
    changed: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """In a thread of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        _, expected = speak(connection, TEXT, SEED)
        while not self.over.is_set():
            _, sound = speak(connection, TEXT, SEED)
            self.spoken += 1
            self.changed += sound != expected
        connection.close()


@dataclass(frozen=True, slots=True)
class Disconnects:
    """The load: `count` departures, the states in turn, resets and plain closes in turn."""

    engines: tuple[Path, ...]
    tables: Timetables
    spoken: Sequence[Spoken]
    count: int
    seconds: float
    packet: float
    seed: int

    def __call__(self, _: object) -> DisconnectTrial:
        """Run it. In a process of its own. Raises BenchmarkError."""
        with ServerProcess.start(self.engines, Capacity(PLACES)) as server:
            speeches, departed = Speeches(server.http_port), ThreadPoolExecutor(1)
            speaking = threading.Thread(target=speeches.run)
            speaking.start()
            clients = RealtimeClients.of(server, self.tables)
            leaving = departed.submit(self._depart, server)
            paced = self._neighbours(ServedServer(server, clients, self.tables), lambda: not leaving.done())
            failed = leaving.result()
            speeches.over.set()
            speaking.join()
            clients.close()
            seconds = _until_idle(server.figures)
            return self._trial(paced, speeches, failed, seconds, _places(self._place(server)))

    def _neighbours(self, server: ServedServer, more: Callable[[], bool]) -> list[Paced]:
        """Runs of the neighbours for as long as clients leave, at least one."""
        runs: list[Paced] = []
        while not runs or more():
            pace = Pace(NEIGHBOURS, self.seconds, 0.0, self.packet, self.seed + len(runs))
            runs.append(run_paced(server, self.spoken, pace))
        return runs

    def _depart(self, server: ServerProcess) -> int:
        """Let everybody come and go; how many could not even come."""
        place, states = self._place(server), tuple(DEPARTURES.values())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tasks = [pool.submit(states[n % len(states)], place, n // len(states) % 2 == 0) for n in range(self.count)]
            return sum(isinstance(task.exception(), OSError | BenchmarkError) for task in tasks)

    def _place(self, server: ServerProcess) -> Place:
        samples = np.concatenate([s.samples for s in self.spoken[:2]])[: 4 * RATE]
        file = io.BytesIO()
        soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")
        return Place(server.http_port, server.grpc_port, samples, file.getvalue())

    def _trial(
        self, paced: Sequence[Paced], speeches: Speeches, failed: int, seconds: float, free: int
    ) -> DisconnectTrial:
        names = tuple(DEPARTURES)
        return DisconnectTrial(
            measure="disconnects",
            disconnects=self.count,
            states=dict(Counter(names[n % len(names)] for n in range(self.count))),
            failed=failed,
            slots_back_seconds=seconds,
            places=PLACES,
            places_free=free,
            neighbours=sum(p.tally.utterances for p in paced) + speeches.spoken,
            changed=sum(p.tally.different for p in paced) + speeches.changed,
        )


def _until_idle(figures: Callable[[], Figures]) -> float:
    """Seconds until no model has anything to do, or until that is not awaited any longer."""
    start, busy = time.perf_counter(), True
    while busy and time.perf_counter() - start < MOST_SECONDS:
        time.sleep(LOOK_SECONDS)
        now = figures()
        busy = now.total("active_streams") + now.total("queue_depth") > 0
    return time.perf_counter() - start


def _places(place: Place) -> int:
    """How many sessions the server lets in at once."""
    talkers: list[Talker] = []
    try:
        while len(talkers) < PLACES:
            talkers.append(Talker.in_session(place))
    except (OSError, BenchmarkError):
        return len(talkers)
    finally:
        for talker in talkers:
            talker.leaver.leave(reset=False)
    return len(talkers)
