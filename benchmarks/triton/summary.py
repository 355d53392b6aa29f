"""What Triton adds, out of paced runs."""

from collections.abc import Sequence

from speechtrt.benchmarks.stream.summary import Numbers, load_numbers
from speechtrt.benchmarks.stream.trial import StreamTrial

IN_PROCESS, TRITON = "in_process", "triton"


def summarise(trials: Sequence[StreamTrial]) -> Numbers:
    """Both sides, and their difference."""
    inside, served = (load_numbers([t for t in trials if t.side == side]) for side in (IN_PROCESS, TRITON))
    numbers = {f"{IN_PROCESS}.{name}": value for name, value in inside.items()}
    numbers |= {f"{TRITON}.{name}": value for name, value in served.items()}
    for quantile in ("p50", "p95", "p99"):
        name = f"chunk_latency_seconds_{quantile}"
        numbers[f"overhead_seconds_{quantile}"] = served[name] - inside[name]
    name = "cpu_seconds_per_stream_second"
    return {
        **numbers,
        f"extra_{name}": served[name] - inside[name],
        "texts_different_rate": served["texts_different_rate"],
    }
