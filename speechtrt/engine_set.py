"""What `build` writes and `runtime` reads: engines of one bundle for one backend and precision."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from speechtrt.artifact import FileEntry
from speechtrt.bundle import Bundle
from speechtrt.documents import SCHEMA, read_document
from speechtrt.errors import BackendError, ManifestError
from speechtrt.fallback import FallbackSearch
from speechtrt.manifest_folder import ManifestFolder
from speechtrt.precision import BackendName, Precision
from speechtrt.quality import QualityFigure
from speechtrt.specs import StageSpec

ENGINE_FILE = "engine.json"


class Status(StrEnum):
    """What the gate said of an engine set."""

    ACCEPTED = "accepted"
    FELL_BACK = "fell back"  # the requested precision failed; the engines are of the reference precision


@dataclass(frozen=True, slots=True)
class NodePolicy:
    """What was decided for one heavy node of a graph: its precision, and why. `weights` counts its constant values."""

    node: str
    op: str
    precision: Precision
    reason: str
    weights: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """Smallest, usual and largest size of a named dimension that an engine accepts."""

    dim: str
    min: int
    opt: int
    max: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """An engine for caches of exactly `size` steps; the stage's own file is the one for the longest."""

    size: int
    file: FileEntry


@dataclass(frozen=True, slots=True)
class EngineStage:
    """One built stage: the tensors of the lowered graph, where its time and bytes went, and its precision policy.

    `search` tells how nodes to spare were looked for, when the gate refused the whole stage in a lower precision.
    """

    spec: StageSpec
    file: FileEntry
    precision: Precision
    policy: tuple[NodePolicy, ...]
    profiles: tuple[Profile, ...]
    build_seconds: float
    cache_key: str
    search: FallbackSearch | None = None
    buckets: tuple[Bucket, ...] = ()

    @property
    def lowered_share(self) -> float:
        """Share of the weights of all heavy nodes that is in the stage's own precision."""
        weights = sum(row.weights for row in self.policy)
        return sum(row.weights for row in self.policy if row.precision is self.precision) / max(1, weights)


@dataclass(frozen=True, slots=True)
class GateRow:
    """One check of the gate: a figure of one stage and its limit. `value` is None when it could not be computed."""

    stage: str
    metric: str
    value: float | None
    limit: float
    passed: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class EngineSet:
    """The manifest of an engine set (`engine.json`). `model` is its bundle's manifest; assets lie beside them.

    `quality` compares its speech with the reference precision's; empty where that was not or could not be done.
    `search` tells how nodes to spare were looked for when the speech was not good enough.
    """

    name: str
    bundle_sha256: str
    model: Bundle
    backend: BackendName
    requested: Precision
    precision: Precision
    status: Status
    reason: str
    stages: tuple[EngineStage, ...]
    gate: tuple[GateRow, ...]
    device: dict[str, str]
    builder: dict[str, str]
    files: tuple[FileEntry, ...]
    quality: tuple[QualityFigure, ...] = ()
    search: FallbackSearch | None = None
    schema: int = SCHEMA

    @property
    def engine(self) -> str:
        """What runs, for people and result files, e.g. ort-cpu-int8."""
        return f"{self.backend}-{self.precision}"

    def stage(self, name: str) -> EngineStage:
        """The stage called `name`. Raises ManifestError."""
        for stage in self.stages:
            if stage.spec.name == name:
                return stage
        known = ", ".join(s.spec.name for s in self.stages)
        raise ManifestError(f"engine set {self.name} has no stage {name!r}; it has {known}")

    def file(self, path: str) -> FileEntry:
        """The entry of a listed file. Raises ManifestError."""
        for entry in self.files:
            if entry.path == path:
                return entry
        raise ManifestError(f"engine set {self.name} does not list the file {path!r}; build it again")


@dataclass(frozen=True, slots=True)
class EngineFolder(ManifestFolder[EngineSet]):
    """An engine set on disk. `files` of the manifest lists engines and assets alike."""

    @classmethod
    def open(cls, path: Path) -> "EngineFolder":
        """Parse `path`/engine.json. Raises ManifestError. Files are checked when they are asked for."""
        document = path / ENGINE_FILE
        if not document.is_file():
            raise ManifestError(f"{path}: is not an engine set (it has no {ENGINE_FILE}); `speechtrt build` writes one")
        return cls(path, read_document(document, EngineSet))

    def reference(self) -> Path | None:
        """The set of the reference precision of the same bundle that lies beside this one, where `build` puts it."""
        backend = self.manifest.backend
        path = self.path.resolve().parent / f"{backend}-{backend.reference_precision}"
        if not (path / ENGINE_FILE).is_file():
            return None
        return path if EngineFolder.open(path).manifest.bundle_sha256 == self.manifest.bundle_sha256 else None

    def counterpart(self, path: Path) -> "EngineFolder":
        """The set at `path`, which must be of the same bundle. Raises ManifestError or BackendError."""
        found = EngineFolder.open(path)
        if found.manifest.bundle_sha256 != self.manifest.bundle_sha256:
            raise BackendError(f"{path}: was built from another bundle than {self.path}; build both from the same one")
        return found
