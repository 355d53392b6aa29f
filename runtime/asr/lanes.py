"""The lanes of a transcriber."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from threading import Thread

from speechtrt.bundle import Bundle, ChunkSpec
from speechtrt.errors import BackendError
from speechtrt.runtime.asr.bank import Bank
from speechtrt.runtime.asr.encoder import Encoder
from speechtrt.runtime.asr.lane import Lane, Observer
from speechtrt.runtime.asr.patience import Patience
from speechtrt.runtime.asr.rows import Rows
from speechtrt.runtime.backends.base import Backend
from speechtrt.runtime.clock import StageClock

JOIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How streams share the engine: chunk sizes in milliseconds, places, largest batch, and threads with a lane each.

    A batch is filled for up to `wait_seconds` when the machine is busy, and not at all when it is not.
    """

    chunks: tuple[int, ...]
    slots: int
    batch: int
    workers: int
    wait_seconds: float

    @property
    def share(self) -> int:
        """How many streams a lane has at most: those of `slots` that `Places` gives to one of `workers`."""
        return -(-self.slots // self.workers)


@dataclass(slots=True)
class Lanes:
    """Lanes with a running thread each; closing stops them and frees their engines."""

    lanes: tuple[Lane, ...]
    _threads: tuple[Thread, ...]
    _engines: ExitStack

    @classmethod
    def open(
        cls,
        model: Bundle,
        backend: Backend,
        plan: Plan,
        clock: StageClock,
        observe: Observer,
        left: Callable[[int], None],
    ) -> "Lanes":
        """Open every stage once per lane; `left` hears in which one a stream has ended.

        Raises BackendError, ManifestError or IntegrityError.
        """
        with ExitStack() as engines:
            lanes = tuple(
                Lane(
                    open_banks(model, backend, plan, engines),
                    Patience(plan.batch, plan.wait_seconds),
                    clock,
                    observe,
                    partial(left, number),
                )
                for number in range(plan.workers)
            )
            threads = tuple(Thread(target=lane.run, name=f"asr-{i}", daemon=True) for i, lane in enumerate(lanes))
            for thread in threads:
                thread.start()
            return cls(lanes, threads, engines.pop_all())

    def close(self) -> None:
        """Stop after the batches that are at work; open streams get an error. It may be closed twice."""
        for lane in self.lanes:
            lane.stop()
        for thread in self._threads:
            thread.join(JOIN_SECONDS)
        self._engines.close()


def open_banks(model: Bundle, backend: Backend, plan: Plan, engines: ExitStack) -> dict[int, Bank]:
    """A bank for every chunk size, with a row for every stream that may choose it."""
    banks = {}
    for chunk in (_chunk(model, milliseconds) for milliseconds in plan.chunks):
        runner = engines.enter_context(backend.open(chunk.stage))
        banks[chunk.milliseconds] = Bank(chunk, Encoder.open(runner, plan.share), Rows(plan.share))
    return banks


def known_chunks(model: Bundle) -> tuple[int, ...]:
    """Chunk sizes of a model in milliseconds, the smallest first."""
    chunks: Sequence[ChunkSpec] = model.ctc.chunks if model.ctc else ()
    return tuple(sorted(chunk.milliseconds for chunk in chunks))


def _chunk(model: Bundle, milliseconds: int) -> ChunkSpec:
    for chunk in model.ctc.chunks if model.ctc else ():
        if chunk.milliseconds == milliseconds:
            return chunk
    known = ", ".join(map(str, known_chunks(model)))
    raise BackendError(f"model {model.name} has no chunk of {milliseconds} ms; it has {known}")
