"""An utterance's way to sound, chunk by chunk."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from speechtrt.audio import Samples
from speechtrt.runtime.tts.speech import ChunkPlan
from speechtrt.runtime.tts.utterance import Utterance


@dataclass(frozen=True, slots=True)
class Span:
    """Frames from `start` up to `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def widened(self, context: int, total: int) -> "Span":
        """With `context` frames on each side, as far as the utterance goes."""
        return Span(max(0, self.start - context), min(total, self.stop + context))

    def rounded(self, grain: int) -> "Span":
        """Begun earlier, so that the length is a multiple of `grain`, as far as the utterance goes."""
        return Span(max(0, self.start - -len(self) % grain), self.stop)

    def inside(self, outer: "Span", unit: int = 1) -> slice:
        """Where this span lies in an array over `outer` of `unit` values per frame."""
        return slice((self.start - outer.start) * unit, (self.stop - outer.start) * unit)


@dataclass(slots=True, eq=False)
class Voicing:
    """What of an utterance has been handed over to be voiced, what is sound, and the size of the next chunk.

    Its first chunk should be heard at `due` (seconds of the pipeline's clock); `job` is the number of its request.
    `pause` seconds of silence follow before the next sentence.
    """

    utterance: Utterance
    plan: ChunkPlan
    job: int
    due: float
    pause: float = 0.0
    pieces: list[Samples] = field(default_factory=list)
    _given: int = 0
    _voiced: int = 0
    _sizes: Iterator[int] = field(init=False)
    _size: int = field(init=False)

    def __post_init__(self) -> None:
        self._sizes = self.plan.sizes()
        self._size = next(self._sizes)

    @property
    def given(self) -> int:
        """How many frames have been handed over."""
        return self._given

    @property
    def done(self) -> bool:
        """Whether every frame has become sound."""
        return self.utterance.finished and self._voiced == len(self.utterance.frames)

    def next_span(self, lookahead: int) -> Span | None:
        """The next chunk, when the `lookahead` frames after it exist or there will be none.

        A rest shorter than `lookahead` joins the last chunk, so chunks do not depend on when they are asked for.
        """
        total = len(self.utterance.frames)
        stop = self._given + self._size
        if stop + lookahead <= total:
            return Span(self._given, stop)
        return Span(self._given, total) if self.utterance.finished and self._given < total else None

    def give(self, span: Span) -> None:
        """Note that `span` is being voiced."""
        self._given = span.stop
        self._size = next(self._sizes)

    def take(self, span: Span, pcm: Samples) -> None:
        """Append the sound of `span`."""
        self.pieces.append(pcm)
        self._voiced = span.stop
