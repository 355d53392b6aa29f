"""Sides that take turns, each in its own process, so that drift of the machine hits all of them alike."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.tts.load import Utterance, singles
from speechtrt.benchmarks.tts.trial import Speaker, TtsTrial

Sides = Mapping[str, Callable[[], Speaker]]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Every trial in the order in which it ran, and the peak resident bytes of each side's process."""

    trials: tuple[TtsTrial, ...]
    peak_bytes: dict[str, int]

    def of(self, side: str) -> tuple[TtsTrial, ...]:
        """The trials of one side."""
        return tuple(t for t in self.trials if t.side == side)


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What a child does before it is measured."""

    utterances: tuple[Utterance, ...]

    def __call__(self, speaker: Speaker) -> None:
        """Speak, and forget it."""
        speaker.warm_up(self.utterances)


@dataclass(frozen=True, slots=True)
class Speak:
    """One trial."""

    utterances: tuple[Utterance, ...]
    alone: tuple[int, ...]

    def __call__(self, speaker: Speaker) -> TtsTrial:
        """Speak everything once."""
        return speaker.speak(self.utterances, self.alone)


def peak_of(_speaker: Speaker) -> int:
    """Peak memory of the child."""
    return peak_bytes()


def measure(sides: Sides, utterances: tuple[Utterance, ...], trials: int, report: Report) -> Measurement:
    """Run `trials` rounds; in each, every side speaks once. Raises BenchmarkError."""
    alone = singles(utterances)
    warm = WarmUp(tuple(utterances[i] for i in alone[:1]))
    done = []
    with ExitStack() as stack:
        children = {name: stack.enter_context(Child(name, factory)) for name, factory in sides.items()}
        for name, child in children.items():
            report(f"{name}: loading and warming up")
            child.call(warm)
        for number in range(trials):
            for name, child in children.items():
                done.append(child.call(Speak(utterances, alone)))
                report(f"trial {number + 1} of {trials}: {name} took {done[-1].wall_seconds:.1f} s")
        return Measurement(tuple(done), {name: child.call(peak_of) for name, child in children.items()})
