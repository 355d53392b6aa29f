"""One stream of speech after the encoder: frames in, events out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from speechtrt.runtime.asr.decoding.base import Decoding, Frames, Hypothesis, Labels, Token
from speechtrt.runtime.asr.decoding.words import alternative, last_word, text
from speechtrt.runtime.asr.endpoint import Endpointer
from speechtrt.runtime.asr.events import Cause, Event, Final, Partial
from speechtrt.runtime.asr.vad import Voice

LONGEST_WORD = 3  # lengths of an utterance that a word without an end may last


@dataclass(slots=True)
class Session:
    """Decodes the frames of one stream, cuts them into utterances, and says so to `emit`.

    Silence is blanks, or what `voice` takes for it. An utterance that is cut by its length ends after its last complete
    word; the tokens of the next word go on into the next utterance, so that all finals together have exactly the words
    of the whole.
    """

    labels: Labels
    frame_seconds: float
    decoder: Decoding
    endpointer: Endpointer
    emit: Callable[[Event], None]
    partials: bool = True
    voice: Voice | None = None
    _frame: int = 0
    _utterance: int = 0
    _carried: list[Token] = field(default_factory=list)
    _lengths: int = 0
    _tokens: int = 0
    _shown: tuple[str, str] = ("", "")

    @property
    def seconds(self) -> float:
        """How much of the stream has been heard or dropped."""
        return round(self._frame * self.frame_seconds, 3)

    def hear(self, frames: Frames) -> None:
        """The encoder's answer to the stream's oldest window."""
        start, blank, voice = 0, self.labels.blank, self.voice
        for index, label in enumerate(frames.labels):
            silent = label == blank if voice is None else voice.silent(frames.first + index)
            if cause := self.endpointer.accept(silent):
                self.decoder.accept(frames.part(start, index + 1))
                self._cut(cause)
                start = index + 1
        self.decoder.accept(frames.part(start, len(frames)) if start else frames)
        self._frame += len(frames)
        if self.partials:
            self._show()

    @property
    def next_frame(self) -> int:
        """Number of the frame that comes next."""
        return self._frame

    def skip(self, frames: int) -> None:
        """Frames that nobody will hear."""
        self._frame += frames

    def finish(self, seconds: float) -> None:
        """The stream of `seconds` is over."""
        self._close(self._readings(Cause.END), Cause.END, seconds)

    def _readings(self, cause: Cause) -> list[Hypothesis]:
        return [Hypothesis([*self._carried, *one.tokens], one.score) for one in self.decoder.finish(cause)]

    def _cut(self, cause: Cause) -> None:
        readings = self._readings(cause)
        self._carried, self._lengths = [], self._lengths + 1 if cause is Cause.LENGTH else 0
        if 0 < self._lengths < LONGEST_WORD:
            best = readings[0].tokens
            self._carried = list(best[last_word(best, self.labels.texts) :])
            readings = without(self._carried, readings)
        self.endpointer.reset(speech=bool(self._carried))
        self._close(readings, cause)

    def _close(self, readings: Sequence[Hypothesis], cause: Cause, seconds: float = float("inf")) -> None:
        told = [alternative(one, self.labels.texts, self.frame_seconds, seconds) for one in readings]
        heard = told[0].words
        if not heard:
            return
        self._lengths = 0
        alternatives = tuple(told) if len(told) > 1 else ()
        self.emit(Final(self._utterance, told[0].text, heard, heard[0].start, heard[-1].end, cause, alternatives))
        self._utterance += 1
        self._shown = ("", "")

    def _show(self) -> None:
        texts, unstable = self.labels.texts, self.decoder.unstable
        stable = [*self._carried, *self.decoder.stable]
        if len(stable) == self._tokens and not unstable and not self._shown[1]:
            return
        self._tokens = len(stable)
        begun = text(stable, texts)
        shown = (begun, text([*stable, *unstable], texts)[len(begun) :] if unstable else "")
        if shown != self._shown and any(shown):
            self._shown = shown
            self.emit(Partial(self._utterance, *shown, self.seconds))


def without(carried: Sequence[Token], readings: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Readings that end as the best one does, without the tokens that go on into the next utterance."""
    end = [token.label for token in carried]
    alike = [one for one in readings if [token.label for token in one.tokens[len(one.tokens) - len(end) :]] == end]
    return [Hypothesis(one.tokens[: len(one.tokens) - len(end)], one.score) for one in alike]
