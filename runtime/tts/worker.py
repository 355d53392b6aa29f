"""The thread that steps a pipeline for many callers."""

import threading
from collections.abc import Callable
from enum import Enum, auto

from speechtrt.errors import BackendError, CancelledError, CapacityError, SpeechTRTError
from speechtrt.runtime.tts.events import Event, Failure, Heard
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.pipeline import Pipeline

Deliver = Callable[[Event], None]


class State(Enum):
    """A worker takes requests, then only ends those it has, then ends."""

    OPEN = auto()
    DRAINING = auto()
    CLOSED = auto()


class Worker:
    """Every submitted job ends in exactly one Completion or Failure, delivered in the worker's thread.

    `limit` is how many jobs may be in work and waiting together.
    """

    def __init__(self, pipeline: Pipeline, limit: int) -> None:
        self._pipeline = pipeline
        self._limit = limit
        self._changed = threading.Condition()  # guards what follows
        self._state = State.OPEN
        self._outlets: dict[int, Deliver] = {}
        self._new: list[Job] = []
        self._cancelled: list[int] = []
        self._thread = threading.Thread(target=self._run, name="speechtrt-tts", daemon=True)
        self._thread.start()

    @property
    def requests(self) -> int:
        """How many jobs are in work or waiting."""
        return len(self._outlets)

    def check(self) -> None:
        """Whether a job would be taken now. Raises CapacityError."""
        with self._changed:
            self._check()

    def submit(self, job: Job, deliver: Deliver) -> None:
        """Queue a job; `deliver` gets its events and must not block. Raises CapacityError."""
        with self._changed:
            self._check()
            self._outlets[job.index] = deliver
            self._new.append(job)
        self._pipeline.wake()

    def cancel(self, index: int) -> None:
        """Give up a job; its slot is free at the next step. A late call does nothing."""
        with self._changed:
            if index in self._outlets:
                self._cancelled.append(index)
        self._pipeline.wake()

    def drain(self, seconds: float | None = None) -> bool:
        """Take no more jobs and wait until those in work are done, or `seconds`; whether they are."""
        with self._changed:
            if self._state is State.OPEN:
                self._state = State.DRAINING
            return self._changed.wait_for(lambda: not self._outlets, seconds)

    def close(self) -> None:
        """Give up what is in work, and end the thread. It may be called twice."""
        with self._changed:
            self._state = State.CLOSED
        self._pipeline.wake()
        self._thread.join()

    def _check(self) -> None:
        if self._state is not State.OPEN:
            raise CapacityError("the synthesizer is shutting down and takes no more requests; ask another, or later")
        if len(self._outlets) >= self._limit:
            raise CapacityError(
                f"{len(self._outlets)} requests are in work or waiting, expected fewer than {self._limit}; "
                "try again later, or open the synthesizer with a longer queue"
            )

    def _run(self) -> None:
        while self._take_orders():
            for event in self._step():
                self._deliver(event)
            self._pipeline.wait()  # returns at once if an order came meanwhile
        self._fail_all(CancelledError("the synthesizer was closed before the speech was finished; drain it first"))

    def _take_orders(self) -> bool:
        """Hand what callers want to the pipeline; False when the worker is closed."""
        with self._changed:
            new, self._new = self._new, []
            cancelled, self._cancelled = self._cancelled, []
            closed = self._state is State.CLOSED
        for job in new:
            self._pipeline.enqueue(job)
        for index in cancelled:
            self._pipeline.cancel(index)
        return not closed

    def _step(self) -> list[Event]:
        try:
            return self._pipeline.step()
        except SpeechTRTError as error:
            self._fail_all(error)
        except Exception as error:  # whatever it is, the callers must hear of it
            self._fail_all(BackendError(f"the pipeline failed with {error!r}; please report it"))
        self._pipeline.clear()
        return []

    def _deliver(self, event: Event) -> None:
        with self._changed:
            deliver = self._outlets[event.index] if isinstance(event, Heard) else self._outlets.pop(event.index)
            self._changed.notify_all()
        deliver(event)

    def _fail_all(self, error: SpeechTRTError) -> None:
        """Also of jobs that the pipeline has not been given."""
        with self._changed:
            indices = list(self._outlets)
            self._new.clear()
        for index in indices:
            self._deliver(Failure(index, error))
