"""What the building machine is, as far as an engine depends on it."""

import platform
import subprocess
from pathlib import Path

from speechtrt.errors import BuildError
from speechtrt.precision import BackendName

VECTOR_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp")


def device_fingerprint(backend: BackendName) -> dict[str, str]:
    """Name and vector instructions of the CPU, or for an ahead-of-time GPU build what it targets."""
    if backend is BackendName.TENSORRT_RTX:
        return {"kind": "gpu", "name": "any RTX GPU", "built": "ahead of time, without a GPU"}
    if backend is BackendName.ORT_CUDA:
        return {"kind": "gpu", "name": "any CUDA GPU", "built": "as a graph, without a GPU"}
    if backend is BackendName.TENSORRT:
        return {"kind": "gpu", **_gpu()}
    name, flags = _cpu()
    return {"kind": "cpu", "name": name, "machine": platform.machine(), "vector": " ".join(flags)}


def target_device(backend: BackendName) -> dict[str, str]:
    """What is about to be built for. Raises BuildError when a plan would not say which GPU it was measured on."""
    device = device_fingerprint(backend)
    if backend is BackendName.TENSORRT and "sm" not in device:
        raise BuildError(
            "no GPU answers nvidia-smi, and a tensorrt engine is measured on the one that it is for; "
            "mend the driver, or build for tensorrt-rtx"
        )
    return device


def _cpu() -> tuple[str, tuple[str, ...]]:
    """From /proc/cpuinfo where there is one."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor() or platform.machine(), ()
    fields: dict[str, str] = {}
    for line in info.read_text().split("\n\n", 1)[0].splitlines():
        key, _, value = line.partition(":")
        fields[key.strip()] = value.strip()
    known = set(fields.get("flags", fields.get("Features", "")).split())
    return fields.get("model name", platform.machine()), tuple(f for f in VECTOR_FLAGS if f in known)


def _gpu() -> dict[str, str]:
    """Name, compute capability and driver of the first GPU: a plan runs on no other kind. Empty where none answers."""
    query = ["nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
        name, capability, driver = (part.strip() for part in answer.splitlines()[0].split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return {}
    return {"name": name, "sm": capability, "driver": driver}
