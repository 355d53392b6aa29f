"""Which engine set a command takes when it is told none."""

import json
import shutil
from pathlib import Path

import pytest

from speechtrt.errors import ManifestError
from speechtrt.runtime.reference import reference_engines
from speechtrt.suspension import suspend


@pytest.fixture
def root(tiny_ctc_engines: Path, tmp_path: Path) -> Path:
    for precision in ("int8", "fp32"):
        (tmp_path / "tiny" / f"ort-cpu-{precision}").mkdir(parents=True)
        shutil.copy(tiny_ctc_engines / "engine.json", tmp_path / "tiny" / f"ort-cpu-{precision}")
    return tmp_path


def test_int8_comes_first_when_it_was_accepted(root: Path) -> None:
    assert reference_engines("tiny", root).name == "ort-cpu-int8"


def test_engines_that_fell_back_are_passed_over(root: Path) -> None:
    path = root / "tiny" / "ort-cpu-int8" / "engine.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"status": "fell back"}))
    assert reference_engines("tiny", root).name == "ort-cpu-fp32"


def test_suspended_engines_are_passed_over(root: Path) -> None:
    suspend(root / "tiny" / "ort-cpu-int8", "decoder", "NaN or infinity")
    assert reference_engines("tiny", root).name == "ort-cpu-fp32"


def test_no_engines_is_an_error_that_helps(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="make engines"):
        reference_engines("tiny", tmp_path)
