"""One round: a server alone, then servers side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.planner.arrangement import Arrangement
from speechtrt.benchmarks.planner.load import BUSY, CALM
from speechtrt.benchmarks.planner.replica import Replica
from speechtrt.benchmarks.stream.client import Spoken
from speechtrt.benchmarks.stream.load import StreamPlan
from speechtrt.benchmarks.stream.trial import StreamTrial

ALONE, TOGETHER = "alone", ("first", "second")


@dataclass(frozen=True, slots=True)
class Round:
    """Streams in time of one server alone, and of each of those that worked at once; and every run."""

    alone: int
    together: tuple[int, ...]
    trials: tuple[StreamTrial, ...]

    def streams(self, name: str) -> int:
        """Those of the server of that name."""
        return self.alone if name == ALONE else self.together[TOGETHER.index(name)]


@dataclass(frozen=True, slots=True)
class Rounds:
    """Measures round by round, alone on one core after the other."""

    replicas: Sequence[Child[Replica]]
    plan: StreamPlan
    spoken: Sequence[Spoken]
    report: Callable[[str], None]
    seeds: "count[int]"

    def measure(self, number: int, alone_start: int, together_start: int | None) -> Round:
        """One round; searches begin at what is given, those of servers side by side otherwise at what one alone serves.

        Raises BenchmarkError or BackendError.
        """
        alone = self._arranged({ALONE: self.replicas[number % len(self.replicas)]})
        found = alone.most({ALONE: alone_start})[ALONE]
        calm, busy = (max(1, int(share * found)) for share in (CALM, BUSY))
        alone.run({ALONE: calm}, "fixed")
        alone.run({ALONE: busy}, "fixed")
        both = self._arranged(dict(zip(TOGETHER, self.replicas, strict=True)))
        together = both.most(dict.fromkeys(TOGETHER, together_start or found))
        both.run(dict.fromkeys(TOGETHER, busy), "fixed")
        self.report(f"round {number + 1}: {found} streams alone, {' + '.join(map(str, together.values()))} at once")
        return Round(found, tuple(together.values()), (*alone.trials, *both.trials))

    def _arranged(self, replicas: dict[str, Child[Replica]]) -> Arrangement:
        return Arrangement(replicas, self.plan, self.spoken, self.report, self.seeds)
