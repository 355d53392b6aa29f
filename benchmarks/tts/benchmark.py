"""The text-to-speech benchmark: every rung of the ladder in one run on one machine."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.rounds import rounds
from speechtrt.benchmarks.tts.baseline import PyTorchSpeaker
from speechtrt.benchmarks.tts.capacity import P95_SECONDS, Capacity, find_capacity
from speechtrt.benchmarks.tts.floor import CountCost, floor_numbers
from speechtrt.benchmarks.tts.ladder import Ladder, build_ladder
from speechtrt.benchmarks.tts.load import TtsLoad, Utterance, shipped_texts, spoken_freely, spoken_in_steps
from speechtrt.benchmarks.tts.measurement import Arena, Measurement, Report
from speechtrt.benchmarks.tts.report import TtsReport, make_report
from speechtrt.benchmarks.tts.scenarios import BASELINE_SHARE, BURST, FULL, IN_WORDS, QUICK, SINGLE, Scenarios
from speechtrt.benchmarks.tts.sound import Sound, listen
from speechtrt.benchmarks.tts.subject import TRAINED, Subject
from speechtrt.benchmarks.tts.summary import Extra, burst_rates, summarise
from speechtrt.benchmarks.tts.trial import BASELINE, UNCACHED, TtsTrial

BASELINE_NAME = "transformers generate_speech with its vocoder, PyTorch eager FP32, one request at a time"
QUICK_TRIALS = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure: `slots` of the engines' batch, `threads` of every side, rounds of trials.

    `listener` is the CTC engine set that writes down what is spoken, for the quality of trained voices.
    """

    slots: int = 8
    threads: int = 2
    trials: int = 3
    seed: int = 0
    quick: bool = False
    listener: Path | None = None

    @property
    def rounds(self) -> int:
        """How often every side speaks the burst."""
        return QUICK_TRIALS if self.quick else self.trials


def run_tts(subject: Subject, plan: Plan, report: Report) -> TtsReport:
    """Measure `subject`. Raises BenchmarkError, CheckpointError or BackendError."""
    environment = read_environment()
    utterances = _utterances(subject, plan.quick)
    sizes = QUICK if plan.quick else FULL
    scenarios = Scenarios(utterances, sizes, subject.audio, subject.rule, plan.seed)
    ladder = build_ladder(subject, plan.slots, sizes.saturated_slots, plan.threads, plan.seed)
    with ExitStack() as closing:
        arena = Arena(report, closing)
        peaks = _climb(ladder, scenarios, arena, plan.rounds)
        extra = _explore(ladder, scenarios, arena, plan)
        baseline = cast("Child[PyTorchSpeaker]", arena.child(BASELINE))
        cost = baseline.call(CountCost(tuple(u.text for u in utterances)))
    measured = Measurement(tuple(arena.trials), peaks)
    sound = _sound(subject, plan, report)
    summary = summarise(measured, ladder, extra, sound, plan.threads)
    summary |= floor_numbers(cost, summary, ladder.headline)
    load = _load(subject, plan, utterances, ladder)
    return make_report(environment, load, measured, summary, ladder, plan.quick)


def _climb(ladder: Ladder, scenarios: Scenarios, arena: Arena, planned: int) -> dict[str, int]:
    """The burst and lone requests on every side in turn; peak memory of each."""
    for name, factory in ladder.compared.items():
        arena.enter(name, factory, scenarios.utterances)
    for _ in rounds(planned, lambda: burst_rates(arena.trials, ladder.compared)):
        for name in ladder.compared:
            arena.speak(name, scenarios.burst())
            arena.speak(name, scenarios.alone())
    peaks = {name: arena.peak(name) for name in ladder.compared}
    for name in ladder.compared:
        if name not in (BASELINE, ladder.headline):
            arena.leave(name)
    arena.enter(UNCACHED, ladder.factory(UNCACHED), scenarios.few().utterances)
    arena.speak(UNCACHED, scenarios.few())
    arena.leave(UNCACHED)
    return peaks


def _explore(ladder: Ladder, scenarios: Scenarios, arena: Arena, plan: Plan) -> Extra:
    """What the headline does under other loads, beside the baseline where that can take part."""
    burst = [t for t in arena.trials if t.side == BASELINE and t.scenario == BURST]
    rate = BASELINE_SHARE * Distribution.of([t.throughput for t in burst]).mean
    for name in (BASELINE, ladder.headline):
        arena.speak(name, scenarios.poisson(rate))
    for _ in range(plan.rounds):
        arena.speak(ladder.headline, scenarios.mixed())
        arena.speak(ladder.headline, scenarios.mixed(plan.slots))
    arena.speak(ladder.headline, scenarios.long())
    capacities = {}
    for name in (BASELINE, ladder.headline):
        capacities[name] = _capacity(name, scenarios, arena)
    arena.leave(ladder.headline)
    arena.enter(ladder.headline, ladder.saturated, scenarios.utterances)
    for _ in range(plan.rounds):
        arena.speak(ladder.headline, scenarios.saturated())
    return Extra(rate, scenarios.sizes.long_seconds, scenarios.sizes.saturated_slots, capacities)


def _capacity(name: str, scenarios: Scenarios, arena: Arena) -> Capacity:
    """A side that cannot keep the promise for lone requests keeps it at no rate."""
    mine = [t for t in arena.trials if t.side == name]
    lone = [r.latency_seconds for t in mine if t.scenario == SINGLE for r in t.requests]
    if Distribution.of(lone).p95 > P95_SECONDS:
        return Capacity(0.0, 0.0)
    highest = Distribution.of([t.throughput for t in mine if t.scenario == BURST]).mean

    def probe(rate: float) -> TtsTrial:
        return arena.speak(name, scenarios.probe(rate))

    return find_capacity(probe, highest, scenarios.sizes.capacity_probes)


def _sound(subject: Subject, plan: Plan, report: Report) -> Sound | None:
    """Random weights have no quality."""
    if subject.weights != TRAINED:
        return None
    return listen(subject.sides, plan.listener, plan.quick, lambda message: report(f"quality: {message}"))


def _utterances(subject: Subject, quick: bool) -> tuple[Utterance, ...]:
    texts = shipped_texts(quick)
    per_character = subject.steps_per_character
    return spoken_freely(texts, quick) if per_character is None else spoken_in_steps(texts, per_character)


def _load(subject: Subject, plan: Plan, utterances: tuple[Utterance, ...], ladder: Ladder) -> TtsLoad:
    fixed = subject.steps_per_character
    return TtsLoad(
        model=subject.name,
        weights=subject.weights,
        utterances=len(utterances),
        characters=sum(len(u.text) for u in utterances),
        steps="each side stops when its model says so" if fixed is None else f"{fixed} decoder steps per character",
        scenarios=IN_WORDS,
        baseline=BASELINE_NAME,
        optimised=ladder.headline,
        slots=plan.slots,
        threads=plan.threads,
        trials=plan.rounds,
        seed=plan.seed,
    )
