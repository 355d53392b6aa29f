"""What is known of a text beside its sound: a language model, a bonus for words, and hot words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from speechtrt.runtime.asr.decoding.hot_words import START, HotWords
from speechtrt.runtime.asr.decoding.language_model import History, LanguageModel
from speechtrt.runtime.asr.decoding.words import WORD_START


class Context(NamedTuple):
    """What the text of a prefix means for what follows. A tuple because one is made for every prefix.

    `word` is the word that has begun, None before the first. `log_prob` is ln P of the words before it.
    """

    history: History = ()
    word: str | None = None
    log_prob: float = 0.0
    words: int = 0
    hot: int = START
    boost: float = 0.0
    bias: float = 0.0  # all of it as it adds to the prefix's score


@dataclass(frozen=True, slots=True)
class Fusion:
    """Scores texts: `weight` * ln P(words) + `bonus` * words + boosts."""

    pieces: Sequence[str]
    model: LanguageModel | None
    weight: float
    bonus: float
    hot_words: HotWords | None
    _parts: tuple[tuple[str, tuple[str, ...]], ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = [piece.split(WORD_START) for piece in self.pieces]
        object.__setattr__(self, "_parts", tuple((first, tuple(more)) for first, *more in parts))

    @property
    def begin(self) -> Context:
        """Before an utterance."""
        return Context(self.model.begin if self.model else ())

    @property
    def most(self) -> float:
        """The most that a single label can add."""
        return max(0.0, self.bonus) + (self.hot_words.most if self.hot_words else 0.0)

    def extend(self, context: Context, label: int) -> Context:
        """The context after a label. A word that has begun counts as the likeliest that it may become."""
        history, word, log_prob, words, hot, boost, _ = context
        first, more = self._parts[label]
        if first:
            word = (word or "") + first
        for start in more:
            if word:
                log_prob, history = self._complete(history, word, log_prob)
                words += 1
            word = start
        if self.hot_words:
            hot, gain = self.hot_words.step(hot, label)
            boost += gain
        bias = self.bonus * (words + bool(word)) + boost
        if self.model:
            bias += self.weight * (log_prob + (self.model.hope(word) if word is not None else 0.0))
        return Context(history, word, log_prob, words, hot, boost, bias)

    def finish(self, context: Context, ended: bool) -> float:
        """The final bias: the last word is a whole one, and hot phrases count only as a whole.

        Where the utterance has `ended`, and was not only cut, its end is a word for the model too.
        """
        history, word, log_prob, words, hot, boost, _ = context
        if word:
            log_prob, history = self._complete(history, word, log_prob)
            words += 1
        if self.model and ended:
            log_prob += self.model.end(history)
        if self.hot_words:
            boost += self.hot_words.end(hot)
        return self.weight * log_prob + self.bonus * words + boost

    def _complete(self, history: History, word: str, log_prob: float) -> tuple[float, History]:
        if self.model is None:
            return log_prob, history
        gain, after = self.model.score(history, word)
        return log_prob + gain, after
