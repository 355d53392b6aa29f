"""Text to speech with continuous batching: admit, decode, retire, voice."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from speechtrt.bundle import Bundle, Task, TtsSpec
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError, CancelledError, DeadlineError, SpeechTRTError
from speechtrt.runtime.backends.base import Array, Backend, Runner
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.scheduler import Scheduler
from speechtrt.runtime.batching.slots import Slots
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.decoder import Decoder
from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, Speech, SpeechRequest
from speechtrt.runtime.tts.text import FrontEnd
from speechtrt.runtime.tts.utterance import DropoutMasks, StepLimits, Utterance
from speechtrt.runtime.tts.vocoding import Vocoding, Voicing
from speechtrt.runtime.tts.voices import Voices

SHORT_TEXT = 12  # a text of fewer characters does not wait for company


@dataclass(frozen=True, slots=True)
class Stages:
    """The four opened stages of a TTS model."""

    encoder: Runner
    decoder: Runner
    postnet: Runner
    vocoder: Runner

    @classmethod
    def open(cls, backend: Backend, closing: ExitStack) -> "Stages":
        """Open every stage; `closing` closes them."""
        return cls(*(closing.enter_context(backend.open(n)) for n in ("encoder", "decoder", "postnet", "vocoder")))


@dataclass(slots=True)
class Pipeline:
    """Speaks texts, many at a time, one `step` after the other. `prepare` is for any thread, the rest for one."""

    model: Bundle
    engine: str
    voices: Voices
    clock: StageClock
    _front_end: FrontEnd
    _spec: TtsSpec
    _encoder: Runner
    _decoder: Decoder
    _vocoding: Vocoding
    _scheduler: Scheduler[Voicing]
    _closing: ExitStack
    _now: Callable[[], float]
    _jobs: dict[int, Job] = field(default_factory=dict)
    _voicing: list[Voicing] = field(default_factory=list)  # admitted, and not yet all sound
    _failures: list[Failure] = field(default_factory=list)  # since the last step
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def open(cls, folder: Path, slots: int = 16, threads: int | None = None) -> "Pipeline":
        """Open an engine set of a TTS model. Raises ManifestError, IntegrityError or BackendError."""
        engines = EngineFolder.open(folder)
        model = engines.manifest.model
        if model.task is not Task.TTS:
            raise BackendError(f"{folder}: holds a {model.task} model; expected a {Task.TTS} model")
        from speechtrt.runtime.tts.tokens import PieceEncoder

        encoder = PieceEncoder.load(engines.file(model.text.tokenizer), model.text)
        front_end = FrontEnd(encoder, model.text.languages, model.limits.max_text)
        return cls.over(model, open_backend(engines, threads), front_end, Voices.load(engines), slots)

    @classmethod
    def over(
        cls,
        model: Bundle,
        backend: Backend,
        front_end: FrontEnd,
        voices: Voices,
        slots: int,
        now: Callable[[], float] = time.perf_counter,
    ) -> "Pipeline":
        """A pipeline over an opened backend."""
        assert model.tts is not None
        if slots < 1:
            raise BackendError(f"{slots} slots were asked for; expected at least 1")
        clock = StageClock(now)
        with ExitStack() as closing:
            stages = Stages.open(backend, closing)
            return cls(
                model=model,
                engine=backend.name,
                voices=voices,
                clock=clock,
                _front_end=front_end,
                _spec=model.tts,
                _encoder=stages.encoder,
                _decoder=Decoder.open(stages.decoder, slots),
                _vocoding=Vocoding(stages.postnet, stages.vocoder, model.audio.hop, clock),
                _scheduler=Scheduler(Slots(slots), now),
                _now=now,
                _closing=closing.pop_all(),
            )

    @property
    def slots(self) -> int:
        """How many sentences are decoded at once."""
        return self._scheduler.slots.capacity

    @property
    def busy(self) -> bool:
        """Whether a submitted request is not complete."""
        return bool(self._jobs or self._failures)

    def synthesize(
        self,
        text: str,
        voice: str | None = None,
        seed: int = 0,
        steps: int | None = None,
        plan: ChunkPlan = INTERACTIVE,
    ) -> Speech:
        """Speak one text. Raises TextError or BackendError."""
        return self.synthesize_many([SpeechRequest(text, voice, seed, steps, plan)])[0]

    def synthesize_many(self, requests: Sequence[SpeechRequest]) -> list[Speech]:
        """Speak all texts, in the order of `requests`. Raises TextError (before any work) or BackendError."""
        done = sorted(self.completions(requests), key=lambda c: c.index)
        return [completion.speech for completion in done]

    def completions(self, requests: Sequence[SpeechRequest]) -> Iterator[Completion]:
        """Speak all texts and yield each as it is finished. Raises TextError (before any work) or BackendError."""
        indices = {}
        try:
            jobs = [self.prepare(request) for request in requests]
            for place, job in enumerate(jobs):
                indices[job.index] = place
                self.enqueue(job, urgent=True)
            while self.busy:
                for event in self.step():
                    if isinstance(event, Failure):
                        raise event.error
                    if isinstance(event, Completion):
                        yield Completion(indices[event.index], event.speech)
        finally:
            self.clear()

    def submit(self, request: SpeechRequest, urgent: bool = False) -> int:
        """Queue a request and return its number; `step` does the work. Raises TextError."""
        job = self.prepare(request)
        self.enqueue(job, urgent)
        return job.index

    def prepare(self, request: SpeechRequest) -> Job:
        """Everything that can be refused is refused here. Raises TextError."""
        with self.clock.measure("text"):
            script = self._front_end.prepare(request.text, request.language)
        speaker = self.voices.get(request.voice)
        sentences = tuple(
            Voicing(self._utterance(request, part, tokens, speaker), request.plan)
            for part, tokens in enumerate(script.sentences)
        )
        now, seconds = self._now(), request.deadline_seconds
        return Job(
            index=next(self._numbers),
            sentences=sentences,
            warnings=script.warnings,
            rate=self.model.audio.sample_rate,
            submitted=now,
            deadline=None if seconds is None else now + seconds,
            urgent=len(request.text) < SHORT_TEXT,
        )

    def enqueue(self, job: Job, urgent: bool = False) -> None:
        """Queue a prepared job; an urgent one does not wait for company."""
        self._jobs[job.index] = job
        for sentence in job.sentences:
            self._scheduler.submit(sentence, urgent or job.urgent)

    def cancel(self, index: int) -> None:
        """Give up a request at once; the next step reports it. A late call does nothing."""
        self._fail(index, CancelledError(f"request {index} was cancelled; submit it again if it is still wanted"))

    def step(self) -> list[Event]:
        """Admit who waits, decode a step of every slot, retire who is done, voice what is ready; what came of it."""
        self._expire()
        self._admit()
        self._decode()
        self._retire()
        self._voice()
        return [*self._failed(), *self._listen()]

    def delay(self) -> float:
        """Seconds for which `step` would do nothing, because the first request waits for company."""
        return self._scheduler.delay()

    def clear(self) -> None:
        """Forget every request, without a word."""
        self._scheduler.clear()
        self._jobs.clear()
        self._voicing.clear()
        self._failures.clear()

    def close(self) -> None:
        """Free the engines."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _utterance(self, request: SpeechRequest, part: int, tokens: Array, speaker: Array) -> Utterance:
        spec, limits = self._spec, self.model.limits
        bounds = (
            StepLimits.of(len(tokens), spec, limits)
            if request.steps is None
            else StepLimits.fixed(request.steps, spec, limits)
        )
        masks = DropoutMasks.seeded(request.seed, part, spec.dropout)
        return Utterance(tokens, speaker, bounds, masks, spec.stop_threshold, spec.reduction)

    def _admit(self) -> None:
        with self.clock.measure("scheduler"):
            placements = self._scheduler.admit()
        for placement in placements:
            utterance = placement.request.utterance
            inputs = {
                "tokens": utterance.tokens[None],
                "text_mask": np.ones((1, len(utterance.tokens)), np.bool_),
                "speaker": utterance.speaker[None],
            }
            with self.clock.measure("encoder"):
                encoded = self._encoder.run(inputs)
            self._decoder.admit(placement.row, utterance, {**inputs, **encoded})
            self._voicing.append(placement.request)

    def _decode(self) -> None:
        utterances = [v.utterance for v in self._scheduler.running()]
        if utterances:
            with self.clock.measure("decoder", len(utterances)):
                self._decoder.step(utterances)

    def _retire(self) -> None:
        with self.clock.measure("scheduler"):
            for owner, voicing in zip(self._scheduler.slots.owners, self._scheduler.running(), strict=True):
                if voicing.utterance.finished and (move := self._scheduler.retire(owner)):
                    self._decoder.move(move)

    def _voice(self) -> None:
        self._vocoding.advance(self._voicing)
        self._voicing = [v for v in self._voicing if not v.done]

    def _listen(self) -> Iterator[Event]:
        now = self._now()
        for job in list(self._jobs.values()):
            yield from (Heard(job.index, chunk) for chunk in job.listen(now))
            if job.done:
                del self._jobs[job.index]
                yield Completion(job.index, job.speech(now))

    def _expire(self) -> None:
        now = self._now()
        for job in [j for j in self._jobs.values() if j.late(now)]:
            waited = now - job.submitted
            self._fail(job.index, DeadlineError(f"request {job.index} was not finished after {waited:.2f} s"))

    def _fail(self, index: int, error: SpeechTRTError) -> None:
        job = self._jobs.pop(index, None)
        if job is None:
            return
        for sentence in job.sentences:
            if move := self._scheduler.withdraw(sentence):
                self._decoder.move(move)
        self._voicing = [v for v in self._voicing if v not in job.sentences]
        self._failures.append(Failure(index, error))

    def _failed(self) -> list[Failure]:
        failures, self._failures = self._failures, []
        return failures
