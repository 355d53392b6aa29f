"""The steps of the container file, in a virtual environment instead of an image."""

import json
import re
import subprocess
import venv
from pathlib import Path

import pytest

from speechtrt.runtime.reference import CTC, VOICE, reference_engines
from tests.clients.conftest import ROOT, Program
from tests.test_containers import HEAVY, copied, instructions

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image has after its RUN lines: an environment at `python`, and `sbom.json`."""
    folder, file = tmp_path_factory.mktemp("image"), ROOT / "Containerfile"
    venv.create(folder / "python", with_pip=True)
    (folder / "source").mkdir()
    for source in copied(file):
        (folder / "source" / source).symlink_to(ROOT / source)
    for line in (line.removeprefix("RUN ") for line in instructions(file) if line.startswith("RUN ")):
        steps = re.sub(r"(?<= )/(wheels|sbom)", rf"{folder}/\1", line)
        environment = {"PATH": f"{folder}/python/bin:/usr/bin:/bin"}
        done = subprocess.run(steps, shell=True, cwd=folder / "source", env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return folder


def test_it_serves_and_has_no_torch(image: Path, tmp_path: Path) -> None:
    engines = [part for name in (VOICE, CTC) for part in ("--engines", str(reference_engines(name).resolve()))]
    command = [str(image / "python/bin/speechtrt"), "serve-stream", "--check-config", *engines]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True)
    text = [str(image / "python/bin/speechtrt"), "synth", "good morning", "-o", "out.wav", *engines[:2]]
    subprocess.run(text, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "out.wav").stat().st_size > 10_000
    listed = subprocess.check_output([image / "python/bin/python", "-m", "pip", "list", "--format=json"])
    assert not {package["name"] for package in json.loads(listed)} & HEAVY


def test_its_bill_is_valid_and_whole(image: Path, program: Program) -> None:
    assert program("cyclonedx_bill", image / "sbom.json") is None
    bill = json.loads((image / "sbom.json").read_bytes())
    listed = subprocess.check_output([image / "python/bin/python", "-m", "pip", "list", "--format=json"])
    installed = {package["name"].lower().replace("_", "-"): package["version"] for package in json.loads(listed)}
    del installed["pip"], installed["speechtrt"]
    installed.pop("setuptools", None)
    assert {part["name"]: part["version"] for part in bill["components"]} == installed
