"""The prefixes that a beam search knows, as a tree: what several share is there once."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from speechtrt.runtime.asr.decoding.base import Token
from speechtrt.runtime.asr.decoding.fusion import Context


class Span(NamedTuple):
    """A token in its likeliest frames, and the one before it. A tuple because every frame makes several."""

    label: int
    first: int
    last: int
    log_prob: float
    before: "Span | None"

    def longer(self, last: int, log_prob: float) -> "Span":
        """The token with one more frame."""
        return Span(self.label, self.first, last, max(self.log_prob, log_prob), self.before)


@dataclass(slots=True, eq=False)
class Prefix:
    """Labels from the root to here. `blank` and `sounding` are the probabilities of its paths that end in a blank and
    in its last label, up to a factor that all prefixes share; `span` and `sounding_span` are the likeliest of each.

    A frame is gathered in `next_blank`, `stay` (its last label goes on) and `enter` (its parent took the label) before
    `turn` makes it the present. One that is not `kept` is there only for the sake of longer ones.
    """

    label: int
    parent: "Prefix | None"
    depth: int
    context: Context
    children: "dict[int, Prefix]" = field(default_factory=dict)
    kept: bool = False
    score: float = -math.inf
    blank: float = 0.0
    sounding: float = 0.0
    span: Span | None = None
    sounding_span: Span | None = None
    next_blank: float = 0.0
    stay: float = 0.0
    stay_log: float = 0.0
    enter: float = 0.0
    entering: Span | None = None

    @property
    def chance(self) -> float:
        """The probability of all its paths."""
        return self.blank + self.sounding

    def turn(self, frame: int) -> None:
        """What was gathered for `frame` is the present."""
        sounding = self.stay + self.enter
        if self.enter > self.stay:
            self.sounding_span = self.entering
        elif self.sounding_span is not None and self.stay:
            self.sounding_span = self.sounding_span.longer(frame, self.stay_log)
        if sounding > self.next_blank:
            self.span = self.sounding_span
        self.blank, self.sounding = self.next_blank, sounding
        self.next_blank = self.stay = self.enter = 0.0
        total = self.blank + sounding
        self.score = math.log(total) + self.context.bias if total > 0.0 else -math.inf

    def settle(self) -> None:
        """A frame that is surely blank."""
        self.blank, self.sounding = self.blank + self.sounding, 0.0

    def discard(self) -> None:
        """Forget its paths, and remove it and all ancestors that nobody needs from the tree."""
        self.kept, self.blank, self.sounding, self.score = False, 0.0, 0.0, -math.inf
        one = self
        while not one.kept and not one.children and one.parent is not None:
            one.parent.children.pop(one.label, None)
            one = one.parent

    def ancestor(self, depth: int) -> "Prefix":
        """The prefix of `depth` that this one begins with."""
        one = self
        while one.depth > depth and one.parent is not None:
            one = one.parent
        return one

    def spans(self, count: int) -> list[Token]:
        """The last `count` tokens on the likeliest path."""
        tokens: list[Token] = []
        span = self.span
        while span is not None and len(tokens) < count:
            tokens.append(Token(span.label, span.first, span.last, span.log_prob))
            span = span.before
        return tokens[::-1]
