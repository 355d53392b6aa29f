"""Sides that take turns, each in its own process, so that drift of the machine hits all of them alike."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.gpu import GpuWatch
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.tts.load import Utterance, singles
from speechtrt.benchmarks.tts.trial import Round, Speaker, TtsTrial

Factory = Callable[[], Speaker]
Sides = Mapping[str, Factory]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """Every trial in the order in which it ran, and the peak resident bytes of the sides that were compared."""

    trials: tuple[TtsTrial, ...]
    peak_bytes: dict[str, int]

    def of(self, side: str, scenario: str) -> tuple[TtsTrial, ...]:
        """The trials of one side in one scenario."""
        return tuple(t for t in self.trials if t.side == side and t.scenario == scenario)


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

    work: Round

    def __call__(self, speaker: Speaker) -> TtsTrial:
        """Speak everything once."""
        return speaker.speak(self.work)


def peak_of(_speaker: Speaker) -> int:
    """Peak memory of the child."""
    return peak_bytes()


@dataclass(slots=True)
class Arena:
    """Opened sides, and every trial they have made."""

    report: Report
    closing: ExitStack
    trials: list[TtsTrial] = field(default_factory=list)
    _children: dict[str, Child[Speaker]] = field(default_factory=dict)

    def enter(self, name: str, factory: Factory, warm: tuple[Utterance, ...]) -> None:
        """Start a side in a process of its own. Raises BenchmarkError or what the side raises."""
        self.report(f"{name}: loading and warming up")
        self._children[name] = self.closing.enter_context(Child(name, factory))
        self._children[name].call(WarmUp(singles(warm)[:1]))

    def leave(self, name: str) -> None:
        """End a side's process."""
        self._children.pop(name).close()

    def speak(self, name: str, work: Round) -> TtsTrial:
        """One trial."""
        with GpuWatch.start() as gpu:
            spoken = self._children[name].call(Speak(work))
        trial = replace(spoken, gpu_utilisation=gpu.utilisation, gpu_memory_bytes=gpu.memory_bytes)
        self.trials.append(trial)
        self.report(f"{work.scenario}: {name} took {trial.wall_seconds:.1f} s for {len(trial.requests)} utterances")
        return trial

    def peak(self, name: str) -> int:
        """Peak memory of a side until now."""
        return self._children[name].call(peak_of)

    def child(self, name: str) -> Child[Speaker]:
        """The process of a side."""
        return self._children[name]
