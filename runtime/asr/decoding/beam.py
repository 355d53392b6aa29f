"""Prefix beam search over CTC frames (Hannun and others 2014), online: what all prefixes share is stable."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from speechtrt.runtime.asr.decoding.base import Frames, Hypothesis, Labels, Token
from speechtrt.runtime.asr.decoding.fusion import Context, Fusion
from speechtrt.runtime.asr.decoding.prefix import Prefix, Span
from speechtrt.runtime.asr.events import Cause

MOST_LABELS = 12  # of a frame that are followed
LABEL_RANGE = 4.0  # below the best label of a frame: what is further down does not change what is read
SCORE_RANGE = 8.0  # below the best prefix
NARROWING = 4  # how many times fewer prefixes while the machine is overloaded
HORIZON = 64  # frames after which the best prefix's view of the past is everyone's
TINY = 1e-60  # of the best prefix's probability: time to make all larger by one factor


class Candidate(NamedTuple):
    """A label, but for the blank, that a frame may be. A tuple because every frame makes several."""

    label: int
    chance: float
    log_chance: float


@dataclass(slots=True)
class BeamDecoder:
    """Keeps the `width` best prefixes of one stream's utterance, and tells up to `alternatives` readings of it.

    Probabilities are not logarithms but share a factor, whose logarithm is `_scale`. Frames that are surely blank
    change nothing but that factor.
    """

    labels: Labels
    fusion: Fusion
    width: int
    alternatives: int = 1
    stable: list[Token] = field(default_factory=list)
    _limit: int = field(init=False)
    _root: Prefix = field(init=False)
    _beam: list[Prefix] = field(init=False)
    _scale: float = 0.0
    _frames: int = 0
    _silent: bool = False
    _last: Token | None = None  # of the utterance before

    def __post_init__(self) -> None:
        self._limit = self.width
        self._begin(self.labels.blank, self.fusion.begin, 1.0, 0.0)

    @property
    def unstable(self) -> Sequence[Token]:
        """What the best prefix has beyond the stable tokens."""
        best = self._beam[0]
        return best.spans(best.depth - self._root.depth)

    @property
    def kept(self) -> int:
        """How many prefixes there are now."""
        return len(self._beam)

    def accept(self, frames: Frames) -> None:
        """Append frames."""
        blanks = frames.log_probs[:, self.labels.blank].tolist()
        for number, (blank, candidates) in enumerate(zip(blanks, self._candidates(frames), strict=True), frames.first):
            if candidates:
                self._step(number, blank, candidates)
            else:
                self._rest(blank)
            self._frames += 1
            if self._frames % HORIZON == 0:
                self._agree(number - HORIZON)
        self._commit()

    def finish(self, cause: Cause = Cause.END) -> Sequence[Hypothesis]:
        """The readings, scored as whole texts: their words by the full model, with the end if this is one."""
        ended = cause is not Cause.LENGTH
        scores = {one: self._final(one, ended) for one in self._beam}
        readings: dict[str, tuple[Prefix, float]] = {}
        for one in sorted(scores, key=scores.__getitem__, reverse=True):
            text = "".join([self.labels.texts[token.label] for token in one.spans(one.depth - self._root.depth)])
            found = readings.get(text)
            readings[text] = (found[0], float(np.logaddexp(found[1], scores[one]))) if found else (one, scores[one])
        ordered = sorted(readings.values(), key=lambda reading: -reading[1])[: self.alternatives]
        told = [Hypothesis(one.spans(one.depth), score) for one, score in ordered]
        best = ordered[0][0]
        self._last = told[0].tokens[-1] if told[0].tokens else self._last
        self._begin(best.label, self.fusion.begin if ended else best.context, best.blank, best.sounding)
        return told

    def narrow(self, on: bool) -> None:
        """Keep fewer prefixes."""
        self._limit = max(1, self.width // NARROWING) if on else self.width

    def _begin(self, label: int, context: Context, blank: float, sounding: float) -> None:
        """The only prefix is the empty one, which repeats of the label before do not make longer."""
        total = blank + sounding
        self._root = Prefix(label, None, 0, context, kept=True, blank=blank / total, sounding=sounding / total)
        self._root.score = context.bias
        self._beam, self.stable = [self._root], []
        self._scale, self._frames, self._silent = 0.0, 0, False

    def _candidates(self, frames: Frames) -> Iterator[list[Candidate]]:
        """Of every frame the labels near its best, the best first, without the blank."""
        log_probs = frames.log_probs
        near = log_probs > (np.asarray(frames.best, log_probs.dtype) - log_probs.dtype.type(LABEL_RANGE))[:, None]
        near[:, self.labels.blank] = False
        rows, columns = near.nonzero()
        found: list[list[Candidate]] = [[] for _ in range(len(frames))]
        for row, label, value in zip(rows.tolist(), columns.tolist(), log_probs[rows, columns].tolist(), strict=True):
            found[row].append(Candidate(label, math.exp(value), value))
        for one in found:
            if len(one) > 1:
                one.sort(key=lambda candidate: -candidate.log_chance)
                del one[MOST_LABELS:]
        return iter(found)

    def _rest(self, blank: float) -> None:
        if not self._silent:
            for one in self._beam:
                one.settle()
            self._silent = True
        self._scale += blank

    def _step(self, number: int, blank: float, candidates: Sequence[Candidate]) -> None:
        floor = self._beam[0].score + max(blank, candidates[0].log_chance) - SCORE_RANGE - self.fusion.most
        chance, fresh = math.exp(blank), list[Prefix]()
        for one in self._beam:
            one.next_blank = (one.blank + one.sounding) * chance
            self._spread(one, number, candidates, floor - one.score, fresh)
        self._rank([*self._beam, *fresh], number)
        self._silent = False

    def _spread(
        self, one: Prefix, number: int, candidates: Sequence[Candidate], least: float, fresh: list[Prefix]
    ) -> None:
        """What a prefix becomes with each label that is likely enough; prefixes that were not kept are `fresh`."""
        children, whole, depth = one.children, one.blank + one.sounding, one.depth + 1
        for label, chance, log_chance in candidates:
            before = whole
            if label == one.label:
                one.stay, one.stay_log = one.sounding * chance, log_chance
                before = one.blank
            if log_chance < least or not before:
                continue
            child = children.get(label)
            if child is None:
                child = children[label] = Prefix(label, one, depth, self.fusion.extend(one.context, label))
            if not child.kept:
                fresh.append(child)
            child.enter = before * chance
            child.entering = Span(label, number, number, log_chance, one.span)

    def _rank(self, prefixes: Sequence[Prefix], number: int) -> None:
        for one in prefixes:
            one.turn(number)
            one.kept = False
        ordered = sorted(prefixes, key=lambda prefix: prefix.score, reverse=True)
        best = ordered[0]
        self._beam = [one for one in ordered[: self._limit] if one.score > best.score - SCORE_RANGE]
        for one in self._beam:
            one.kept = True
        for one in prefixes:
            if not one.kept:
                one.discard()
        if best.chance < TINY:
            self._enlarge(1.0 / best.chance)
        if best.span is None and best.sounding > best.blank and self._last:
            self._last.last = number  # the label before the cut goes on

    def _enlarge(self, factor: float) -> None:
        self._scale -= math.log(factor)
        for one in self._beam:
            one.blank, one.sounding = one.blank * factor, one.sounding * factor
            one.score += math.log(factor)

    def _agree(self, before: int) -> None:
        """Only prefixes survive that begin with what the best one has of frames `before`."""
        best = self._beam[0]
        depth, span = best.depth, best.span
        while span is not None and span.first >= before:
            depth, span = depth - 1, span.before
        if depth > self._root.depth:
            shared = best.ancestor(depth)
            others = [one for one in self._beam if one.ancestor(depth) is not shared]
            self._beam = [one for one in self._beam if one not in others]
            for one in others:
                one.kept = False
                one.discard()

    def _commit(self) -> None:
        """The root moves to where the prefixes part."""
        root, best = self._root, self._beam[0]
        while not root.kept and len(root.children) == 1:
            [root] = root.children.values()
        if root is not self._root:
            self.stable += best.spans(best.depth - self._root.depth)[: root.depth - self._root.depth]
            root.parent, self._root = None, root

    def _final(self, one: Prefix, ended: bool) -> float:
        return math.log(one.chance) + self._scale + self.fusion.finish(one.context, ended)
