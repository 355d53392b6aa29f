"""The machine and the software of an evaluation, as result documents state them."""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGES = ("speechtrt", "torch", "transformers", "numpy")


@dataclass(frozen=True, slots=True)
class Software:
    """Processor, cores, system, Python and package versions."""

    cpu: str
    cores: int
    system: str
    python: str
    packages: dict[str, str]


def cpu_name() -> str:
    """The processor's own name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def read_software() -> Software:
    """The environment of this process."""
    packages = {name: metadata.version(name) for name in PACKAGES}
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Software(cpu_name(), os.cpu_count() or 1, system, platform.python_version(), packages)
