"""One stream of speech after the encoder: frames in, events out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from speechtrt.runtime.asr.decoding.base import Decoding, Frames, Labels, Token
from speechtrt.runtime.asr.decoding.words import last_word, text, words
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
        self._close([*self._carried, *self.decoder.finish()], Cause.END, seconds)

    def _cut(self, cause: Cause) -> None:
        tokens = [*self._carried, *self.decoder.finish()]
        self._carried, self._lengths = [], self._lengths + 1 if cause is Cause.LENGTH else 0
        if 0 < self._lengths < LONGEST_WORD:
            last = last_word(tokens, self.labels.texts)
            tokens, self._carried = tokens[:last], tokens[last:]
        self.endpointer.reset(speech=bool(self._carried))
        self._close(tokens, cause)

    def _close(self, tokens: Sequence[Token], cause: Cause, seconds: float = float("inf")) -> None:
        heard = words(tokens, self.labels.texts, self.frame_seconds, seconds)
        if not heard:
            return
        self._lengths = 0
        said = " ".join(word.word for word in heard)
        self.emit(Final(self._utterance, said, heard, heard[0].start, heard[-1].end, cause))
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
