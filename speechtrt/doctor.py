"""`speechtrt doctor`: what works on this machine, and how to mend what does not."""

import ctypes
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

import click

from speechtrt.console import emit_json


class Health(StrEnum):
    """Verdict of one check."""

    OK = "ok"
    ABSENT = "absent"  # something optional is not here
    BROKEN = "broken"  # something needed is not here, or does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, what was found, and what to do about it."""

    name: str
    health: Health
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The document that `doctor --json` prints."""

    findings: tuple[Finding, ...]
    healthy: bool
    schema: int = 1


@dataclass(frozen=True, slots=True)
class Package:
    """A Python distribution, what it is for, and the extra that brings it; the runtime needs those without an extra."""

    name: str
    purpose: str
    extra: str | None = None


PACKAGES = (
    Package("numpy", "all numbers"),
    Package("sentencepiece", "text to tokens"),
    Package("soundfile", "audio files"),
    Package("soxr", "resampling"),
    Package("onnxruntime", "the ort-cpu backend", "cpu"),
    Package("torch", "export and the benchmark's baseline", "export"),
    Package("transformers", "loading checkpoints", "export"),
    Package("onnx", "graphs", "export"),
    Package("polygraphy", "TensorRT builds", "export"),
    Package("tensorrt-rtx-cu13-bindings", "the tensorrt-rtx backend (ahead-of-time builds)", "export"),
    Package("tensorrt-rtx-cu13-libs", "the tensorrt-rtx backend (libraries)", "export"),
    Package("starlette", "serve-stream", "serve"),
    Package("uvicorn", "serve-stream", "serve"),
    Package("tensorrt", "the tensorrt backend; wants NVIDIA's package index", "tensorrt"),
    Package("onnxruntime-gpu", "the ort-cuda backend", "gpu"),
    Package("cuda-python", "running engines on a GPU", "gpu"),
    Package("matplotlib", "benchmark pictures", "bench"),
)

PROGRAMS = (("espeak-ng", "training data"), ("flite", "training data"))


def check_python() -> Finding:
    """The interpreter; pip refuses to install the package on one that is too old."""
    return Finding("python", Health.OK, platform.python_version())


def check_package(package: Package) -> Finding:
    """Whether a distribution is installed; only what the runtime needs is broken when absent."""
    try:
        return Finding(package.name, Health.OK, f"{metadata.version(package.name)} ({package.purpose})")
    except metadata.PackageNotFoundError:
        target = f"speechtrt[{package.extra}]" if package.extra else package.name
        health = Health.ABSENT if package.extra else Health.BROKEN
        return Finding(package.name, health, f"not installed ({package.purpose})", f"pip install '{target}'")


def check_cpu() -> Finding:
    """Core count, and whether the int8 kernels have the instructions they are written for."""
    flags = _cpu_flags()
    known = [name for name in ("avx2", "avx512_vnni", "avx_vnni", "amx_int8") if name in flags]
    found = f"{os.cpu_count()} cores, {', '.join(known) or 'no AVX2'}"
    if known:
        return Finding("cpu", Health.OK, found)
    return Finding("cpu", Health.ABSENT, found, "int8 engines may be slower than fp32 here; the speed gate decides")


def _cpu_flags() -> set[str]:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return set()
    return set(next((line.split() for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), []))


def check_driver() -> Finding:
    """Whether an NVIDIA driver answers; nothing that exists today needs one."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return Finding("nvidia driver", Health.ABSENT, "none", "not needed: engines for it are built ahead of time")
    version = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDriverGetVersion(ctypes.byref(version)):
        return Finding("nvidia driver", Health.ABSENT, "installed, but no GPU answers", "check nvidia-smi")
    return Finding("nvidia driver", Health.OK, f"CUDA {version.value // 1000}.{version.value % 1000 // 10}")


def check_tensorrt_rtx() -> Finding:
    """Whether the TensorRT-RTX libraries load; a builder needs no GPU."""
    try:
        import tensorrt_rtx_bindings
    except ImportError as error:
        return Finding(
            "tensorrt-rtx", Health.ABSENT, f"cannot be imported ({error})", "pip install 'speechtrt[export]'"
        )
    return Finding("tensorrt-rtx", Health.OK, f"{tensorrt_rtx_bindings.__version__}: builds ahead of time")


def check_program(name: str, purpose: str) -> Finding:
    """Whether a program is on the path."""
    path = shutil.which(name)
    if path:
        return Finding(name, Health.OK, f"{path} ({purpose})")
    return Finding(name, Health.ABSENT, f"not installed ({purpose} only)", f"apt-get install {name}")


def check_disk() -> Finding:
    """Free space where artefacts are written."""
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    if free >= 2:
        return Finding("disk", Health.OK, f"{free:.0f} GiB free")
    return Finding("disk", Health.BROKEN, f"{free:.1f} GiB free", "make room: builds need about 2 GiB")


def examine() -> Report:
    """Run every check. None of them changes anything."""
    checks: list[Callable[[], Finding]] = [check_python, check_cpu, check_disk, check_driver, check_tensorrt_rtx]
    findings = [check() for check in checks]
    findings += [check_package(package) for package in PACKAGES]
    findings += [check_program(name, purpose) for name, purpose in PROGRAMS]
    return Report(tuple(findings), all(f.health is not Health.BROKEN for f in findings))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def doctor(as_json: bool) -> None:
    """Say what works on this machine, and how to mend what does not; exit 1 when something needed is broken."""
    report = examine()
    if as_json:
        emit_json(report)
    else:
        _print(report)
    if not report.healthy:
        raise SystemExit(1)


def _print(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    colours = {Health.OK: "green", Health.ABSENT: "yellow", Health.BROKEN: "red"}
    table = Table("", "what", "found", "remedy", box=None, pad_edge=False)
    for finding in report.findings:
        colour = colours[finding.health]
        table.add_row(f"[{colour}]{finding.health}[/]", finding.name, finding.found, finding.remedy)
    Console().print(table)
