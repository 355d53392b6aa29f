"""Engine sets for hardware that is not here: a tiny real one with another name, backend and device in its manifest."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.precision import BackendName, Precision

MakeSet = Callable[..., Path]
T4 = {"kind": "gpu", "name": "Tesla T4", "sm": "7.5"}
H100 = {"kind": "gpu", "name": "NVIDIA H100 80GB HBM3", "sm": "9.0"}


@pytest.fixture
def make_set(tiny_ctc_engines: Path, tmp_path: Path) -> MakeSet:
    def make(
        model: str,
        backend: BackendName = BackendName.ORT_CPU,
        precision: Precision = Precision.FP32,
        device: dict[str, str] | None = None,
    ) -> Path:
        folder = tmp_path / "engines" / model / f"{backend}-{precision}"
        shutil.copytree(tiny_ctc_engines, folder, copy_function=os.link)
        found = EngineFolder.open(folder).manifest
        changed = replace(
            found,
            model=replace(found.model, name=model),
            backend=backend,
            requested=precision,
            precision=precision,
            device=device or found.device,
        )
        write_document(folder / ENGINE_FILE, changed)
        return folder

    return make
