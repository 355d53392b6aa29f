"""Text to speech with continuous batching: admit, decode, retire, voice."""

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
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Backend, Runner
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.scheduler import Scheduler
from speechtrt.runtime.batching.slots import Slots
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.decoder import Decoder
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, Completion, Speech, SpeechRequest
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
class Synthesizer:
    """Speaks texts, many at a time. Not for use by several threads at once."""

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
    _jobs: list[Job] = field(default_factory=list)
    _voicing: list[Voicing] = field(default_factory=list)  # admitted, and not yet all sound
    _submitted: int = 0

    @classmethod
    def open(cls, folder: Path, slots: int = 16, threads: int | None = None) -> "Synthesizer":
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
    ) -> "Synthesizer":
        """A synthesizer over an opened backend."""
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
        return bool(self._jobs)

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
        first = self._submitted
        try:
            for request in requests:
                self.submit(request, urgent=True)
            while self.busy:
                for completion in self.step():
                    yield Completion(completion.index - first, completion.speech)
        finally:
            self.clear()

    def submit(self, request: SpeechRequest, urgent: bool = False) -> int:
        """Queue a request and return its number; `step` does the work. Raises TextError."""
        with self.clock.measure("text"):
            script = self._front_end.prepare(request.text)
        speaker = self.voices.get(request.voice)
        sentences = tuple(
            Voicing(self._utterance(request, part, tokens, speaker), request.plan)
            for part, tokens in enumerate(script.sentences)
        )
        job = Job(self._submitted, sentences, script.warnings, self._now())
        self._submitted += 1
        self._jobs.append(job)
        for sentence in sentences:
            self._scheduler.submit(sentence, urgent or len(request.text) < SHORT_TEXT)
        return job.index

    def step(self) -> list[Completion]:
        """Admit who waits, decode a step of every slot, retire who is done, voice what is ready; what this finished."""
        self._admit()
        self._decode()
        self._retire()
        return self._voice()

    def delay(self) -> float:
        """Seconds for which `step` would do nothing, because the first request waits for company."""
        return self._scheduler.delay()

    def clear(self) -> None:
        """Forget every request."""
        self._scheduler.clear()
        self._jobs.clear()
        self._voicing.clear()

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

    def _voice(self) -> list[Completion]:
        self._vocoding.advance(self._voicing)
        self._voicing = [v for v in self._voicing if not v.done]
        now = self._now()
        for job in self._jobs:
            job.listen(now)
        done = [job for job in self._jobs if job.done]
        self._jobs = [job for job in self._jobs if not job.done]
        return [job.completion(self.model.audio.sample_rate, now) for job in done]
