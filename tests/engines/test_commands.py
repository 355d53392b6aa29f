"""`speechtrt build` and `speechtrt validate`, as a shell sees them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from speechtrt.suspension import read_suspension, suspend

ROOT = Path(__file__).parents[2]


def speechtrt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "speechtrt", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # this tree, not what happens to be installed
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def test_build_then_validate(tmp_path: Path, ctc_bundle: Path) -> None:
    built = speechtrt(tmp_path, "build", str(ctc_bundle), "--backend", "ort-cpu", "--precision", "fp32", "--json")
    assert built.returncode == 0, built.stderr
    document = json.loads(built.stdout)
    assert document["schema"] == 1
    assert document["path"] == "build/engines/ctc-tiny/ort-cpu-fp32"
    assert [s["name"] for s in document["stages"]] == ["step_160"]
    suspend(tmp_path / document["path"], "step_160", "NaN or infinity")
    good = speechtrt(tmp_path, "validate", document["path"], "--junit", "report.xml", "--json")
    assert good.returncode == 0, good.stderr
    assert "is trusted again" in good.stderr and read_suspension(tmp_path / document["path"]) is None
    assert json.loads(good.stdout)["passed"]
    assert b'failures="0"' in (tmp_path / "report.xml").read_bytes()
    suspend(tmp_path / document["path"], "step_160", "NaN or infinity")
    (tmp_path / document["path"] / "step_160.onnx").write_bytes(b"broken")
    summary = ("--markdown", "report.md", "--step-summary", "steps.md")
    bad = speechtrt(tmp_path, "validate", document["path"], "--junit", "report.xml", *summary)
    assert bad.returncode == 1
    assert read_suspension(tmp_path / document["path"]) is not None
    assert "**FAIL**" in (tmp_path / "report.md").read_text()
    speechtrt(tmp_path, "validate", document["path"], *summary)
    assert (tmp_path / "steps.md").read_text().count("## ctc-tiny") == 2
    assert "FAILED engine set: hashes" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_errors_are_one_line(tmp_path: Path) -> None:
    for arguments in (["build", "nowhere", "--backend", "ort-cpu", "--precision", "fp32"], ["validate", "nowhere"]):
        done = speechtrt(tmp_path, *arguments)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
    assert speechtrt(tmp_path, "build", "nowhere", "--backend", "abacus").returncode == 2


def test_two_builders_of_one_set_do_the_work_once(tmp_path: Path, ctc_bundle: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "speechtrt",
        "build",
        str(ctc_bundle),
        "--backend",
        "ort-cpu",
        "--precision",
        "fp32",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    builders = [
        subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [builder.communicate(timeout=120)[1] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0, 0], said
    assert sum("up to date" in text for text in said) == 2
    assert sum("step_160 for ort-cpu" in text for text in said) == 1
