"""The largest number of streams of several sides, found while they take turns: a machine that slows down slows all."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from speechtrt.benchmarks.stream.search import Search
from speechtrt.benchmarks.stream.trial import StreamTrial

FEWER = 0.94  # of the streams of a side that did not hold when it was run again
Speak = Callable[[str, int, str, int], StreamTrial]  # side, streams, purpose, and the number of the run


@dataclass(slots=True)
class Turns:
    """Searches side by side, then rounds in which each side is run with what was found.

    A search gives a number up when it did not hold twice, as a machine may stall once. A side that does not hold in a
    round gets fewer streams, and the rounds go on until every side has held `confirm` times in a row, so that the last
    rounds of all are the same ones.
    """

    searches: Mapping[str, Search]
    confirm: int
    slo_seconds: float
    speak: Speak
    _runs: dict[str, int] = field(default_factory=dict)

    def trials(self) -> Iterator[StreamTrial]:
        """Every run, as it is made."""
        while waiting := [side for side, search in self.searches.items() if not search.over]:
            for side in waiting:
                trials = [self._run(side, self.searches[side].count, "search")]
                if not trials[-1].holds(self.slo_seconds):
                    trials.append(self._run(side, self.searches[side].count, "search"))
                self.searches[side].tell(trials[-1].holds(self.slo_seconds))
                yield from trials
        yield from self._confirmed({side: search.found for side, search in self.searches.items()})

    def _confirmed(self, streams: dict[str, int]) -> Iterator[StreamTrial]:
        held = dict.fromkeys(streams, 0)
        while waiting := [side for side, number in streams.items() if number]:
            if min(held[side] for side in waiting) >= self.confirm:
                return
            for side in waiting:
                trial = self._run(side, streams[side], "confirm")
                yield trial
                if trial.holds(self.slo_seconds):
                    held[side] += 1
                else:
                    streams[side], held[side] = int(FEWER * streams[side]), 0

    def _run(self, side: str, streams: int, purpose: str) -> StreamTrial:
        number = self._runs[side] = self._runs.get(side, -1) + 1
        return self.speak(side, streams, purpose, number)
