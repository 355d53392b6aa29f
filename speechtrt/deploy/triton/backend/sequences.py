"""Triton's sequences as live streams."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import msgspec

from speechtrt.audio import Samples
from speechtrt.closing import Closing
from speechtrt.errors import RequestError, SpeechTRTError
from speechtrt.runtime.asr.events import Event, Final, Partial
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber


@dataclass(frozen=True, slots=True)
class Piece:
    """One request of a sequence: samples [n], None for the model's `rate`."""

    sequence: int
    start: bool
    end: bool
    samples: Samples
    rate: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard in a piece, and the text of the whole sequence so far."""

    text: str
    events: tuple[Event, ...]

    @property
    def document(self) -> bytes:
        """The events as one JSON array."""
        return msgspec.json.encode([{"type": kind(event), **msgspec.to_builtins(event)} for event in self.events])


@dataclass(slots=True)
class Spoken:
    """A stream, what it has said, and when it was heard of last."""

    stream: Stream
    touched: float
    finals: list[str] = field(default_factory=list)
    partial: str = ""

    def take(self, events: Sequence[Event]) -> Answer:
        """Count new events in."""
        for event in events:
            match event:
                case Partial():
                    self.partial = event.text
                case Final():
                    self.finals.append(event.text)
                    self.partial = ""
        return Answer(" ".join(filter(None, (*self.finals, self.partial))), tuple(events))


@dataclass(slots=True)
class Sequences(Closing):
    """Streams by correlation id. For one thread; a sequence that Triton gave up goes after `idle_seconds`."""

    transcriber: Transcriber
    idle_seconds: float
    now: Callable[[], float] = time.monotonic
    heard_seconds: float = 0.0
    _spoken: dict[int, Spoken] = field(default_factory=dict)

    def hear(self, pieces: Sequence[Piece]) -> list[Answer | SpeechTRTError]:
        """Hear one piece of each of several sequences together; an answer each, when all have been heard."""
        accepted = self._accept(pieces)
        return [self._settle(piece, error) for piece, error in zip(pieces, accepted, strict=True)]

    def close(self) -> None:
        """Give up every stream; it may be closed twice."""
        for sequence in tuple(self._spoken):
            self._forget(sequence)

    def _accept(self, pieces: Sequence[Piece]) -> list[SpeechTRTError | None]:
        """Give every piece to its stream before any encoder starts, so that they share its batches."""
        self._reap()
        errors: list[SpeechTRTError | None] = [self._begin(piece) for piece in pieces]
        with ExitStack() as held:
            for lane in {id(s.stream.lane): s.stream.lane for s in self._spoken.values()}.values():
                held.enter_context(lane.lock)
            return [error or self._push(piece) for piece, error in zip(pieces, errors, strict=True)]

    def _begin(self, piece: Piece) -> SpeechTRTError | None:
        try:
            if piece.start:
                self._forget(piece.sequence)
                self._spoken[piece.sequence] = Spoken(self.transcriber.stream(), self.now())
            elif piece.sequence not in self._spoken:
                return RequestError(
                    f"sequence {piece.sequence} is not open: it had an error, was silent for {self.idle_seconds:g} s, "
                    "or no request with its start came; start it again"
                )
        except SpeechTRTError as error:
            return error
        return None

    def _push(self, piece: Piece) -> SpeechTRTError | None:
        spoken = self._spoken[piece.sequence]
        spoken.touched = self.now()
        rate = piece.rate or self.transcriber.model.audio.sample_rate
        try:
            if len(piece.samples):
                spoken.stream.accept(piece.samples, rate)
                self.heard_seconds += len(piece.samples) / rate
            if piece.end:
                spoken.stream.end()
        except SpeechTRTError as error:
            return error
        return None

    def _settle(self, piece: Piece, error: SpeechTRTError | None) -> Answer | SpeechTRTError:
        if error is not None:
            return self._fail(piece.sequence, error)
        spoken = self._spoken[piece.sequence]
        try:
            if piece.end:
                answer = spoken.take(list(spoken.stream))
                self._forget(piece.sequence)
                return answer
            spoken.stream.settle()
            return spoken.take(spoken.stream.poll())
        except SpeechTRTError as failure:
            return self._fail(piece.sequence, failure)

    def _fail(self, sequence: int, error: SpeechTRTError) -> SpeechTRTError:
        """A stream that missed something cannot go on."""
        self._forget(sequence)
        return error

    def _reap(self) -> None:
        for sequence, spoken in tuple(self._spoken.items()):
            if self.now() - spoken.touched > self.idle_seconds:
                self._forget(sequence)

    def _forget(self, sequence: int) -> None:
        if spoken := self._spoken.pop(sequence, None):
            spoken.stream.close()


def kind(event: Event) -> str:
    """What an event is called."""
    return type(event).__name__.lower()
