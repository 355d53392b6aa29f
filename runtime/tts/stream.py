"""A speech that is heard while it is made."""

import queue
import weakref
from typing import Self

from speechtrt.closing import Closing
from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.speech import Speech, SpeechChunk
from speechtrt.runtime.tts.worker import Worker


class SpeechStream(Closing):
    """An iterator of chunks for one thread. Closing or forgetting it gives up the rest and frees its slots."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self.rate = job.rate
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._end: Completion | Failure | None = None
        worker.submit(job, self._events.put)
        self._cancel = weakref.finalize(self, worker.cancel, job.index)
        self._cancel.atexit = False

    @property
    def complete(self) -> bool:
        """Whether every chunk has been taken and the speech is whole."""
        return isinstance(self._end, Completion)

    def result(self) -> Speech:
        """The whole speech, when it is finished. Raises DeadlineError, CancelledError or BackendError."""
        for _ in self:
            pass
        assert isinstance(self._end, Completion)
        return self._end.speech

    def close(self) -> None:
        """Give up what has not been heard; a finished stream stays as it is. It may be closed twice."""
        self._cancel()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SpeechChunk:
        """The next chunk, as soon as it exists. Raises DeadlineError, CancelledError or BackendError."""
        if self._end is None:
            event = self._events.get()
            if isinstance(event, Heard):
                return event.chunk
            self._end = event
        if isinstance(self._end, Failure):
            raise self._end.error
        raise StopIteration
