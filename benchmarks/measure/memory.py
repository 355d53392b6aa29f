"""Peak memory of a process."""

import resource
from pathlib import Path


def peak_bytes(process: int | None = None) -> int:
    """Largest resident size that a process, or this one, ever had.

    `VmHWM` belongs to the address space. `ru_maxrss` is inherited over fork and exec, so it would report the parent's
    size in a small child; it serves only where /proc does not exist.
    """
    status = Path("/proc", "self" if process is None else str(process), "status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
