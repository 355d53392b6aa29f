"""Flat numbers out of trials: each side's own, ratios to the baseline, and one block for each other scenario."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.benchmarks.tts import scenarios
from speechtrt.benchmarks.tts.capacity import P95_SECONDS, Capacity
from speechtrt.benchmarks.tts.ladder import Ladder
from speechtrt.benchmarks.tts.measurement import Measurement
from speechtrt.benchmarks.tts.scenarios import BURST, SINGLE
from speechtrt.benchmarks.tts.side_numbers import (
    Numbers,
    load_numbers,
    mean,
    pooled,
    prefixed,
    quantities,
    request_numbers,
)
from speechtrt.benchmarks.tts.sound import Sound
from speechtrt.benchmarks.tts.trial import BASELINE, UNCACHED, TtsTrial

MOST_AUDIO_DIFFERENCE = 0.10
SHORTEST_WATCHED = 1.0  # seconds
RATIOS = {
    "latency_mean_ratio": "latency_seconds_mean",
    "latency_p95_ratio": "latency_seconds_p95",
    "latency_single_ratio": "single_latency_seconds_mean",
    "throughput_ratio": "utterances_per_second",
    "audio_throughput_ratio": "audio_seconds_per_second",
    "audio_ratio": "audio_seconds",
    "memory_ratio": "peak_memory_bytes",
}


@dataclass(frozen=True, slots=True)
class Extra:
    """How the scenarios beside the ladder were set: arrivals a second, seconds of the long utterances, slots."""

    poisson_rate: float
    long_seconds: float
    saturated_slots: int
    capacities: dict[str, Capacity]


def summarise(measured: Measurement, ladder: Ladder, extra: Extra, sound: Sound | None, threads: int) -> Numbers:
    """Ratios of the headline by their plain names, then everything by side and by scenario."""
    sides = {name: side_numbers(measured, name, threads) for name in measured.peak_bytes}
    compared = {name: ratios(sides[BASELINE], numbers) for name, numbers in sides.items() if name != BASELINE}
    head = ladder.headline
    by_side = {name: {**compared.get(name, {}), **numbers} for name, numbers in sides.items()}
    uncached = load_numbers(measured.of(UNCACHED, BURST), threads)
    return {
        **compared[head],
        "throughput_ratio_lowest": _lowest_throughput_ratio(measured, head),
        "first_audio_seconds_p50": sides[head]["first_audio_seconds_p50"],
        "batch_fill": sides[head]["batch_fill"],
        **{name: value for side, numbers in by_side.items() for name, value in prefixed(side, numbers).items()},
        **prefixed(UNCACHED, uncached),
        **_gains(ladder, {UNCACHED: uncached, **sides}),
        **prefixed("poisson", _poisson(measured, head, extra)),
        **prefixed("mixed", _mixed(measured, head)),
        **prefixed("saturated", _saturated(measured, head, extra, threads)),
        **prefixed("five_seconds", _long(measured, head, extra)),
        **prefixed("capacity", _capacity(extra)),
        **(sound.numbers if sound else {}),
    }


def side_numbers(measured: Measurement, side: str, threads: int) -> Numbers:
    """The burst's numbers, with those of lone requests as `single_latency_*` and `first_audio_*`."""
    burst, alone = measured.of(side, BURST), pooled(measured.of(side, SINGLE))
    return {
        **request_numbers(pooled(burst)),
        **quantities("single_latency_seconds", [r.latency_seconds for r in alone]),
        **quantities("first_audio_seconds", [r.first_audio_seconds for r in alone]),
        **load_numbers(burst, threads),
        "peak_memory_bytes": float(measured.peak_bytes[side]),
    }


def ratios(baseline: Numbers, side: Numbers) -> Numbers:
    """`side` over `baseline`: below 1 is better for time and memory, above 1 for rates."""
    return {ratio: side[name] / baseline[name] for ratio, name in RATIOS.items()}


def doubts(measured: Measurement, numbers: Numbers) -> list[str]:
    """Why the numbers may not be quoted: unsteady trials, a busy machine, or sides that spoke for different times."""
    sides = measured.peak_bytes
    reasons = trial_reasons(burst_rates(measured.trials, sides))
    reasons += contention_reasons({scene: [share] for scene, share in _foreign_shares(measured).items()})
    for side in sides:
        ratio = numbers.get(f"{side}.audio_ratio", 1.0)
        if abs(ratio - 1) > MOST_AUDIO_DIFFERENCE:
            reasons.append(f"{side}: spoke {ratio:.0%} of the baseline's audio; both must speak about the same")
    return reasons


def burst_rates(trials: Sequence[TtsTrial], sides: Iterable[str]) -> dict[str, list[float]]:
    """Utterances per second of each burst of these sides."""
    return {side: [t.throughput for t in trials if (t.side, t.scenario) == (side, BURST)] for side in sides}


def _foreign_shares(measured: Measurement) -> dict[str, float]:
    """Of each side in each scenario; the kernel counts in hundredths of seconds, so short scenarios have none."""
    shares = {}
    for side, scenario in dict.fromkeys((t.side, t.scenario) for t in measured.trials):
        trials = measured.of(side, scenario)
        seconds = sum(t.wall_seconds for t in trials)
        if seconds >= SHORTEST_WATCHED:
            shares[f"{side} {scenario}"] = sum(t.foreign_share * t.wall_seconds for t in trials) / seconds
    return shares


def _lowest_throughput_ratio(measured: Measurement, side: str) -> float:
    """Of the pairs of trials that ran next to each other."""
    pairs = zip(measured.of(BASELINE, BURST), measured.of(side, BURST), strict=True)
    return min(theirs.throughput / base.throughput for base, theirs in pairs)


def _gains(ladder: Ladder, sides: dict[str, Numbers]) -> Numbers:
    """Audio per second of each rung over that of the rung before."""
    rates = [(rung.side, sides[rung.side]["audio_seconds_per_second"]) for rung in ladder.rungs]
    return {f"ladder.{side}.gain": rate / before for (_, before), (side, rate) in pairwise(rates)}


def _poisson(measured: Measurement, head: str, extra: Extra) -> Numbers:
    found = {side: request_numbers(pooled(measured.of(side, scenarios.POISSON))) for side in (BASELINE, head)}
    base, ours = found[BASELINE], found[head]
    return {
        "requests_per_second": extra.poisson_rate,
        "latency_mean_ratio": ours["latency_seconds_mean"] / base["latency_seconds_mean"],
        "latency_p95_ratio": ours["latency_seconds_p95"] / base["latency_seconds_p95"],
        **prefixed(BASELINE, base),
        **prefixed(head, ours),
    }


def _mixed(measured: Measurement, head: str) -> Numbers:
    together, padded = (measured.of(head, s) for s in (scenarios.CONTINUOUS, scenarios.STATIC))
    rates = [Distribution.of([t.audio_throughput for t in trials]).mean for trials in (together, padded)]
    p95 = [Distribution.of([r.latency_seconds for r in pooled(trials)]).p95 for trials in (together, padded)]
    return {
        "throughput_ratio": rates[0] / rates[1],
        "latency_p95_ratio": p95[0] / p95[1],
        "continuous.audio_seconds_per_second": rates[0],
        "static.audio_seconds_per_second": rates[1],
        "continuous.latency_seconds_p95": p95[0],
        "static.latency_seconds_p95": p95[1],
    }


def _saturated(measured: Measurement, head: str, extra: Extra, threads: int) -> Numbers:
    trials = measured.of(head, scenarios.SATURATED)
    numbers = load_numbers(trials, threads)
    return {
        "slots": float(extra.saturated_slots),
        "scheduler_share": mean(trials, lambda t: t.scheduler_own_seconds / t.wall_seconds),
        "scheduler_wall_share": numbers.get("scheduler_seconds", 0.0) / numbers["wall_seconds"],
        **request_numbers(pooled(trials)),
        **numbers,
    }


def _long(measured: Measurement, head: str, extra: Extra) -> Numbers:
    requests = pooled(measured.of(head, scenarios.LONG))
    numbers = request_numbers(requests)
    ratio = numbers["first_audio_seconds_mean"] / numbers["latency_seconds_mean"]
    return {"audio_seconds": extra.long_seconds, "first_audio_ratio": ratio, **numbers}


def _capacity(extra: Extra) -> Numbers:
    numbers = {"p95_promise_seconds": P95_SECONDS}
    for side, found in extra.capacities.items():
        numbers |= {f"{side}.requests_per_second": found.rate, f"{side}.latency_seconds_p95": found.p95_seconds}
    return numbers
