"""Where each word of a known transcript is in a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from speechtrt.errors import TextError
from speechtrt.runtime.asr.decoding.alignment import align_labels
from speechtrt.runtime.asr.decoding.base import Frames, Hypothesis, Labels, LogProbs, Token
from speechtrt.runtime.asr.decoding.spelling import Spelling
from speechtrt.runtime.asr.decoding.words import words
from speechtrt.runtime.asr.events import Cause
from speechtrt.runtime.asr.transcript import Word


def align(
    log_probs: LogProbs, transcript: str, labels: Labels, frame_seconds: float, seconds: float = inf
) -> tuple[Word, ...]:
    """The words of `transcript` with their times in `log_probs` [frames, labels], none of which ends after `seconds`.

    A word's confidence is the geometric mean of its labels' probabilities where they are likeliest. Raises TextError
    for a text that is empty, that the labels cannot spell, or that is too long for the audio.
    """
    wanted = Spelling.of(labels.texts).labels(transcript)
    if not wanted:
        raise TextError("the transcript is empty; expected the words that are said in the audio")
    return words(align_labels(log_probs, wanted, labels.blank), labels.texts, frame_seconds, seconds)


@dataclass(slots=True)
class FrameCollector:
    """In the place of a decoder: keeps the log-probabilities of a whole recording, and hears no word."""

    labels: Labels
    parts: list[LogProbs] = field(default_factory=list)
    stable: Sequence[Token] = ()
    unstable: Sequence[Token] = ()

    @property
    def log_probs(self) -> LogProbs:
        """All frames [frames, labels]."""
        return np.concatenate([np.empty((0, len(self.labels.texts)), np.float32), *self.parts])

    def accept(self, frames: Frames) -> None:
        """Append frames."""
        self.parts.append(frames.log_probs.copy())

    def finish(self, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
        """Nothing was said."""
        return (Hypothesis((), 0.0),)

    def narrow(self, on: bool) -> None:
        """There is no less work than this."""
