"""Flat numbers out of rounds, and whether they may be quoted."""

from collections.abc import Sequence

from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.benchmarks.planner.planned import Planned, mean_streams
from speechtrt.benchmarks.planner.round import ALONE, TOGETHER, Round
from speechtrt.benchmarks.stream.load import StreamPlan
from speechtrt.benchmarks.stream.summary import MOST_LATE_SECONDS, Numbers, load_numbers
from speechtrt.benchmarks.stream.trial import StreamTrial

AT_ONCE = "together"


def summarise(rounds: Sequence[Round], planned: Planned) -> Numbers:
    """What one server and all at once serve, what a neighbour costs, and how far plans are off."""
    alone, together = mean_streams(rounds, ALONE), sum(mean_streams(rounds, name) for name in TOGETHER)
    found, servers = planned.agreement, len(TOGETHER)
    return {
        "alone.streams_at_slo": alone,
        "together.streams_at_slo": together,
        "neighbour.streams_ratio": together / (servers * alone),
        "neighbour.step_ratio": planned.step_ratio,
        "planned.streams": float(found.planned),
        "planned.difference": found.planned / together - 1,
        "planned.difference_size": abs(found.planned / together - 1),
        "planned_alone.streams": float(found.planned_alone),
        "planned_alone.difference": found.planned_alone / together - 1,
        "alone.planned_difference": found.planned_alone / (servers * alone) - 1,
        **_by_round(rounds),
        **_at_slo(rounds),
    }


def doubts(rounds: Sequence[Round], plan: StreamPlan) -> list[str]:
    """Why the numbers may not be quoted: too few or too different rounds, a busy machine, late clients, other texts."""
    reasons = trial_reasons({ALONE: [one.alone for one in rounds], AT_ONCE: [sum(one.together) for one in rounds]})
    groups = {name: _counted(rounds, sides) for name, sides in ((ALONE, (ALONE,)), (AT_ONCE, TOGETHER))}
    reasons += contention_reasons({name: [run.foreign_share for run in runs] for name, runs in groups.items()})
    for name, runs in groups.items():
        late, different = max(run.late.p95 for run in runs), sum(run.different for run in runs)
        if late > MOST_LATE_SECONDS:
            reasons.append(f"{name}: clients sent {late * 1000:.0f} ms late, at most {MOST_LATE_SECONDS * 1000:.0f} ms")
        if different:
            reasons.append(
                f"{name}: {different} of {sum(run.utterances for run in runs)} texts differ from offline ones"
            )
    if any(plan.highest in (one.alone, *one.together) for one in rounds):
        reasons.append(f"a search ended at its limit of {plan.highest} streams")
    return reasons


def _by_round(rounds: Sequence[Round]) -> Numbers:
    numbers: Numbers = {}
    for number, one in enumerate(rounds, 1):
        numbers[f"round_{number}.{ALONE}.streams"] = float(one.alone)
        numbers |= {f"round_{number}.{name}.streams": float(n) for name, n in zip(TOGETHER, one.together, strict=True)}
    return numbers


def _at_slo(rounds: Sequence[Round]) -> Numbers:
    """Of each server with the most streams that it serves: the runs that confirmed them, of all rounds."""
    numbers: Numbers = {}
    for name in (ALONE, *TOGETHER):
        held = [
            run for one in rounds for run in _counted([one], (name,), ("confirm",)) if run.streams == one.streams(name)
        ]
        numbers |= {f"{name}.at_slo.{number}": value for number, value in load_numbers(held).items()}
    return numbers


def _counted(
    rounds: Sequence[Round], sides: Sequence[str], purposes: Sequence[str] = ("fixed", "confirm")
) -> list[StreamTrial]:
    return [run for one in rounds for run in one.trials if run.side in sides and run.purpose in purposes]
