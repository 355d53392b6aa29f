"""The seam between the encoder's log-probabilities and whatever makes tokens of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from speechtrt.runtime.asr.decoding.options import DecodingOptions
from speechtrt.runtime.asr.events import Cause

LogProbs = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Labels:
    """The text of every label, U+2581 at the start of a word, and which of them is the blank."""

    texts: tuple[str, ...]
    blank: int


@dataclass(slots=True)
class Token:
    """A label over frames `first` to `last` of the stream; `log_prob` is its highest."""

    label: int
    first: int
    last: int
    log_prob: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A reading of an utterance. `score` is a natural logarithm that orders the readings of one utterance."""

    tokens: Sequence[Token]
    score: float


@dataclass(frozen=True, slots=True)
class Frames:
    """Consecutive frames of a stream, number `first` on, with the best label of each and its log-probability.

    `log_probs` [n, labels] belongs to the encoder and is overwritten by its next step: copy what must stay.
    """

    first: int
    log_probs: LogProbs
    labels: Sequence[int]
    best: Sequence[float]

    @classmethod
    def of(cls, log_probs: LogProbs, first: int = 0) -> "Frames":
        """Frames [n, labels] with their best labels."""
        labels = log_probs.argmax(axis=1)
        best = log_probs[np.arange(len(labels)), labels]
        return cls(first, log_probs, labels.tolist(), best.tolist())

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, start: int, stop: int) -> "Frames":
        """Frames `start` to `stop` of these."""
        return Frames(self.first + start, self.log_probs[start:stop], self.labels[start:stop], self.best[start:stop])


class Decoding(Protocol):
    """Makes tokens of one stream's frames, utterance by utterance. Used by one thread at a time."""

    def accept(self, frames: Frames) -> None:
        """The next frames; their numbers grow, with a gap where audio was dropped."""

    @property
    def stable(self) -> Sequence[Token]:
        """Tokens of this utterance whose labels no later frame can change; only grows until `finish`."""

    @property
    def unstable(self) -> Sequence[Token]:
        """The best guess of what follows the stable tokens."""

    def finish(self, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
        """Readings of this utterance, at least one, the best first; all begin with the stable tokens.

        The next frame begins another utterance. One that is cut by its length goes on in the next.
        """

    def narrow(self, on: bool) -> None:
        """Do less work per frame, at some cost in accuracy, for as long as the machine is overloaded."""


DecoderFactory = Callable[[Labels], Decoding]
DecodingChoice = DecodingOptions | DecoderFactory  # a decoder of ours, or what makes one of your own
