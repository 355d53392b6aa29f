"""The encoder stage: sentences become what the decoder listens to, some of them before there is a slot."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.backends.base import Runner, Tensors
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.utterance import Utterance

GRAIN = 8  # texts are padded to a multiple of this, so that few shapes occur

HANDED_OVER = 2  # sentences at once


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encodes one sentence at a time in `executor`; `notify` is called from its thread after each.

    `longest` is the most tokens that the model takes. Dropout [layers, units] of the steps that a sentence usually has
    is drawn beside it, as the decoder's thread has no time to spare.
    """

    runner: Runner
    longest: int
    dropout: tuple[int, int]
    executor: Executor
    clock: StageClock
    notify: Callable[[], None]
    _work: dict[Utterance, Future[Tensors]] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        """Whether one more may be handed over; the rest waits for its turn by urgency."""
        return sum(not future.done() for future in self._work.values()) < HANDED_OVER

    def begin(self, utterances: Iterable[Utterance]) -> None:
        """Encode the first of those that nobody has begun."""
        for utterance in utterances:
            if utterance not in self._work and self.free:
                self._work[utterance] = future = self.executor.submit(self._encode, utterance)
                future.add_done_callback(lambda _: self.notify())

    def begun(self, utterance: Utterance) -> bool:
        """Whether a sentence has been handed over."""
        return utterance in self._work

    def ready(self, utterance: Utterance) -> bool:
        """Whether `take` would answer at once."""
        future = self._work.get(utterance)
        return future is not None and future.done()

    def encoded(self, utterance: Utterance) -> bool:
        """Whether `take` would answer at once, and not with an error."""
        return self.ready(utterance) and self.error(utterance) is None

    def error(self, utterance: Utterance) -> SpeechTRTError | None:
        """Why a sentence could not be encoded, or None."""
        error = self._work[utterance].exception() if self.ready(utterance) else None
        if error is not None and not isinstance(error, SpeechTRTError):
            raise error
        return error

    def take(self, utterance: Utterance) -> Tensors:
        """The encoder's inputs and outputs [1, ...] of a ready sentence."""
        return self._work.pop(utterance).result()

    def forget(self, utterance: Utterance) -> None:
        """Drop a sentence, whether or not it was begun."""
        if future := self._work.pop(utterance, None):
            future.cancel()

    def clear(self) -> None:
        """Drop everything."""
        for utterance in list(self._work):
            self.forget(utterance)

    def _encode(self, utterance: Utterance) -> Tensors:
        length = len(utterance.tokens)
        padded = max(length, min(-(-length // GRAIN) * GRAIN, self.longest))
        inputs = {
            "tokens": np.zeros((1, padded), np.int64),
            "text_mask": np.zeros((1, padded), np.bool_),
            "speaker": utterance.speaker[None],
        }
        inputs["tokens"][0, :length] = utterance.tokens
        inputs["text_mask"][0, :length] = True
        with self.clock.measure("dropout"):
            utterance.masks.draw_ahead(utterance.limits.usual, *self.dropout)
        with self.clock.measure("encoder"):
            return {**inputs, **self.runner.run(inputs)}
