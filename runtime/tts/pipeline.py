"""Text to speech with continuous batching: admit, decode, retire, voice."""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from speechtrt.bundle import Bundle
from speechtrt.closing import Closing
from speechtrt.errors import BackendError, CancelledError, SpeechTRTError
from speechtrt.runtime.batching.request import Placement
from speechtrt.runtime.batching.scheduler import Scheduler
from speechtrt.runtime.batching.slots import Slots
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.bell import Bell
from speechtrt.runtime.tts.casting import Casting
from speechtrt.runtime.tts.crew import Crew
from speechtrt.runtime.tts.decoder import Decoder
from speechtrt.runtime.tts.encoding import Encoding
from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.jobs import Jobs
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, Speech, SpeechRequest
from speechtrt.runtime.tts.stages import Stages
from speechtrt.runtime.tts.vocoding import Vocoding
from speechtrt.runtime.tts.voices import Voices
from speechtrt.runtime.tts.voicing import Voicing


@dataclass(slots=True)
class Pipeline(Closing):
    """Speaks texts, many at a time, one `step` after the other. `prepare` is for any thread, the rest for one."""

    engine: str
    clock: StageClock
    _casting: Casting
    _stages: Stages
    _crew: Crew
    _encoding: Encoding
    _decoder: Decoder
    _vocoding: Vocoding
    _scheduler: Scheduler[Voicing]
    _now: Callable[[], float]
    _bell: Bell  # rings when there may be somebody to admit
    _jobs: Jobs = field(default_factory=Jobs)
    _failures: list[Failure] = field(default_factory=list)  # since the last step
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def over(
        cls,
        engine: str,
        stages: Stages,
        casting: Casting,
        slots: int,
        crew: Crew,
        now: Callable[[], float] = time.perf_counter,
    ) -> "Pipeline":
        """A pipeline that owns `stages` and `crew`. Raises BackendError."""
        if slots < 1:
            raise BackendError(f"{slots} slots were asked for; expected at least 1")
        clock, bell, model = StageClock(now), Bell(), casting.model
        decoder = Decoder.open(stages.decoder, slots, clock)
        return cls(
            engine=engine,
            clock=clock,
            _casting=casting,
            _stages=stages,
            _crew=crew,
            _encoding=Encoding(stages.encoder, model.limits.max_text, decoder.dropout, crew.encoder, clock, bell.ring),
            _decoder=decoder,
            _vocoding=Vocoding(
                stages.postnet, stages.vocoder, model.audio, clock, crew.vocoder, crew.passes, bell.wake
            ),
            _scheduler=Scheduler(Slots(slots), now),
            _now=now,
            _bell=bell,
        )

    @property
    def model(self) -> Bundle:
        """The manifest of the model."""
        return self._casting.model

    @property
    def voices(self) -> Voices:
        """The speakers of the model."""
        return self._casting.voices

    @property
    def slots(self) -> int:
        """How many sentences are decoded at once."""
        return self._scheduler.slots.capacity

    @property
    def active(self) -> int:
        """How many sentences are being decoded now."""
        return self._scheduler.slots.active

    @property
    def busy(self) -> bool:
        """Whether a submitted request has not ended."""
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
        return [done.speech for done in sorted(self.completions(requests), key=lambda c: c.index)]

    def completions(self, requests: Sequence[SpeechRequest]) -> Iterator[Completion]:
        """Speak all texts and yield each as it is finished. Raises TextError (before any work) or BackendError."""
        try:
            places = {self.submit(request, urgent=True): place for place, request in enumerate(requests)}
            while self.busy:
                self.wait()
                for event in self.step():
                    if isinstance(event, Failure):
                        raise event.error
                    if isinstance(event, Completion):
                        yield Completion(places[event.index], event.speech)
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
            return self._casting.job(next(self._numbers), request, self._now())

    def enqueue(self, job: Job, urgent: bool = False) -> None:
        """Queue a prepared job; an urgent one does not wait for company."""
        self._jobs.add(job)
        for sentence in job.sentences:
            self._scheduler.submit(sentence, urgent or job.urgent, sentence.due)
        self._bell.ring()

    def cancel(self, index: int) -> None:
        """Give up a request at once; the next step reports it. A late call does nothing."""
        self._fail(index, CancelledError(f"request {index} was cancelled; submit it again if it is still wanted"))

    def step(self) -> list[Event]:
        """Admit who waits, decode a stride of every slot, retire who is done, voice what is ready; what came of it.

        Most strides only decode: the rest is looked at when something has happened that could concern it.
        """
        with self.clock.measure("scheduler"):
            for failure in self._jobs.expired(self._now()):
                self._fail(failure.index, failure.error)
            if self._bell.answer() or not self.active:
                self._admit()
            looked = self._decode()
            events = self._voice() if looked or self._vocoding.ready else []
            failures, self._failures = self._failures, []
            self._bell.called = False
            return [*events, *failures]

    def delay(self) -> float:
        """Seconds for which `step` would do nothing, infinite if it waits for the crew or for a request."""
        if self._failures or self._vocoding.ready:
            return 0.0
        if self.active:
            return self._rest()
        upcoming = [voicing.utterance for voicing in self._scheduler.upcoming(self._reach())]
        if self._crew.ahead and self._encoding.free and not all(self._encoding.begun(u) for u in upcoming):
            return 0.0
        may_enter = any(self._crew.ahead == 0 or self._encoding.ready(u) for u in upcoming)
        return self._scheduler.delay() if may_enter else math.inf

    def wait(self) -> None:
        """Sleep until `step` has something to do, or somebody calls `wake`."""
        if seconds := self.delay():
            self._bell.sleep(None if seconds == math.inf else seconds)

    def wake(self) -> None:
        """End `wait`; for any thread."""
        self._bell.wake()

    def clear(self) -> None:
        """Forget every request, without a word."""
        self._scheduler.clear()
        self._encoding.clear()
        self._vocoding.clear()
        self._jobs.clear()
        self._failures.clear()

    def close(self) -> None:
        """Forget every request and free the engines. It may be closed twice."""
        self.clear()
        self._crew.close()
        self._stages.close()

    def _reach(self) -> int:
        """How many sentences of the queue are encoded."""
        return self._scheduler.slots.free + self._crew.ahead

    def _admit(self) -> None:
        if self._scheduler.waiting == 0 or not (self._scheduler.slots.free or self._encoding.free):
            return
        upcoming = self._scheduler.upcoming(self._reach())
        if self._crew.ahead or self._scheduler.delay() == 0:
            self._encoding.begin(voicing.utterance for voicing in upcoming)
        for voicing in upcoming:  # before any has a row, as failing moves rows
            if error := self._encoding.error(voicing.utterance):
                self._fail(voicing.job, error)
        for placement in self._scheduler.admit(self._encoded):
            self._begin(placement, placement.row)

    def _encoded(self, voicing: Voicing) -> bool:
        return self._encoding.encoded(voicing.utterance)

    def _begin(self, placement: Placement[Voicing], rows: int) -> None:
        """The first `rows` rows hold other sentences."""
        utterance = placement.request.utterance
        self._decoder.admit(placement.row, rows, utterance, self._encoding.take(utterance))

    def _decode(self) -> bool:
        """A stride of every slot; whether there may be more to voice."""
        if not (rows := self.active) or self._rest():
            return False
        try:
            free = self._scheduler.slots.free > 0  # with no row to give away, whoever calls can wait for the stride
            due = self._decoder.run(rows, self._crew.stride, lambda: free and self._bell.called)
            looks = [(row, self._scheduler.at(row)) for row in due]
            waited = [voicing for row, voicing in looks if self._decoder.look(row, rows, voicing.utterance)]
        except SpeechTRTError as error:
            for voicing in self._scheduler.running():
                self._fail(voicing.job, error)
            return False
        self._vocoding.offer(waited)
        owners = self._scheduler.slots.owners if waited else ()
        for owner in [owners[row] for row, voicing in looks if voicing.utterance.finished]:
            self._end(owner)
        return bool(waited)

    def _rest(self) -> float:
        """Seconds until the next step is worth its time, unless something happens before.

        A step costs about as much for few rows as for many, and while more waits to be voiced than can be, nothing is
        lost by putting it off: free rows wait for company then, unless somebody listens to one in the batch.
        """
        seconds = self._scheduler.patience() if self._vocoding.backlog else 0.0
        return 0.0 if seconds and any(voicing.plan.live for voicing in self._scheduler.running()) else seconds

    def _end(self, owner: int) -> None:
        if heir := self._scheduler.succeed(owner, self._encoded):
            self._begin(heir, self.active)
        elif move := self._scheduler.retire(owner):
            self._decoder.move(move)
        self._bell.ring()

    def _voice(self) -> list[Event]:
        events: list[Event] = []
        for landed in self._vocoding.advance():
            if landed.error is not None:
                self._fail(landed.voicing.job, landed.error)
            elif job := self._jobs.get(landed.voicing.job):
                events += self._listen(job)
        return events

    def _listen(self, job: Job) -> Iterator[Event]:
        now = self._now()
        yield from (Heard(job.index, chunk) for chunk in job.listen(now))
        if job.done:
            self._jobs.pop(job.index)
            yield Completion(job.index, job.speech(now))

    def _fail(self, index: int, error: SpeechTRTError) -> None:
        if (job := self._jobs.pop(index)) is None:
            return
        for sentence in job.sentences:
            self._encoding.forget(sentence.utterance)
            self._vocoding.forget(sentence)
            if move := self._scheduler.withdraw(sentence):
                self._decoder.move(move)
        self._failures.append(Failure(index, error))
        self._bell.ring()
