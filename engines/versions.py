"""Versions that decide whether an engine set is still the one this code would build; nothing heavy is imported."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from speechtrt import __version__
from speechtrt.artifact import sha256_file
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName

NOTHING: Mapping[str, Path] = MappingProxyType({})
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


def builder_versions(backend: BackendName, quantised: Mapping[str, Path] = NOTHING) -> dict[str, str]:
    """speechtrt itself, the source of its builder, the packages the backend is made with, and hashes of `quantised`.

    Those are stages that another tool has quantised. Raises ManifestError for a file that is missing.
    """
    versions = {name: installed(name) for name in PACKAGES[backend]}
    foreign = {f"quantised {stage}": _digest(path) for stage, path in quantised.items()}
    return {"speechtrt": __version__, "source": source_digest(), **versions, **foreign}


def installed(package: str) -> str:
    """Version of an installed distribution, or `absent`. Either ONNX Runtime distribution counts as onnxruntime."""
    for name in (package, f"{package}-gpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "absent"


def _digest(path: Path) -> str:
    if not path.is_file():
        raise ManifestError(f"{path}: is missing, expected the ONNX file of a quantised stage")
    return sha256_file(path)


@cache
def source_digest(folder: Path = HOME) -> str:
    """Of every module below `folder`, so that a changed builder or quantiser never passes for an old one."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
