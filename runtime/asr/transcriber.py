"""Speech to text with continuous batching: admit, step, retire."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from speechtrt.audio import Audio
from speechtrt.bundle import Bundle, ChunkSpec, Task
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.runtime.asr.encoder import Encoder, label_texts
from speechtrt.runtime.asr.session import Session, SessionState
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcript import Transcript, Transcription
from speechtrt.runtime.backends.base import Backend
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.scheduler import Scheduler
from speechtrt.runtime.batching.slots import Slots
from speechtrt.runtime.clock import StageClock

CHUNK_MILLISECONDS = 560


@dataclass(frozen=True, slots=True)
class _Recording:
    """A session, and the whole audio it will hear once it has a slot; None for a live stream."""

    session: Session
    audio: Audio | None

    @property
    def done(self) -> bool:
        return self.session.state is not SessionState.OPEN and not self.session.ready


@dataclass(slots=True)
class Transcriber:
    """Hears recordings and live streams, many at a time. Not for use by several threads at once."""

    model: Bundle
    engine: str
    chunk: ChunkSpec
    clock: StageClock
    _pieces: tuple[str, ...]
    _encoder: Encoder
    _scheduler: Scheduler[_Recording]
    _closing: ExitStack
    _now: Callable[[], float]

    @classmethod
    def open(
        cls,
        folder: Path,
        chunk_milliseconds: int = CHUNK_MILLISECONDS,
        slots: int = 16,
        threads: int | None = 1,
    ) -> "Transcriber":
        """Open an engine set of a CTC model; its small steps gain nothing from a second thread, None takes every core.

        Raises ManifestError, IntegrityError or BackendError.
        """
        engines = EngineFolder.open(folder)
        model = engines.manifest.model
        if model.task is not Task.CTC:
            raise BackendError(f"{folder}: holds a {model.task} model; expected a {Task.CTC} model")
        from speechtrt.runtime.pieces import load_pieces, piece_texts

        pieces = piece_texts(load_pieces(engines.file(model.text.tokenizer)))
        return cls.over(model, open_backend(engines, threads), pieces, chunk_milliseconds, slots)

    @classmethod
    def over(
        cls,
        model: Bundle,
        backend: Backend,
        pieces: Sequence[str],
        chunk_milliseconds: int,
        slots: int,
        now: Callable[[], float] = time.perf_counter,
    ) -> "Transcriber":
        """A transcriber over an opened backend; `pieces` are the labels' texts without the blank."""
        assert model.ctc is not None
        if slots < 1:
            raise BackendError(f"{slots} slots were asked for; expected at least 1")
        chunk = _chunk(model, chunk_milliseconds)
        with ExitStack() as closing:
            encoder = Encoder.open(closing.enter_context(backend.open(chunk.stage)), slots)
            labels = encoder.memory["log_probs"].shape[-1]
            return cls(
                model=model,
                engine=backend.name,
                chunk=chunk,
                clock=StageClock(now),
                _pieces=label_texts(pieces, labels, model.ctc.blank),
                _encoder=encoder,
                _scheduler=Scheduler(Slots(slots), now, wait_seconds=0.0),
                _now=now,
                _closing=closing.pop_all(),
            )

    @property
    def slots(self) -> int:
        """How many streams share a batch."""
        return self._scheduler.slots.capacity

    def transcribe(self, audio: Audio) -> Transcript:
        """What is said in one recording of any rate. Raises AudioError or BackendError."""
        return self.transcribe_many([audio])[0]

    def transcribe_many(self, audios: Sequence[Audio]) -> list[Transcript]:
        """What is said in each recording, in their order. Raises AudioError or BackendError."""
        done = sorted(self.completions(audios), key=lambda t: t.index)
        return [transcription.transcript for transcription in done]

    def completions(self, audios: Sequence[Audio]) -> Iterator[Transcription]:
        """Each recording's transcript as soon as it is finished. Raises AudioError or BackendError."""
        self._expect_free_slot()
        start = self._now()
        waiting = dict(enumerate(_Recording(self._session(), audio) for audio in audios))
        for recording in waiting.values():
            self._scheduler.submit(recording)
        try:
            while waiting:
                self.step()
                for index in [i for i, recording in waiting.items() if recording.done]:
                    yield Transcription(index, waiting.pop(index).session.transcript, self._now() - start)
        finally:
            self._abandon(waiting.values())

    def stream(self) -> Stream:
        """A live stream with a slot of its own. Raises BackendError when every slot is taken."""
        self._expect_free_slot()
        session = self._session()
        self._scheduler.submit(_Recording(session, None))
        self._admit()
        return Stream(session, self.step)

    def step(self) -> int:
        """Admit who waits, hear one chunk of every stream that has one, retire who is done; the number of chunks."""
        self._admit()
        chunks = self._hear()
        self._retire()
        return chunks

    def close(self) -> None:
        """Free the engine."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _session(self) -> Session:
        assert self.model.ctc is not None
        audio = self.model.audio
        return Session(self.chunk, self.model.ctc, self._pieces, audio.sample_rate, audio.hop)

    def _expect_free_slot(self) -> None:
        self._retire()
        if self._scheduler.slots.free == 0:
            raise BackendError(f"all {self.slots} slots have live streams; close one, or open with more slots")

    def _admit(self) -> None:
        for placement in self._scheduler.admit():
            self._encoder.admit(placement.row)
            session, audio = placement.request.session, placement.request.audio
            if audio is not None and session.state is SessionState.OPEN:
                with self.clock.measure("audio"):
                    session.accept(audio.samples, audio.rate)
                    session.flush()

    def _hear(self) -> int:
        slots = self._scheduler.slots
        ready = [o for o, r in zip(slots.owners, self._scheduler.running(), strict=True) if r.session.ready]
        if not ready:
            return 0
        for swap in slots.gather(ready):
            self._encoder.swap(swap)
        sessions = [r.session for r in self._scheduler.running()[: len(ready)]]
        windows = [session.take() for session in sessions]
        with self.clock.measure("encoder", len(ready)):
            answers = self._encoder.step(windows)
        with self.clock.measure("decoding", len(ready)):
            for session, log_probs in zip(sessions, answers, strict=True):
                session.receive(log_probs)
        return len(ready)

    def _retire(self) -> None:
        for owner, recording in zip(self._scheduler.slots.owners, self._scheduler.running(), strict=True):
            if recording.done and (move := self._scheduler.retire(owner)):
                self._encoder.move(move)

    def _abandon(self, recordings: Iterable[_Recording]) -> None:
        for recording in recordings:
            recording.session.close()
        self._retire()


def _chunk(model: Bundle, milliseconds: int) -> ChunkSpec:
    assert model.ctc is not None
    for chunk in model.ctc.chunks:
        if chunk.milliseconds == milliseconds:
            return chunk
    known = ", ".join(str(c.milliseconds) for c in model.ctc.chunks)
    raise BackendError(f"model {model.name} has no chunk of {milliseconds} ms; it has {known}")
