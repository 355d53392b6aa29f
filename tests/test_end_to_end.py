"""The README's first commands, run as a user types them, on the reference models."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from speechtrt.audio import read_audio

ROOT = Path(__file__).parents[1]
TEXT = "Turn on the kitchen lights at half past seven."


def speechtrt(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "speechtrt", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", autouse=True)
def engines() -> None:
    done = speechtrt("engines")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spoken") / "out.wav"
    done = speechtrt("synth", TEXT, "-o", str(path))
    assert done.returncode == 0, done.stderr
    return path


def test_a_second_make_engines_does_no_work() -> None:
    done = speechtrt("engines")
    assert done.returncode == 0
    assert "nothing to do" in done.stdout


def test_the_voice_speaks(spoken: Path) -> None:
    audio = read_audio(spoken)
    assert audio.rate == 16000
    assert 1.5 < audio.seconds < 8
    assert 0.02 < float(abs(audio.samples).max()) <= 1


def test_the_recogniser_reads_the_voice(spoken: Path) -> None:
    done = speechtrt("transcribe", str(spoken), "--json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    words = set(result["text"].split())
    assert len(words & set(TEXT.lower().strip(".").split())) >= 4, result["text"]


@pytest.mark.parametrize("model", ["voice", "ctc-small", "ctc-medium", "ctc-large"])
@pytest.mark.parametrize("kind", ["ort-cpu-fp32", "ort-cpu-int8", "tensorrt-rtx-fp16", "tensorrt-rtx-int8"])
def test_every_reference_engine_set_validates(model: str, kind: str, tmp_path: Path) -> None:
    junit = tmp_path / "report.xml"
    done = speechtrt("validate", f"build/engines/{model}/{kind}", "--junit", str(junit))
    assert done.returncode == 0, done.stderr
    assert "testcase" in junit.read_text()
