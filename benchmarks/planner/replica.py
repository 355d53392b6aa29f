"""A server and its clients on one core, in a process that keeps to it."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from speechtrt.benchmarks.stream.connection import Server
from speechtrt.benchmarks.stream.host import Run, Side
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError


@dataclass(slots=True)
class Replica(Closing):
    """The workload of the process: clients, and a server that is there between `Open` and `shut`."""

    side: Side
    server: Server | None = None
    closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """End the server, if there is one."""
        self.closing.close()
        self.server = None


@dataclass(frozen=True, slots=True)
class PinnedSide:
    """How to start a replica; the server's process inherits the core."""

    core: int
    side: Side

    def __call__(self) -> Replica:
        """The replica, without a server yet."""
        os.sched_setaffinity(0, {self.core})
        return Replica(self.side)


@dataclass(frozen=True, slots=True)
class Open:
    """Start the server, so that replicas whose servers all stand can begin at one moment."""

    chunk_milliseconds: int
    streams: int

    def __call__(self, replica: Replica) -> None:
        """Raises BackendError, ManifestError or BenchmarkError."""
        replica.server = replica.closing.enter_context(replica.side(self.chunk_milliseconds, self.streams))


@dataclass(frozen=True, slots=True)
class Speak:
    """A paced run on the server that is open; `name` is the replica's in the result."""

    run: Run
    name: str

    def __call__(self, replica: Replica) -> StreamTrial:
        """What the run measured. Raises BenchmarkError."""
        assert replica.server is not None
        return self.run.on(replica.server, self.name)


def shut(replica: Replica) -> None:
    """End the replica's server."""
    replica.close()


def own_cores(count: int) -> Sequence[int]:
    """Cores of this machine for `count` replicas. Raises BenchmarkError when there are fewer."""
    if not hasattr(os, "sched_getaffinity"):
        raise BenchmarkError("this system keeps no process to a core; expected Linux, so measure there")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < count:
        raise BenchmarkError(
            f"this process may use {len(cores)} core; expected {count}, one for each server; use a larger machine"
        )
    return cores[:count]
