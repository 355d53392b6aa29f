"""How busy and how full the GPUs are, as their driver says; without NVML there are no figures rather than zeros."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class GpuUse:
    """One GPU now: bytes of memory, and the share of the last moments in which a kernel ran."""

    uuid: str
    used: int
    total: int
    load: float


def gpu_uses() -> tuple[GpuUse, ...]:
    """Every GPU that this process can see; none without a driver or without nvidia-ml-py."""
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        return tuple(_use(pynvml, handle) for handle in handles)
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def _use(nvml: ModuleType, handle: object) -> GpuUse:
    memory, load = nvml.nvmlDeviceGetMemoryInfo(handle), nvml.nvmlDeviceGetUtilizationRates(handle)
    return GpuUse(nvml.nvmlDeviceGetUUID(handle), memory.used, memory.total, load.gpu / 100)


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
