"""Which backend runs an engine set on this machine."""

import os
from importlib.util import find_spec

from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.precision import BackendName
from speechtrt.runtime.backends.base import Backend

EXTRAS = {BackendName.ORT_CPU: "cpu", BackendName.ORT_CUDA: "gpu"}


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_backend(folder: EngineFolder, threads: int | None) -> Backend:
    """The backend of an engine set; `threads` None takes every core. Raises BackendError."""
    if threads is not None and threads < 1:
        raise BackendError(f"{threads} threads were asked for; expected at least 1")
    name = folder.manifest.backend
    if name in (BackendName.TENSORRT, BackendName.TENSORRT_RTX):
        from speechtrt.runtime.backends.cuda import open_cuda
        from speechtrt.runtime.backends.tensorrt import TensorRTBackend

        return TensorRTBackend.over(folder, open_cuda())
    if find_spec("onnxruntime") is None:
        raise BackendError(f"onnxruntime is not installed; {name} needs it: pip install 'speechtrt[{EXTRAS[name]}]'")
    if name is BackendName.ORT_CUDA:
        from speechtrt.runtime.backends.ort_cuda import OrtCudaBackend

        return OrtCudaBackend.over(folder)
    from speechtrt.runtime.backends.ort import OrtBackend

    return OrtBackend(folder, threads or usable_cores())
