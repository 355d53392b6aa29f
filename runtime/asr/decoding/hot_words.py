"""Phrases that a stream is likely to hold, as one automaton over characters (Aho and Corasick 1975)."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.decoding.words import WORD_START

START = 0
MOST_REMEMBERED = 100_000  # steps


@dataclass(slots=True)
class Node:
    """The beginning of a phrase. `credit` is the share of the boost that it has earned, `done` the boosts of phrases
    that end here; both are kept only if the text goes on as the phrase does, or a new word begins after its end.
    """

    credit: float = 0.0
    done: float = 0.0
    fall: int = START  # the longest other beginning that the same text ends with
    ways: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class HotWords:
    """Follows the text of a prefix. Phrases begin and end where words do; credit grows with every character.

    A state is the number of a node. Pieces' texts mark the start of a word with U+2581.
    """

    pieces: Sequence[str]
    most: float = 0.0  # the highest boost
    _nodes: list[Node] = field(default_factory=lambda: [Node()])
    _steps: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, phrases: Sequence[HotPhrase], pieces: Sequence[str]) -> "HotWords":
        """An automaton of `phrases`; of equal ones the last counts."""
        found = cls(pieces)
        for text, boost in {" ".join(phrase.text.split()): phrase.boost for phrase in phrases}.items():
            found._add(WORD_START + text.replace(" ", WORD_START), boost)
        found._link()
        return found

    def step(self, state: int, label: int) -> tuple[int, float]:
        """The state after a label, and what it adds to the boosts so far."""
        found = self._steps.get((state, label))
        if found is None:
            if len(self._steps) >= MOST_REMEMBERED:
                self._steps.clear()
            found = self._steps[state, label] = self._walk(state, self.pieces[label])
        return found

    def end(self, state: int) -> float:
        """What the end of the text adds: a phrase that is incomplete loses its credit."""
        return self._nodes[state].done - self._nodes[state].credit

    def _walk(self, state: int, text: str) -> tuple[int, float]:
        gain = 0.0
        for character in text:
            kept = self._nodes[state].done if character == WORD_START else 0.0
            after = self._next(state, character)
            gain += kept + self._nodes[after].credit - self._nodes[state].credit
            state = after
        return state, gain

    def _next(self, state: int, character: str) -> int:
        while state != START and character not in self._nodes[state].ways:
            state = self._nodes[state].fall
        return self._nodes[state].ways.get(character, START)

    def _add(self, text: str, boost: float) -> None:
        state = START
        self.most = max(self.most, boost)
        for count, character in enumerate(text, 1):
            state = self._nodes[state].ways.setdefault(character, len(self._nodes))
            if state == len(self._nodes):
                self._nodes.append(Node())
            node = self._nodes[state]
            node.credit = max(node.credit, boost * count / len(text), key=abs)
        self._nodes[state].done += boost

    def _link(self) -> None:
        """Where each node falls, nearest to the start first: its own target is linked before it."""
        queue = deque(self._nodes[START].ways.values())
        while queue:
            node = self._nodes[queue.popleft()]
            for character, way in node.ways.items():
                below = self._nodes[way]
                below.fall = self._next(node.fall, character)
                below.done += self._nodes[below.fall].done
                queue.append(way)
