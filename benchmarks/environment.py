"""What a number was measured on: hardware, system, versions and commit. Never host names or paths."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGES = ("speechtrt", "torch", "transformers", "onnxruntime", "numpy")
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm", "sve")
CHANGES = ("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)benchmarks/results")


@dataclass(frozen=True, slots=True)
class Environment:
    """The machine and the software. `modified`: tracked files differed from `commit` (results excepted)."""

    cpu: str
    cpu_features: tuple[str, ...]
    cores: int
    memory_bytes: int
    system: str
    python: str
    packages: dict[str, str]
    commit: str | None
    modified: bool


def read_environment() -> Environment:
    """The environment of this process."""
    commit = _git("rev-parse", "HEAD") if _git("ls-files", "--error-unmatch", Path(__file__).name) else None
    return Environment(
        cpu=_cpuinfo("model name") or platform.machine(),
        cpu_features=tuple(f for f in FEATURES if f in (_cpuinfo("flags") or _cpuinfo("Features")).split()),
        cores=os.cpu_count() or 1,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        packages=_versions(),
        commit=commit,
        modified=commit is not None and bool(_git(*CHANGES)),
    )


def _versions() -> dict[str, str]:
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def _cpuinfo(key: str) -> str:
    """The first value of `key` in /proc/cpuinfo, or an empty string."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.split(":")[0].strip() == key), "")


def _git(*arguments: str) -> str:
    """Output of git in this file's folder; empty when git or the repository is missing."""
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(("git", *arguments), cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
