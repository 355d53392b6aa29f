"""Frames to sound, in chunks that join without a seam: postnet and vocoder see each chunk with its context."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from speechtrt.audio import Samples
from speechtrt.bundle import AudioSpec
from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.backends.base import Array, Runner
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.hand import Hand, Task
from speechtrt.runtime.tts.voicing import Span, Voicing

LARGEST_PASS = 640  # frames of all windows in a pass; memory grows with them
GRAIN = 8  # windows at the end of a sentence are widened to a multiple of this, so that few shapes occur


@dataclass(frozen=True, slots=True)
class _Window:
    """A chunk with the frames that its mel needs, and the mel frames that its sound needs."""

    voicing: Voicing
    span: Span
    mel: Span
    frames: Span
    due: float
    shape: tuple[int, int, int]  # windows of one shape share a batch


@dataclass(frozen=True, slots=True)
class _Flight:
    """Windows of one shape whose sound is being made."""

    windows: list[_Window]
    sound: Task[list[Samples]]


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a chunk; `error` None is sound."""

    voicing: Voicing
    error: SpeechTRTError | None


@dataclass(slots=True)
class Vocoding:
    """Postnet and vocoder, run by `hand`, at most `passes` handed over at once; `notify` is called after each."""

    postnet: Runner
    vocoder: Runner
    audio: AudioSpec
    clock: StageClock
    hand: Hand
    passes: int
    notify: Callable[[], None]
    _flights: deque[_Flight] = field(default_factory=deque)
    _windows: dict[Voicing, _Window] = field(default_factory=dict)  # ready, and not handed over

    @property
    def busy(self) -> bool:
        """Whether sound is being made."""
        return bool(self._flights)

    @property
    def ready(self) -> bool:
        """Whether `advance` would find new sound."""
        return bool(self._flights) and self._flights[0].sound.done

    @property
    def backlog(self) -> bool:
        """Whether there is more to voice than can be handed over."""
        return len(self._flights) >= self.passes and bool(self._windows)

    def offer(self, voicings: Iterable[Voicing]) -> None:
        """These have frames that somebody waits for, or their last ones."""
        # a window stays as it is until it is handed over, however many frames follow
        new = (voicing for voicing in voicings if voicing not in self._windows)
        self._windows |= {voicing: window for voicing in new if (window := self._window(voicing))}

    def advance(self) -> list[Landed]:
        """Hand over the chunks that are ready, the most urgent first, and take the sound that exists."""
        landed = self._land()
        while self._windows and len(self._flights) < self.passes:
            self._start(self._next())
            landed += self._land()
        return landed

    def forget(self, voicing: Voicing) -> None:
        """Voice no more of it than has been handed over."""
        self._windows.pop(voicing, None)

    def clear(self) -> None:
        """Forget what is being made."""
        for flight in self._flights:
            flight.sound.drop()
        self._flights.clear()
        self._windows.clear()

    def _next(self) -> list[_Window]:
        """The most urgent window and, as far as a pass may grow, others of its shape."""
        windows = sorted(self._windows.values(), key=lambda w: w.due)
        alike = [w for w in windows if w.shape == windows[0].shape]
        return alike[: max(1, LARGEST_PASS // len(windows[0].frames))]

    def _window(self, voicing: Voicing) -> _Window | None:
        before, after = self.postnet.stage.context, self.vocoder.stage.context
        span = voicing.next_span(before + after)
        if span is None:
            return None
        total = len(voicing.utterance.frames)
        mel = span.widened(after, total).rounded(GRAIN)
        due = voicing.due + voicing.given * self.audio.hop / self.audio.sample_rate
        frames = mel.widened(before, total)
        shape = len(frames), mel.start - frames.start, len(mel)
        return _Window(voicing, span, mel, frames, due, shape)

    def _start(self, windows: list[_Window]) -> None:
        frames = [w.voicing.utterance.frames[w.frames.start : w.frames.stop] for w in windows]
        for window in windows:
            window.voicing.give(window.span)
            del self._windows[window.voicing]
            self.offer((window.voicing,))
        sound = Task(partial(self._voice, windows, frames), self.notify)
        self._flights.append(_Flight(windows, sound))
        self.hand.give(sound)

    def _land(self) -> list[Landed]:
        landed: list[Landed] = []
        while self.ready:
            flight = self._flights.popleft()
            error = flight.sound.error
            if error is not None and not isinstance(error, SpeechTRTError):
                raise error
            for window, samples in zip(flight.windows, [] if error else flight.sound.result, strict=False):
                window.voicing.take(window.span, samples)
            landed += [Landed(w.voicing, error) for w in flight.windows]
        return landed

    def _voice(self, windows: list[_Window], frames: list[Array]) -> list[Samples]:
        """One pass for windows of one shape, each with its `frames` [frames, mels], which do not change any more."""
        with self.clock.measure("postnet", len(windows)):
            mel = self.postnet.run({"frames": _cast(np.stack(frames), self.postnet, "frames")})["mel"]
        mel = mel[:, windows[0].mel.inside(windows[0].frames)]
        with self.clock.measure("vocoder", len(windows)):
            pcm = self.vocoder.run({"mel": _cast(mel, self.vocoder, "mel")})["pcm"]
        return [pcm[row, w.span.inside(w.mel, self.audio.hop)].astype(np.float32) for row, w in enumerate(windows)]


def _cast(array: Array, runner: Runner, name: str) -> Array:
    return np.ascontiguousarray(array, dtype=runner.stage.input(name).dtype.value)
