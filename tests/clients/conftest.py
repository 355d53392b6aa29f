"""Other people's clients run in an environment of their own, against a server over the reference models."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from speechtrt.audio import read_audio
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.reference import CTC, reference_engines
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from tests.runtime.serving.process import Served, served

ROOT = Path(__file__).parents[2]
CLIENTS, AGENTS = ROOT / "build/clients/bin/python", ROOT / "build/clients-agents/bin/python"
Program = Callable[..., Any]


@pytest.fixture(scope="session")
def server() -> Iterator[Served]:
    with served("--wyoming-port", 0) as server:
        yield server


@pytest.fixture(scope="session")
def program() -> Program:
    return runner(CLIENTS)


@pytest.fixture(scope="session")
def agent() -> Program:
    return runner(AGENTS)


def runner(python: Path) -> Program:
    """Runs a program of a client; what it printed."""
    assert python.exists(), "no environment of the clients; run `make test-clients`"

    def run(name: str, *arguments: object) -> Any:
        command = [str(python), str(ROOT / "tests/clients/programs" / f"{name}.py"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="session")
def recording() -> Path:
    return ROOT / "speechtrt/models/evaluation/000011.flac"


@pytest.fixture(scope="session")
def microphone(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording as raw 16-bit samples at 24 kHz."""
    path = tmp_path_factory.mktemp("sound") / "sound.raw"
    path.write_bytes(encode_pcm16(read_audio(recording).resampled(24_000).samples))
    return path


@pytest.fixture(scope="session")
def said(recording: Path) -> Transcript:
    """What `speechtrt transcribe` writes."""
    with Transcriber.open(reference_engines(CTC), slots=1) as transcriber:
        return transcriber.transcribe(read_audio(recording))
