"""The encoder stage: sentences become what the decoder listens to, some of them before there is a slot."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.backends.base import Runner, Tensors
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.hand import Hand, Task
from speechtrt.runtime.tts.ledger import BLOCK
from speechtrt.runtime.tts.utterance import Utterance

GRAIN = 8  # texts are padded to a multiple of this, so that few shapes occur

HANDED_OVER = 2  # sentences at once


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encodes one sentence at a time by `hand`; `notify` is called by it after each.

    `longest` is the most tokens that the model takes. Dropout [layers, units] of the steps that a sentence usually has,
    and of the block that it begins last, is drawn beside it, as the decoder's thread has no time to spare.
    """

    runner: Runner
    longest: int
    dropout: tuple[int, int]
    hand: Hand
    clock: StageClock
    notify: Callable[[], None]
    _work: dict[Utterance, Task[Tensors]] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        """Whether one more may be handed over; the rest waits for its turn by urgency."""
        return sum(not task.done for task in self._work.values()) < HANDED_OVER

    def begin(self, utterances: Iterable[Utterance]) -> None:
        """Encode the first of those that nobody has begun."""
        for utterance in utterances:
            if not self.free:
                return
            if utterance not in self._work:
                self._work[utterance] = task = Task(partial(self._encode, utterance), self.notify)
                self.hand.give(task)

    def begun(self, utterance: Utterance) -> bool:
        """Whether a sentence has been handed over."""
        return utterance in self._work

    def ready(self, utterance: Utterance) -> bool:
        """Whether `take` would answer at once."""
        task = self._work.get(utterance)
        return task is not None and task.done

    def encoded(self, utterance: Utterance) -> bool:
        """Whether `take` would answer at once, and not with an error."""
        task = self._work.get(utterance)
        return task is not None and task.done and task.error is None

    def error(self, utterance: Utterance) -> SpeechTRTError | None:
        """Why a sentence could not be encoded, or None."""
        task = self._work.get(utterance)
        error = None if task is None else task.error
        if error is not None and not isinstance(error, SpeechTRTError):
            raise error
        return error

    def take(self, utterance: Utterance) -> Tensors:
        """The encoder's inputs and outputs [1, ...] of a ready sentence."""
        return self._work.pop(utterance).result

    def forget(self, utterance: Utterance) -> None:
        """Drop a sentence, whether or not it was begun."""
        if task := self._work.pop(utterance, None):
            task.drop()

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
            utterance.masks.draw_ahead(utterance.limits.usual + BLOCK, *self.dropout)
        with self.clock.measure("encoder"):
            return {**inputs, **self.runner.run(inputs)}
