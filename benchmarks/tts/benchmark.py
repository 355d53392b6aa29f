"""The text-to-speech benchmark: baseline and engines in one run on one machine."""

from dataclasses import dataclass

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.tts.baseline import BaselineSide
from speechtrt.benchmarks.tts.engines import EngineSide
from speechtrt.benchmarks.tts.floor import CountCost, floor_numbers
from speechtrt.benchmarks.tts.load import ARRIVAL, TtsLoad, Utterance, shipped_texts, spoken_freely, spoken_in_steps
from speechtrt.benchmarks.tts.measurement import Report, Sides, measure
from speechtrt.benchmarks.tts.report import TtsReport, make_report
from speechtrt.benchmarks.tts.subject import Subject
from speechtrt.benchmarks.tts.summary import BASELINE, summarise

BASELINE_NAME = "transformers generate_speech with its vocoder, PyTorch eager FP32, one request at a time"
QUICK_TRIALS = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to measure: `slots` of the engines' batch, `threads` of every side, rounds of trials."""

    slots: int = 8
    threads: int = 2
    trials: int = 3
    seed: int = 0
    quick: bool = False


def run_tts(subject: Subject, plan: Plan, report: Report) -> TtsReport:
    """Measure `subject`. Raises BenchmarkError, CheckpointError or BackendError."""
    environment = read_environment()
    utterances = _utterances(subject, plan.quick)
    trials = QUICK_TRIALS if plan.quick else plan.trials
    measured = measure(_sides(subject, plan), utterances, trials, report)
    headline = next(iter(subject.sides))
    summary = summarise(measured, headline)
    summary |= _floor(subject, plan, utterances, summary, headline)
    return make_report(environment, _load(subject, plan, utterances, trials), measured, summary, plan.quick)


def _sides(subject: Subject, plan: Plan) -> Sides:
    engines = {
        name: EngineSide(name, path, plan.slots, plan.threads, plan.seed) for name, path in subject.sides.items()
    }
    return {BASELINE: _baseline(subject, plan), **engines}


def _baseline(subject: Subject, plan: Plan) -> BaselineSide:
    return BaselineSide(subject.checkpoint, subject.rule, plan.threads, plan.seed)


def _utterances(subject: Subject, quick: bool) -> tuple[Utterance, ...]:
    texts = shipped_texts(quick)
    per_character = subject.steps_per_character
    return spoken_freely(texts, quick) if per_character is None else spoken_in_steps(texts, per_character)


def _floor(
    subject: Subject, plan: Plan, utterances: tuple[Utterance, ...], summary: dict[str, float], headline: str
) -> dict[str, float]:
    with Child("floor", _baseline(subject, plan)) as child:
        cost = child.call(CountCost(tuple(u.text for u in utterances)))
    return floor_numbers(cost, summary, headline)


def _load(subject: Subject, plan: Plan, utterances: tuple[Utterance, ...], trials: int) -> TtsLoad:
    fixed = subject.steps_per_character
    return TtsLoad(
        model=subject.name,
        weights=subject.weights,
        utterances=len(utterances),
        characters=sum(len(u.text) for u in utterances),
        steps="each side stops when its model says so" if fixed is None else f"{fixed} decoder steps per character",
        arrival=ARRIVAL,
        baseline=BASELINE_NAME,
        optimised=next(iter(subject.sides)),
        slots=plan.slots,
        threads=plan.threads,
        trials=trials,
        seed=plan.seed,
    )
