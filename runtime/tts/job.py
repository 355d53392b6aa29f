"""A request in work: its sentences, and when it was heard first."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from speechtrt.audio import Audio, Samples
from speechtrt.runtime.tts.speech import Completion, Speech
from speechtrt.runtime.tts.vocoding import Voicing

PAUSE_SECONDS = 0.2  # between sentences


@dataclass(slots=True)
class Job:
    """The sentences of request number `index`, in the order in which they are heard."""

    index: int
    sentences: tuple[Voicing, ...]
    warnings: tuple[str, ...]
    submitted: float
    first_audio: float | None = None

    @property
    def done(self) -> bool:
        """Whether every sentence has become sound."""
        return all(s.done for s in self.sentences)

    def listen(self, now: float) -> None:
        """Note the moment at which the first sound exists."""
        if self.first_audio is None and self.sentences[0].pieces:
            self.first_audio = now

    def completion(self, rate: int, now: float) -> Completion:
        """The finished speech at `rate` Hz."""
        assert self.first_audio is not None
        speech = Speech(
            audio=Audio(np.concatenate(list(self._pieces(rate))), rate),
            steps=sum(s.utterance.steps for s in self.sentences),
            first_audio_seconds=self.first_audio - self.submitted,
            total_seconds=now - self.submitted,
            warnings=(*self.warnings, *self._cuts()),
        )
        return Completion(self.index, speech)

    def _pieces(self, rate: int) -> Iterator[Samples]:
        for number, sentence in enumerate(self.sentences):
            if number:
                yield np.zeros(int(PAUSE_SECONDS * rate), np.float32)
            yield from sentence.pieces

    def _cuts(self) -> Iterator[str]:
        for number, sentence in enumerate(self.sentences, start=1):
            if sentence.utterance.cut:
                yield f"sentence {number} was stopped by the length limit after {sentence.utterance.steps} steps"
