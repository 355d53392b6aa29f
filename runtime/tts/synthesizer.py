"""Text to speech for any number of callers."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.bundle import Bundle
from speechtrt.closing import Closing
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.policy.guard import Guard, GuardPolicy
from speechtrt.runtime.policy.lasting import lasting_guard, refuse_suspended
from speechtrt.runtime.tts.async_stream import AsyncSpeechStream
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.opening import open_overlapped
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import INTERACTIVE, Speech, SpeechRequest
from speechtrt.runtime.tts.stream import SpeechStream
from speechtrt.runtime.tts.voices import Voices
from speechtrt.runtime.tts.worker import Worker

QUEUE = 64


@dataclass(frozen=True, slots=True)
class Synthesizer(Closing):
    """Speaks texts for many threads at once; their sentences share one batch. AsyncSynthesizer is for asyncio.

    Requests raise TextError for what cannot be spoken and CapacityError when too many wait; their results raise
    DeadlineError, CancelledError or BackendError.
    """

    _pipeline: Pipeline
    _worker: Worker
    guard: Guard | None = None

    @classmethod
    def open(
        cls,
        engine_set: Path,
        slots: int = 16,
        threads: int | None = None,
        queue: int = QUEUE,
        reference: Path | None = None,
        guard: GuardPolicy | None = None,
    ) -> "Synthesizer":
        """Open an engine set of a TTS model: `slots` sentences are decoded at once, `queue` more requests may wait.

        `threads` None takes every core. With a `reference` engine set a guard re-runs a share of the batches in it, and
        goes on in it when the engines err, also after a restart. Raises ManifestError, IntegrityError or BackendError,
        the last also for engines that a guard has suspended when there is no reference.
        """
        if reference is None:
            refuse_suspended(engine_set)
        watch = None if reference is None else lasting_guard(engine_set, guard or GuardPolicy())
        return cls.over(open_overlapped(engine_set, slots, threads, reference, watch), queue, watch)

    @classmethod
    def over(cls, pipeline: Pipeline, queue: int = QUEUE, guard: Guard | None = None) -> "Synthesizer":
        """A synthesizer that owns an opened pipeline and steps it in a thread of its own."""
        return cls(pipeline, Worker(pipeline, pipeline.slots + queue), guard)

    @property
    def model(self) -> Bundle:
        """The manifest of the model."""
        return self._pipeline.model

    @property
    def engine(self) -> str:
        """What runs, e.g. ort-cpu-int8."""
        return self._pipeline.engine

    @property
    def voices(self) -> Voices:
        """The speakers of the model."""
        return self._pipeline.voices

    @property
    def rate(self) -> int:
        """Samples per second of every speech."""
        return self.model.audio.sample_rate

    @property
    def slots(self) -> int:
        """How many sentences are decoded at once."""
        return self._pipeline.slots

    @property
    def requests(self) -> int:
        """How many requests are in work or waiting."""
        return self._worker.requests

    @property
    def clock(self) -> StageClock:
        """Where the time went."""
        return self._pipeline.clock

    def synthesize(
        self,
        text: str,
        voice: str | None = None,
        seed: int = 0,
        language: str | None = None,
        deadline_seconds: float | None = None,
    ) -> Speech:
        """Speak a text and wait for all of it."""
        return self.stream(text, voice, seed, language, deadline_seconds).result()

    def stream(
        self,
        text: str,
        voice: str | None = None,
        seed: int = 0,
        language: str | None = None,
        deadline_seconds: float | None = None,
    ) -> SpeechStream:
        """Speak a text and hear each chunk as soon as it exists; the same sound as from `synthesize`."""
        return self.start(
            SpeechRequest(text, voice, seed, plan=INTERACTIVE, language=language, deadline_seconds=deadline_seconds)
        )

    def start(self, request: SpeechRequest) -> SpeechStream:
        """Queue a request and return at once; `result` of the stream waits for the whole speech."""
        return SpeechStream(self._worker, self._prepare(request))

    def start_async(self, request: SpeechRequest) -> AsyncSpeechStream:
        """The same for a coroutine; AsyncSynthesizer has the other methods in this form."""
        return AsyncSpeechStream(self._worker, self._prepare, request)

    def drain(self, seconds: float | None = None) -> bool:
        """Take no more requests and wait for those in work, at most `seconds`; whether all are finished."""
        return self._worker.drain(seconds)

    def close(self) -> None:
        """Give up what is in work and free the engines. It may be closed twice."""
        self._worker.close()
        self._pipeline.close()

    def _prepare(self, request: SpeechRequest) -> Job:
        """A full queue refuses before the text is read."""
        self._worker.check()
        return self._pipeline.prepare(request)
