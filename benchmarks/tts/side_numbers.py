"""Absolute numbers of one side out of its trials."""

from collections.abc import Callable, Iterable, Sequence

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.tts.trial import Served, TtsTrial

Numbers = dict[str, float]
QUANTILES = ("mean", "std", "p50", "p95", "p99")


def quantities(name: str, samples: Sequence[float]) -> Numbers:
    """Mean, standard deviation and percentiles of samples, under `name`."""
    found = Distribution.of(samples)
    return {f"{name}_{field}": getattr(found, field) for field in QUANTILES}


def request_numbers(requests: Sequence[Served]) -> Numbers:
    """What users noticed, pooled over trials."""
    return {
        **quantities("latency_seconds", [r.latency_seconds for r in requests]),
        **quantities("first_audio_seconds", [r.first_audio_seconds for r in requests]),
        "longest_gap_seconds_p95": Distribution.of([r.longest_gap_seconds for r in requests]).p95,
        "underrun_seconds": sum(r.underrun_seconds for r in requests),
        "underrun_share": sum(r.underrun_seconds > 0 for r in requests) / len(requests),
    }


def load_numbers(trials: Sequence[TtsTrial], threads: int) -> Numbers:
    """What the machine did, averaged over trials. `idle_share` is the part of `threads` cores that was not used."""
    stages = dict.fromkeys(stage for t in trials for stage in t.stage_seconds)
    busy = mean(trials, lambda t: t.cpu_seconds / (t.wall_seconds * threads))
    return {
        "wall_seconds": mean(trials, lambda t: t.wall_seconds),
        "cpu_seconds": mean(trials, lambda t: t.cpu_seconds),
        "cpu_utilisation": busy,
        "idle_share": max(0.0, 1 - busy),
        "utterances_per_second": mean(trials, lambda t: t.throughput),
        "audio_seconds_per_second": mean(trials, lambda t: t.audio_throughput),
        "real_time_factor": 1 / mean(trials, lambda t: t.audio_throughput),
        "audio_seconds": mean(trials, lambda t: sum(r.audio_seconds for r in t.requests)),
        "decoder_steps": mean(trials, lambda t: float(t.decoder_steps)),
        "batch_fill": mean(trials, lambda t: t.batch_fill),
        **{f"{stage}_seconds": _stage(trials, stage) for stage in stages},
        **_gpu_numbers(trials),
    }


def _gpu_numbers(trials: Sequence[TtsTrial]) -> Numbers:
    """Mean utilisation and the most memory; nothing where there is no GPU."""
    loads = [t.gpu_utilisation for t in trials if t.gpu_utilisation is not None]
    sizes = [t.gpu_memory_bytes for t in trials if t.gpu_memory_bytes is not None]
    if not (loads and sizes):
        return {}
    return {"gpu_utilisation": Distribution.of(loads).mean, "gpu_memory_bytes": float(max(sizes))}


def _stage(trials: Sequence[TtsTrial], stage: str) -> float:
    return mean(trials, lambda t: t.stage_seconds.get(stage, 0.0))


def pooled(trials: Iterable[TtsTrial]) -> list[Served]:
    """The requests of all trials."""
    return [request for trial in trials for request in trial.requests]


def mean(trials: Sequence[TtsTrial], value: Callable[[TtsTrial], float]) -> float:
    """Of one number per trial."""
    return Distribution.of([value(t) for t in trials]).mean


def prefixed(prefix: str, numbers: Numbers) -> Numbers:
    """The same numbers under longer names."""
    return {f"{prefix}.{name}": value for name, value in numbers.items()}
