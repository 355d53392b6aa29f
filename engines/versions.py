"""Versions that decide whether an engine set is still the one this code would build; nothing heavy is imported."""

from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from speechtrt import __version__
from speechtrt.precision import BackendName

HOME = Path(__file__).resolve().parent
PACKAGES = {
    BackendName.ORT_CPU: ("onnx", "onnxruntime"),
    BackendName.ORT_CUDA: ("onnx", "onnxruntime"),
    BackendName.TENSORRT: ("onnx", "onnxruntime", "polygraphy", "tensorrt"),
    BackendName.TENSORRT_RTX: ("onnx", "onnxruntime", "polygraphy", "tensorrt-rtx-cu13-bindings"),
}
RUNS_ON = {
    BackendName.ORT_CPU: "onnxruntime",
    BackendName.ORT_CUDA: "onnxruntime",
    BackendName.TENSORRT: "tensorrt",
    BackendName.TENSORRT_RTX: "tensorrt-rtx-cu13-bindings",
}


def builder_versions(backend: BackendName) -> dict[str, str]:
    """speechtrt itself, the source of its builder, and the packages the backend is made with."""
    versions = {name: installed(name) for name in PACKAGES[backend]}
    return {"speechtrt": __version__, "source": source_digest(), **versions}


def installed(package: str) -> str:
    """Version of an installed distribution, or `absent`. Either ONNX Runtime distribution counts as onnxruntime."""
    for name in (package, f"{package}-gpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "absent"


@cache
def source_digest(folder: Path = HOME) -> str:
    """Of every module below `folder`, so that a changed builder or quantiser never passes for an old one."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
