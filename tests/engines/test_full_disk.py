"""A disk that is full while an engine set is written: one clear line, and the set that was there still works."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from speechtrt.engines.validate import validate_engine_set

ROOT = Path(__file__).parents[2]


def limit_files(most: int) -> None:
    """Writes beyond this size fail, as they do on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.parametrize("most", [3_000, 11_000])
def test_the_previous_set_survives(ctc_bundle: Path, tmp_path: Path, most: int) -> None:
    out = tmp_path / "set"
    command = [sys.executable, "-m", "speechtrt", "build", str(ctc_bundle), "--backend", "ort-cpu", "--precision"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    good = subprocess.run(
        [*command, "fp32", "--out", str(out), "--cache", str(tmp_path / "cache")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert good.returncode == 0, good.stderr
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    full = subprocess.run(
        [*command, "int8", "--no-speech", "--out", str(out), "--cache", str(tmp_path / "cache")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: limit_files(most),
    )
    assert full.returncode == 1
    assert "cannot be written" in full.stderr.splitlines()[-1]
    assert "Traceback" not in full.stderr
    assert "File too large" in full.stderr.splitlines()[-1]
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert validate_engine_set(out).passed
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
