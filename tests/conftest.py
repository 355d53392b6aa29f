"""Checkpoints, bundles and engine sets of tiny random models, each made once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from speechtrt.bundle import BundleFolder, Task
from speechtrt.precision import BackendName, Precision
from tests.tiny_checkpoints import write_ctc_checkpoint, write_tts_checkpoint
from tests.tiny_offline import OFFLINE

# A busy machine is no reason to fail.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def export(checkpoint: Path, task: Task, name: str, out: Path) -> BundleFolder:
    from speechtrt.export.exporter import ExportRequest, export_bundle

    return export_bundle(ExportRequest(str(checkpoint), task, name), out)


def build(bundle: BundleFolder, out: Path) -> Path:
    """The fp32 engine set of a bundle."""
    from speechtrt.engines.builder import build_engine_set

    folder = out / f"{BackendName.ORT_CPU}-{Precision.FP32}"
    build_engine_set(bundle.path, BackendName.ORT_CPU, Precision.FP32, folder, cache=out / "cache", say=lambda _: None)
    return folder


@pytest.fixture(scope="session")
def tts_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "tts"
    write_tts_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def ctc_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "ctc"
    write_ctc_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def tts_bundle(tts_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleFolder:
    return export(tts_checkpoint, Task.TTS, "tiny-voice", tmp_path_factory.mktemp("bundles") / "tts")


@pytest.fixture(scope="session")
def ctc_bundle(ctc_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleFolder:
    return export(ctc_checkpoint, Task.CTC, "tiny-ctc", tmp_path_factory.mktemp("bundles") / "ctc")


@pytest.fixture(scope="session")
def tiny_tts_engines(tts_bundle: BundleFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tts_bundle, tmp_path_factory.mktemp("engines") / "tts")


@pytest.fixture(scope="session")
def tiny_ctc_engines(ctc_bundle: BundleFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ctc_bundle, tmp_path_factory.mktemp("engines") / "ctc")


@pytest.fixture(scope="session")
def offline_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint of every family of offline recognisers, by the family's name."""
    root = tmp_path_factory.mktemp("offline")
    for name, write in OFFLINE.items():
        write(root / name)
    return {name: root / name for name in OFFLINE}


@pytest.fixture(scope="session", params=list(OFFLINE))
def offline_bundle(
    request: pytest.FixtureRequest, offline_checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> BundleFolder:
    """The bundle of each of them, exported once."""
    folder = tmp_path_factory.mktemp("bundles") / request.param
    return export(offline_checkpoints[request.param], Task.CTC, request.param, folder)


@pytest.fixture(scope="session")
def offline_engines(offline_bundle: BundleFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(offline_bundle, tmp_path_factory.mktemp("engines") / offline_bundle.manifest.name)
