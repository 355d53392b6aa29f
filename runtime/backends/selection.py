"""Which backend runs an engine set on this machine."""

import os
from importlib.util import find_spec

from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.precision import BackendName
from speechtrt.runtime.backends.base import Backend


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_backend(folder: EngineFolder, threads: int | None) -> Backend:
    """The backend of an engine set; `threads` None takes every core. Raises BackendError."""
    manifest = folder.manifest
    if manifest.backend is not BackendName.ORT_CPU:
        raise BackendError(
            f"{folder.path}: was built for {manifest.backend}, which cannot run here; "
            f"build the bundle with --backend {BackendName.ORT_CPU}"
        )
    if threads is not None and threads < 1:
        raise BackendError(f"{threads} threads were asked for; expected at least 1")
    if find_spec("onnxruntime") is None:
        raise BackendError(
            f"onnxruntime is not installed; {BackendName.ORT_CPU} needs it: pip install 'speechtrt[cpu]'"
        )
    from speechtrt.runtime.backends.ort import OrtBackend

    return OrtBackend(folder, threads or usable_cores())
