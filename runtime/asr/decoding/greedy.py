"""Greedy CTC decoding: the best label of every frame, repeats collapsed, blanks dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from speechtrt.runtime.asr.decoding.base import Frames, Hypothesis, Labels, Token
from speechtrt.runtime.asr.events import Cause


@dataclass(slots=True)
class GreedyDecoder:
    """Collects the tokens of one stream, frame by frame. A label stands as soon as it was the best of a frame."""

    labels: Labels
    stable: list[Token] = field(default_factory=list)
    unstable: Sequence[Token] = ()
    _previous: int = field(init=False)
    _last: Token | None = None

    def __post_init__(self) -> None:
        self._previous = self.labels.blank

    def accept(self, frames: Frames) -> None:
        """Append frames."""
        blank, previous = self.labels.blank, self._previous
        for number, (label, log_prob) in enumerate(zip(frames.labels, frames.best, strict=True), frames.first):
            if label != blank:
                if label != previous:
                    self._last = Token(label, number, number, log_prob)
                    self.stable.append(self._last)
                elif self._last:
                    self._last.last, self._last.log_prob = number, max(self._last.log_prob, log_prob)
            previous = label
        self._previous = previous

    def finish(self, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
        """The only reading. A label that goes on beyond the cut is not heard twice: its token grows longer."""
        tokens, self.stable = self.stable, []
        return (Hypothesis(tokens, sum(token.log_prob for token in tokens)),)

    def narrow(self, on: bool) -> None:
        """There is no less work than this."""
