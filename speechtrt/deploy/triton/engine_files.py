"""The files of an engine set that a model takes with it."""

from collections.abc import Mapping
from pathlib import Path

from speechtrt.deploy.triton.interface import ENGINES
from speechtrt.deploy.triton.model import VERSION
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.precision import BackendName

PLANS = {BackendName.TENSORRT: "model.plan"}


def whole_set(folder: EngineFolder) -> Mapping[str, Path]:
    """Everything the set lists, with the right hashes. Raises ManifestError or IntegrityError."""
    names = [entry.path for entry in folder.manifest.files]
    return _beside_program(folder, names)


def one_stage(folder: EngineFolder, stage: str) -> Mapping[str, Path]:
    """One stage of the set with its buckets. Raises ManifestError or IntegrityError."""
    built = folder.manifest.stage(stage)
    return _beside_program(folder, [built.file.path, *(bucket.file.path for bucket in built.buckets)])


def bare_engine(folder: EngineFolder, stage: str) -> Mapping[str, Path]:
    """One stage's engine as Triton's own backends expect it. Raises ManifestError or IntegrityError."""
    name = PLANS.get(folder.manifest.backend, "model.onnx")
    return {f"{VERSION}/{name}": folder.file(folder.manifest.stage(stage).file.path)}


def _beside_program(folder: EngineFolder, names: list[str]) -> Mapping[str, Path]:
    files = {f"{VERSION}/{ENGINES}/{name}": folder.file(name) for name in names}
    return {f"{VERSION}/{ENGINES}/{ENGINE_FILE}": folder.path / ENGINE_FILE, **files}
