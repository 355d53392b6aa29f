"""A fleet of two kinds of GPU, and what is written for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from speechtrt.cli import root
from speechtrt.precision import BackendName, Precision
from tests.deploy.conftest import MakeSet

Manifest = dict[str, Any]


def deploy(*arguments: object) -> Any:
    return CliRunner().invoke(root, ["deploy", "kubernetes", *map(str, arguments)])


@pytest.fixture
def engines(make_set: MakeSet) -> list[Path]:
    return [
        make_set("ctc-medium", BackendName.ORT_CUDA, Precision.INT8),
        make_set("ctc-large", BackendName.ORT_CUDA, Precision.FP16),
        make_set("ctc-medium", BackendName.ORT_CUDA, Precision.FP16),
        make_set("voice", BackendName.ORT_CUDA, Precision.FP16),
    ]


@pytest.fixture
def fleet(engines: list[Path], tmp_path: Path) -> Path:
    """The folder that the command has written."""
    out = tmp_path / "fleet"
    done = deploy(*engines, "-o", out, "--namespace", "speech")
    assert done.exit_code == 0, done.output
    return out


def documents(folder: Path) -> Iterator[Manifest]:
    """Every manifest; what Kustomize and Helm read is none."""
    for path in sorted(folder.rglob("*.yaml")):
        found = yaml.safe_load_all(path.read_text())
        yield from (d for d in found if d.get("kind", "Kustomization") not in ("Kustomization", "Component"))


def of_kind(folder: Path, kind: str) -> dict[str, Manifest]:
    return {d["metadata"]["name"]: d for d in documents(folder) if d["kind"] == kind}
