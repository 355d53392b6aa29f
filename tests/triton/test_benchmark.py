import json
import subprocess
from pathlib import Path

import pytest

from speechtrt.benchmarks.triton.place import TritonPlace
from tests.benchmarks.schema_check import violations_in
from tests.triton.conftest import ROOT, STREAMS

pytestmark = pytest.mark.triton


def test_a_quick_run_measures_both_sides(place: TritonPlace, tmp_path: Path) -> None:
    command = [place.python, "-m", "speechtrt", "bench", "triton", "--quick", "--model", STREAMS, "--out", tmp_path]
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, capture_output=True)
    path = tmp_path / "triton_performance.json"
    assert violations_in(path) == []
    result = json.loads(path.read_text())
    assert {trial["side"] for trial in result["trials"]} == {"in_process", "triton"}
    assert all(trial["utterances"] and not trial["different"] for trial in result["trials"])
    assert result["valid"] is not True
