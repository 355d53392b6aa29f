"""How busy and how full the GPUs are, as their driver says; without NVML there are no figures rather than zeros."""

from dataclasses import dataclass
from types import ModuleType


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
