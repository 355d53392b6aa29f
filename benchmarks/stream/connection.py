"""The seam between paced clients and whatever hears them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from speechtrt.audio import Samples


@dataclass(frozen=True, slots=True)
class News:
    """What a stream has heard since the last poll.

    `chunks`: for every chunk, the seconds of the stream that were heard with it, and when (`time.perf_counter`).
    `text`: whether a partial or final text came. `final`: everything that was said, once the stream is over.
    """

    chunks: tuple[tuple[float, float], ...]
    text: bool
    final: str | None
    dropped_seconds: float = 0.0


class Connection(Protocol):
    """One client's stream. Calls come from one thread and must not block."""

    def accept(self, pcm: Samples) -> None:
        """The next samples [n] at 16 kHz."""

    def end(self) -> None:
        """There are no more."""

    def poll(self) -> News:
        """What happened since the last call. Raises CapacityError when the stream was refused after all."""

    def close(self) -> None:
        """The client has gone."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a server counted since `reset`: batches, rows in them, rows a batch could have had, and time by stage.

    A server in a process of its own has its own CPU time and memory. `told_share` is the share of all chunks that
    clients hear of: over a wire, only those that bring text. `rungs`: when (`time.perf_counter`) the overload ladder
    came to stand where, the newest last. Whoever can tell has the CPU time by stage, too.
    """

    batches: int
    rows: int
    batch: int
    stage_seconds: dict[str, float]
    rung: int
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    told_share: float = 1.0
    rungs: tuple[tuple[float, int], ...] = ()
    stage_cpu_seconds: dict[str, float] = field(default_factory=dict)


class Server(Protocol):
    """Hears streams in threads of its own."""

    @property
    def lookahead_seconds(self) -> float:
        """How much audio a chunk needs beyond its own end."""

    def connect(self) -> Connection:
        """A new stream. Raises CapacityError."""

    def reset(self) -> None:
        """Forget all counters."""

    def state(self) -> ServerState:
        """The counters."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


ServerFactory = Callable[[], Server]
