"""Forced alignment: the likeliest CTC path of a known text (Viterbi), in memory that long recordings do not exhaust."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from speechtrt.errors import TextError
from speechtrt.runtime.asr.decoding.base import LogProbs, Token

CHUNK = 1024  # frames between two kept columns
Column = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trellis:
    """States of a text of n labels: a blank, a label, a blank, ..., 2 n + 1 in all.

    A frame stays in its state or goes on by one, or by two from a label to another one. `log_probs` [frames, labels].
    """

    log_probs: LogProbs
    symbols: npt.NDArray[np.intp]
    blocked: npt.NDArray[np.bool_]  # states that cannot be reached by two

    @classmethod
    def of(cls, log_probs: LogProbs, labels: Sequence[int], blank: int) -> "Trellis":
        """The trellis of `labels`."""
        symbols = np.full(2 * len(labels) + 1, blank, np.intp)
        symbols[1::2] = labels
        blocked = np.ones(len(symbols), np.bool_)
        blocked[3::2] = symbols[3::2] == symbols[1:-2:2]
        return cls(log_probs, symbols, blocked)

    def start(self, first: int, stop: int) -> Column:
        """States `first` to `stop` after the first frame."""
        column = np.full(len(self.symbols), -np.inf)
        column[:2] = self.log_probs[0, self.symbols[:2]]
        return column[first:stop]

    def step(self, column: Column, frame: int, first: int) -> tuple[Column, npt.NDArray[np.uint8]]:
        """States from `first` on after a frame, and by how much the best way to each went on."""
        stop = first + len(column)
        one, two = np.full(len(column), -np.inf), np.full(len(column), -np.inf)
        one[1:], two[2:] = column[:-1], column[:-2]
        two[self.blocked[first:stop]] = -np.inf
        best = np.maximum(column, one)
        went = (one > column).astype(np.uint8)
        went[two > best] = 2
        return np.maximum(best, two) + self.log_probs[frame, self.symbols[first:stop]], went


def align_labels(log_probs: LogProbs, labels: Sequence[int], blank: int, chunk: int = CHUNK) -> list[Token]:
    """`labels` with the frames of their likeliest path in `log_probs` [frames, labels].

    Time grows with frames times labels. Of the columns of scores every `chunk`-th is kept; what lies between is
    computed again on the way back. Raises TextError when there are too few frames, or no path.
    """
    fewest = len(labels) + sum(a == b for a, b in pairwise(labels))
    if len(log_probs) < max(1, fewest):
        raise TextError(
            f"the text needs {max(1, fewest)} frames but the audio has {len(log_probs)}; is it of other audio?"
        )
    trellis = Trellis.of(log_probs, labels, blank)
    return _tokens(log_probs, labels, _path(trellis, chunk))


def _path(trellis: Trellis, chunk: int) -> npt.NDArray[np.intp]:
    """The state of every frame."""
    frames = len(trellis.log_probs)
    kept, last = _forward(trellis, chunk)
    state = len(trellis.symbols) - 1
    if state and last[state - 1] > last[state]:
        state -= 1
    if not np.isfinite(last[state]):
        raise TextError("the text has no path through the audio; some of its labels are impossible there")
    path = np.empty(frames, np.intp)
    for index in reversed(range(len(kept))):
        start, stop = 1 + index * chunk, min(1 + (index + 1) * chunk, frames)
        state = _back(trellis, kept[index], start, stop, state, path)
    path[0] = state
    return path


def _forward(trellis: Trellis, chunk: int) -> tuple[list[Column], Column]:
    """The column before frames 1, 1 + chunk, ..., and the last one."""
    column, kept = trellis.start(0, len(trellis.symbols)), []
    for frame in range(1, len(trellis.log_probs)):
        if (frame - 1) % chunk == 0:
            kept.append(column)
        column, _ = trellis.step(column, frame, 0)
    return kept, column


def _back(trellis: Trellis, column: Column, start: int, stop: int, state: int, path: npt.NDArray[np.intp]) -> int:
    """Write the states of frames `start` to `stop`, which end in `state`; the state before them."""
    first = max(0, state - 2 * (stop - start))  # nothing below it can reach `state` in time
    column = column[first : state + 1]
    ways = []
    for frame in range(start, stop):
        column, went = trellis.step(column, frame, first)
        ways.append(went)
    for frame in reversed(range(start, stop)):
        path[frame] = state
        state -= int(ways[frame - start][state - first])
    return state


def _tokens(log_probs: LogProbs, labels: Sequence[int], path: npt.NDArray[np.intp]) -> list[Token]:
    return [_token(log_probs, label, frames) for label, frames in zip(labels, _frames(path, len(labels)), strict=True)]


def _frames(path: npt.NDArray[np.intp], count: int) -> Iterator[tuple[int, int]]:
    """The first and the last frame of every label."""
    states = 2 * np.arange(count) + 1
    firsts, stops = np.searchsorted(path, states), np.searchsorted(path, states, side="right")
    yield from zip(firsts.tolist(), (stops - 1).tolist(), strict=True)


def _token(log_probs: LogProbs, label: int, frames: tuple[int, int]) -> Token:
    first, last = frames
    return Token(label, first, last, float(log_probs[first : last + 1, label].max()))
