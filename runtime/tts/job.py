"""A request in work: its sentences, and what of them has been heard."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Audio, Samples
from speechtrt.runtime.tts.speech import Speech, SpeechChunk
from speechtrt.runtime.tts.voicing import Voicing


@dataclass(slots=True)
class Job:
    """The sentences of request number `index`, in the order in which they are heard. Times are the pipeline's clock's.

    `rate` is samples per second; `deadline` None is never; an `urgent` job does not wait for company.
    """

    index: int
    sentences: tuple[Voicing, ...]
    warnings: tuple[str, ...]
    rate: int
    submitted: float
    deadline: float | None = None
    urgent: bool = False
    first_audio: float | None = None
    _heard: list[Samples] = field(default_factory=list)
    _sentence: int = 0
    _piece: int = 0

    @property
    def done(self) -> bool:
        """Whether every sentence has been heard."""
        return self._sentence == len(self.sentences)

    def late(self, now: float) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and now >= self.deadline

    def listen(self, now: float) -> Iterator[SpeechChunk]:
        """What can be heard and has not been, sentence after sentence with a pause between two."""
        while not self.done:
            sentence = self.sentences[self._sentence]
            while self._piece < len(sentence.pieces):
                yield self._hear(sentence.pieces[self._piece], now)
                self._piece += 1
            if not sentence.done:
                return
            self._sentence, self._piece = self._sentence + 1, 0
            if not self.done:
                yield from self._pause(sentence.pause, now)

    def speech(self, now: float) -> Speech:
        """The finished speech."""
        assert self.first_audio is not None
        return Speech(
            audio=Audio(self._heard[0] if len(self._heard) == 1 else np.concatenate(self._heard), self.rate),
            steps=sum(s.utterance.steps for s in self.sentences),
            first_audio_seconds=self.first_audio - self.submitted,
            total_seconds=now - self.submitted,
            warnings=(*self.warnings, *self._cuts()),
        )

    def _pause(self, seconds: float, now: float) -> Iterator[SpeechChunk]:
        if samples := int(seconds * self.rate):
            yield self._hear(np.zeros(samples, np.float32), now)

    def _hear(self, samples: Samples, now: float) -> SpeechChunk:
        if self.first_audio is None:
            self.first_audio = now
        self._heard.append(samples)
        return SpeechChunk(len(self._heard) - 1, samples)

    def _cuts(self) -> Iterator[str]:
        for number, sentence in enumerate(self.sentences, start=1):
            ending = sentence.utterance.ending
            if ending is not None and not ending.regular:
                yield f"sentence {number} {ending.value} after {sentence.utterance.steps} steps"
