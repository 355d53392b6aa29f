"""What the stages of one engine set share while they are built, and what each leaves in the cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.bundle import BundleFolder
from speechtrt.documents import SCHEMA, encode_document
from speechtrt.engine_set import EngineStage, GateRow
from speechtrt.engines.cache import EngineCache, cache_key
from speechtrt.engines.profiles import stage_profiles
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec

RECORD_FILE = "stage.json"
EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A built stage with the gate rows it passed; `reason` says why it is not in the requested precision."""

    stage: EngineStage
    gate: tuple[GateRow, ...]
    reason: str
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class StageFolder:
    """A stage in the cache: its record, and the files an engine set takes over."""

    path: Path
    record: StageRecord


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What all stages of one engine set share.

    `spared` names, for a stage, the nodes that a speech gate wants in the safer precision whatever the numbers say.
    `quantised` are files of stages that another tool has quantised to INT8; their hashes are among `versions`.
    """

    bundle: BundleFolder
    backend: BackendName
    cache: EngineCache
    device: dict[str, str]
    versions: dict[str, str]
    most_time: float
    spared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    quantised: Mapping[str, Path] = field(default_factory=dict)

    def key(self, stage: StageSpec, precision: Precision) -> str:
        """Hash of everything that decides how the stage is built and judged."""
        manifest = self.bundle.manifest
        calibration = manifest.calibration.get(stage.name)
        return cache_key(
            {
                "graph": manifest.file(stage.file).sha256,
                "calibration": manifest.file(calibration).sha256 if calibration else None,
                "stage": encode_document(stage).decode(),
                "constants": encode_document([manifest.limits, manifest.tts]).decode(),
                "profiles": encode_document(stage_profiles(manifest, stage)).decode(),
                "backend": self.backend,
                "precision": precision,
                "device": self.device,
                "versions": self.versions,
                "most_time": self.most_time,
                "spared": sorted(self.spared.get(stage.name, ())),
            }
        )
