"""Is an engine set on disk still the one that a build would write? Answered without onnx, ONNX Runtime or TensorRT."""

from collections.abc import Mapping
from pathlib import Path

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder, EngineSet, Status
from speechtrt.engines.device import device_fingerprint
from speechtrt.engines.versions import NOTHING, builder_versions
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName, Precision


def current_engine_set(
    bundle: Path,
    backend: BackendName,
    precision: Precision,
    out: Path,
    *,
    heard: bool = False,
    quantised: Mapping[str, Path] = NOTHING,
) -> EngineFolder | None:
    """The engine set in `out` if it was built from this bundle, for this device, by this code; None otherwise.

    `quantised`: with these stages of another tool. `heard`: its speech must have been compared, if it can be. Sizes of
    its files are looked at, their hashes are not: `validate` does that. Raises ManifestError for the bundle.
    """
    source = BundleFolder.open(bundle)
    try:
        found = EngineFolder.open(out)
    except ManifestError:
        return None
    manifest = found.manifest
    same = (
        manifest.bundle_sha256 == source.sha256
        and (manifest.backend, manifest.requested) == (backend, precision)
        and manifest.builder == builder_versions(backend, quantised)
        and manifest.device == device_fingerprint(backend)
    )
    silent = heard and compares_speech(backend, precision) and not _was_heard(manifest)
    return found if same and not silent and _complete(found) else None


def compares_speech(backend: BackendName, precision: Precision) -> bool:
    """Whether speech of such a set can be compared here, and needs to be."""
    return runs_here(backend) and precision is not backend.reference_precision


def runs_here(backend: BackendName) -> bool:
    """Whether speech can be made or heard with engines of this backend on any machine that builds them."""
    return backend is BackendName.ORT_CPU


def _was_heard(manifest: EngineSet) -> bool:
    """A set without any lowered stage is the reference itself."""
    return bool(manifest.quality) or manifest.status is Status.FELL_BACK


def _complete(folder: EngineFolder) -> bool:
    paths = [(folder.path / entry.path, entry.bytes) for entry in folder.manifest.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)
