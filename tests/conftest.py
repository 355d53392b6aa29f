"""Engine sets of tiny random models, exported and built once."""

from pathlib import Path

import pytest

from speechtrt.bundle import Task
from speechtrt.precision import BackendName, Precision
from tests.tiny_checkpoints import write_ctc_checkpoint, write_tts_checkpoint


def build(folder: Path, task: Task) -> Path:
    """The fp32 engine set of the checkpoint in `folder`/checkpoint."""
    from speechtrt.engines.builder import build_engine_set
    from speechtrt.export.exporter import ExportRequest, export_bundle

    bundle = folder / "bundle"
    export_bundle(ExportRequest(str(folder / "checkpoint"), task, f"{task}-tiny"), bundle)
    out = folder / "engines" / f"{BackendName.ORT_CPU}-{Precision.FP32}"
    build_engine_set(bundle, BackendName.ORT_CPU, Precision.FP32, out, cache=folder / "cache", say=lambda _: None)
    return out


@pytest.fixture(scope="session")
def tiny_tts_engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tts-tiny")
    write_tts_checkpoint(folder / "checkpoint")
    return build(folder, Task.TTS)


@pytest.fixture(scope="session")
def tiny_ctc_engines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ctc-tiny")
    write_ctc_checkpoint(folder / "checkpoint")
    return build(folder, Task.CTC)
