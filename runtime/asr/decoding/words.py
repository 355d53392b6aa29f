"""Tokens joined into words."""

import math
from collections.abc import Callable, Iterable, Sequence

from speechtrt.runtime.asr.decoding.base import Hypothesis, Token
from speechtrt.runtime.asr.transcript import Alternative, Word

WORD_START = "\u2581"


def alternative(
    reading: Hypothesis, pieces: Sequence[str], frame_seconds: float, seconds: float = math.inf
) -> Alternative:
    """A reading as words, none of which ends after `seconds`."""
    heard = words(reading.tokens, pieces, frame_seconds, seconds)
    return Alternative(" ".join(word.word for word in heard), heard, round(reading.score, 3))


def words(
    tokens: Sequence[Token], pieces: Sequence[str], frame_seconds: float, seconds: float = math.inf
) -> tuple[Word, ...]:
    """Tokens joined into words, none of which ends after `seconds`.

    A word's confidence is the geometric mean of its tokens' probabilities.
    """
    groups = _by_word(tokens, lambda token: pieces[token.label])
    return tuple(_word(group, pieces, frame_seconds, seconds) for group in groups)


def text(tokens: Iterable[Token], pieces: Sequence[str]) -> str:
    """The words of `tokens` with one space between them; appending tokens only ever appends text."""
    return " ".join("".join([pieces[token.label] for token in tokens]).replace(WORD_START, " ").split())


def last_word(tokens: Sequence[Token], pieces: Sequence[str]) -> int:
    """Index of the token that begins the last word, 0 if there is but one."""
    starts = (index for index in range(len(tokens) - 1, 0, -1) if pieces[tokens[index].label].startswith(WORD_START))
    return next(starts, 0)


def _by_word(tokens: Iterable[Token], piece: Callable[[Token], str]) -> list[list[Token]]:
    """A piece that begins with the mark begins a word; the mark alone belongs to no word, nor does a silent label."""
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if piece(token).startswith(WORD_START):
            groups.append([])
        if piece(token) not in ("", WORD_START):
            groups[-1].append(token)
    return [group for group in groups if group]


def _word(tokens: list[Token], pieces: Sequence[str], frame_seconds: float, seconds: float) -> Word:
    mean = sum(min(token.log_prob, 0.0) for token in tokens) / len(tokens)
    return Word(
        word="".join(pieces[t.label] for t in tokens).removeprefix(WORD_START),
        start=round(min(tokens[0].first * frame_seconds, seconds), 3),
        end=round(min((tokens[-1].last + 1) * frame_seconds, seconds), 3),
        confidence=round(math.exp(mean), 4),
    )
