"""Greedy CTC decoding: the best label of every frame, repeats collapsed, blanks dropped."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechtrt.runtime.asr.transcript import Word

WORD_START = "\u2581"

LogProbs = npt.NDArray[np.floating]


@dataclass(slots=True)
class Token:
    """A label over frames `first` to `last`; `log_prob` is its highest."""

    label: int
    first: int
    last: int
    log_prob: float


@dataclass(slots=True)
class GreedyDecoder:
    """Collects the tokens of one stream, frame by frame."""

    blank: int
    tokens: list[Token] = field(default_factory=list)
    frames: int = 0
    _previous: int | None = None

    def accept(self, log_probs: LogProbs) -> None:
        """Append frames [n, labels]."""
        labels = log_probs.argmax(axis=1)
        best = log_probs[np.arange(len(labels)), labels]
        for label, log_prob in zip(labels.tolist(), best.tolist(), strict=True):
            self._accept(label, log_prob)

    def _accept(self, label: int, log_prob: float) -> None:
        if label != self.blank:
            if label == self._previous:
                token = self.tokens[-1]
                token.last, token.log_prob = self.frames, max(token.log_prob, log_prob)
            else:
                self.tokens.append(Token(label, self.frames, self.frames, log_prob))
        self._previous = label
        self.frames += 1


def words(
    tokens: Sequence[Token], pieces: Sequence[str], frame_seconds: float, seconds: float = math.inf
) -> tuple[Word, ...]:
    """Tokens joined into words, none of which ends after `seconds`.

    A word's confidence is the geometric mean of its tokens' probabilities.
    """
    groups = _by_word(tokens, lambda token: pieces[token.label])
    return tuple(_word(group, pieces, frame_seconds, seconds) for group in groups)


def _by_word(tokens: Iterable[Token], piece: Callable[[Token], str]) -> list[list[Token]]:
    """A piece that begins with the mark begins a word; the mark alone belongs to no word."""
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if piece(token).startswith(WORD_START):
            groups.append([])
        if piece(token) != WORD_START:
            groups[-1].append(token)
    return [group for group in groups if group]


def _word(tokens: list[Token], pieces: Sequence[str], frame_seconds: float, seconds: float) -> Word:
    return Word(
        word="".join(pieces[t.label] for t in tokens).removeprefix(WORD_START),
        start=round(min(tokens[0].first * frame_seconds, seconds), 3),
        end=round(min((tokens[-1].last + 1) * frame_seconds, seconds), 3),
        confidence=round(float(np.exp(np.mean([min(t.log_prob, 0.0) for t in tokens]))), 4),
    )
