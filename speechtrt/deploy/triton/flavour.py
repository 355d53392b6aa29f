"""What runs a model inside of Triton, and which engine sets it can run."""

from enum import StrEnum

from speechtrt.deploy.triton.pbtxt import Symbol
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.precision import BackendName


class Flavour(StrEnum):
    """Backends of Triton that a repository is written for."""

    PYTHON = "python"
    ONNXRUNTIME = "onnxruntime"
    TENSORRT_PLAN = "tensorrt_plan"


class Device(Symbol):
    """Where an instance runs."""

    CPU = "KIND_CPU"
    GPU = "KIND_GPU"


RUNNABLE = {
    Flavour.PYTHON: (BackendName.ORT_CPU, BackendName.ORT_CUDA, BackendName.TENSORRT),
    Flavour.ONNXRUNTIME: (BackendName.ORT_CPU, BackendName.ORT_CUDA),
    Flavour.TENSORRT_PLAN: (BackendName.TENSORRT,),
}


def expect_runnable(folder: EngineFolder, flavour: Flavour, device: Device | None) -> None:
    """Raises BackendError when the flavour, or the device that was asked for, cannot run the engine set."""
    backend = folder.manifest.backend
    if backend not in RUNNABLE[flavour]:
        raise BackendError(
            f"{folder.path}: is built for {backend}; the flavour {flavour} runs {' or '.join(RUNNABLE[flavour])}; "
            "build it for one of these, or choose another flavour"
        )
    if device is not None and device is not device_of(folder):
        raise BackendError(
            f"{folder.path}: is built for {backend}, which runs on {device_of(folder)}, not on {device}; "
            "build the engine set for that device"
        )


def device_of(folder: EngineFolder) -> Device:
    """Where the engines of a set run."""
    return Device.CPU if folder.manifest.backend is BackendName.ORT_CPU else Device.GPU
