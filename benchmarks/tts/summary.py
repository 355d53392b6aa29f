"""Flat numbers out of trials: each side's own, then ratios to the baseline."""

from collections.abc import Callable, Iterable, Sequence

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.benchmarks.tts.measurement import Measurement
from speechtrt.benchmarks.tts.trial import TtsTrial

BASELINE = "baseline"
MOST_AUDIO_DIFFERENCE = 0.10

Numbers = dict[str, float]


def side_numbers(trials: Sequence[TtsTrial], peak_bytes: int) -> Numbers:
    """Absolute numbers of one side; latencies are pooled over trials, rates averaged."""
    pooled = {
        "latency_seconds": Distribution.of(_pool(t.latency_seconds for t in trials)),
        "single_latency_seconds": Distribution.of([s.latency_seconds for t in trials for s in t.singles]),
        "first_audio_seconds": Distribution.of([s.first_audio_seconds for t in trials for s in t.singles]),
    }
    numbers = {
        f"{name}_{field}": getattr(distribution, field)
        for name, distribution in pooled.items()
        for field in ("mean", "std", "p50", "p95", "p99")
    }
    stages = dict.fromkeys(stage for t in trials for stage in t.stage_seconds)
    return {
        **numbers,
        "wall_seconds": _mean(trials, lambda t: t.wall_seconds),
        "utterances_per_second": _mean(trials, lambda t: t.throughput),
        "audio_seconds_per_second": _mean(trials, lambda t: t.audio_throughput),
        "real_time_factor": 1 / _mean(trials, lambda t: t.audio_throughput),
        "audio_seconds": _mean(trials, lambda t: sum(t.audio_seconds)),
        "cpu_seconds": _mean(trials, lambda t: t.cpu_seconds),
        "decoder_steps": _mean(trials, lambda t: float(t.decoder_steps)),
        "batch_fill": _mean(trials, lambda t: t.batch_fill),
        "peak_memory_bytes": float(peak_bytes),
        **{f"{stage}_seconds": _stage_mean(trials, stage) for stage in stages},
    }


def ratios(baseline: Numbers, side: Numbers) -> Numbers:
    """`side` over `baseline`: below 1 is better for time and memory, above 1 for rates."""
    named = {
        "latency_mean_ratio": "latency_seconds_mean",
        "latency_p95_ratio": "latency_seconds_p95",
        "latency_single_ratio": "single_latency_seconds_mean",
        "throughput_ratio": "utterances_per_second",
        "audio_throughput_ratio": "audio_seconds_per_second",
        "audio_ratio": "audio_seconds",
        "memory_ratio": "peak_memory_bytes",
    }
    return {ratio: side[name] / baseline[name] for ratio, name in named.items()}


def summarise(measured: Measurement, headline: str) -> Numbers:
    """Ratios of the side `headline` by their plain names, then everything by side."""
    sides = {name: side_numbers(measured.of(name), peak) for name, peak in measured.peak_bytes.items()}
    compared = {name: ratios(sides[BASELINE], numbers) for name, numbers in sides.items() if name != BASELINE}
    return {
        **compared[headline],
        "throughput_ratio_lowest": _lowest_throughput_ratio(measured, headline),
        "first_audio_seconds_p50": sides[headline]["first_audio_seconds_p50"],
        "batch_fill": sides[headline]["batch_fill"],
        **{f"{side}.{k}": v for side, numbers in compared.items() for k, v in numbers.items()},
        **{f"{side}.{k}": v for side, numbers in sides.items() for k, v in numbers.items()},
    }


def doubts(measured: Measurement, numbers: Numbers) -> list[str]:
    """Why the numbers may not be quoted: unsteady trials, a busy machine, or sides that spoke for different times."""
    sides = measured.peak_bytes
    reasons = trial_reasons({side: [t.throughput for t in measured.of(side)] for side in sides})
    reasons += contention_reasons({side: [t.foreign_share for t in measured.of(side)] for side in sides})
    for side in sides:
        ratio = numbers.get(f"{side}.audio_ratio", 1.0)
        if abs(ratio - 1) > MOST_AUDIO_DIFFERENCE:
            reasons.append(f"{side}: spoke {ratio:.0%} of the baseline's audio; both must speak about the same")
    return reasons


def _lowest_throughput_ratio(measured: Measurement, side: str) -> float:
    """Of the pairs of trials that ran next to each other."""
    pairs = zip(measured.of(BASELINE), measured.of(side), strict=True)
    return min(theirs.throughput / base.throughput for base, theirs in pairs)


def _pool(samples: Iterable[Iterable[float]]) -> list[float]:
    return [value for trial in samples for value in trial]


def _stage_mean(trials: Sequence[TtsTrial], stage: str) -> float:
    return _mean(trials, lambda t: t.stage_seconds.get(stage, 0.0))


def _mean(trials: Sequence[TtsTrial], value: Callable[[TtsTrial], float]) -> float:
    return Distribution.of([value(t) for t in trials]).mean
