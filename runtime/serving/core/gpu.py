"""What the GPUs' driver says, as metrics; without NVML there are no figures rather than zeros."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from speechtrt.runtime.gpu import gpu_uses


@dataclass(frozen=True, slots=True, eq=False)  # a registry knows collectors by identity
class GpuCollector(Collector):
    """Gauges of every GPU."""

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        used, total = _gauge("memory_used_bytes", "Memory in use"), _gauge("memory_total_bytes", "Memory")
        load = _gauge("utilization_ratio", "Share of the time in which a kernel ran")
        for use in gpu_uses():
            used.add_metric([use.uuid], use.used)
            total.add_metric([use.uuid], use.total)
            load.add_metric([use.uuid], use.load)
        yield from (used, total, load)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"speechtrt_gpu_{name}", f"{text} of a GPU", labels=["gpu"])
