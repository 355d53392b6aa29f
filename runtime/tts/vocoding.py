"""Frames to sound, in chunks that join without a seam: postnet and vocoder see each chunk with its context."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.backends.base import Array, Runner
from speechtrt.runtime.clock import StageClock
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

    def inside(self, outer: "Span", unit: int = 1) -> slice:
        """Where this span lies in an array over `outer` of `unit` values per frame."""
        return slice((self.start - outer.start) * unit, (self.stop - outer.start) * unit)


@dataclass(slots=True, eq=False)
class Voicing:
    """An utterance's way to sound: what has been voiced, and the size of the next chunk."""

    utterance: Utterance
    plan: ChunkPlan
    pieces: list[Samples] = field(default_factory=list)
    _voiced: int = 0
    _size: int = field(init=False)

    def __post_init__(self) -> None:
        self._size = self.plan.first

    @property
    def done(self) -> bool:
        """Whether every frame has become sound."""
        return self.utterance.finished and self._voiced == len(self.utterance.frames)

    def next_span(self, lookahead: int) -> Span | None:
        """The next chunk whose right context exists, or None. The last chunk takes a short rest with it."""
        total = len(self.utterance.frames)
        stop = self._voiced + self._size
        if not self.utterance.finished:
            return Span(self._voiced, stop) if stop + lookahead <= total else None
        if total - stop < self._size // 2:
            stop = total
        return Span(self._voiced, stop) if self._voiced < total else None

    def take(self, span: Span, pcm: Samples) -> None:
        """Append the sound of `span`."""
        self.pieces.append(pcm)
        self._voiced = span.stop
        self._size = min(self._size * self.plan.growth, self.plan.largest)


@dataclass(frozen=True, slots=True)
class _Window:
    """A chunk with the frames that its mel needs, and the mel frames that its sound needs."""

    voicing: Voicing
    span: Span
    mel: Span
    frames: Span

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows of one shape share a batch."""
        return len(self.frames), self.mel.start - self.frames.start, len(self.mel)


@dataclass(frozen=True, slots=True)
class Vocoding:
    """Runs postnet and vocoder over whatever chunks are ready. `hop` is samples per frame."""

    postnet: Runner
    vocoder: Runner
    hop: int
    clock: StageClock

    def advance(self, voicings: Sequence[Voicing]) -> None:
        """Turn every chunk that is ready into sound."""
        while groups := self._ready(voicings):
            for windows in groups:
                self._voice(windows)

    def _ready(self, voicings: Sequence[Voicing]) -> list[list[_Window]]:
        groups: dict[tuple[int, int, int], list[_Window]] = defaultdict(list)
        for voicing in voicings:
            if window := self._window(voicing):
                groups[window.shape].append(window)
        return list(groups.values())

    def _window(self, voicing: Voicing) -> _Window | None:
        before, after = self.postnet.stage.context, self.vocoder.stage.context
        span = voicing.next_span(before + after)
        if span is None:
            return None
        total = len(voicing.utterance.frames)
        mel = span.widened(after, total)
        return _Window(voicing, span, mel, mel.widened(before, total))

    def _voice(self, windows: list[_Window]) -> None:
        """One pass for windows of one shape."""
        frames = np.stack([w.voicing.utterance.frames[w.frames.start : w.frames.stop] for w in windows])
        with self.clock.measure("postnet", len(windows)):
            mel = self.postnet.run({"frames": _cast(frames, self.postnet, "frames")})["mel"]
        mel = mel[:, windows[0].mel.inside(windows[0].frames)]
        with self.clock.measure("vocoder", len(windows)):
            pcm = self.vocoder.run({"mel": _cast(mel, self.vocoder, "mel")})["pcm"]
        for row, window in enumerate(windows):
            piece = pcm[row, window.span.inside(window.mel, self.hop)].astype(np.float32)
            window.voicing.take(window.span, piece)


def _cast(array: Array, runner: Runner, name: str) -> Array:
    return np.ascontiguousarray(array, dtype=runner.stage.input(name).dtype.value)
