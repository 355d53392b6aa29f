"""The repositories of real engine sets in the Triton server of a wheel, and clients in its environment."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.benchmarks.triton.process import TritonProcess
from speechtrt.bundle import Task
from speechtrt.deploy.triton.repository import Repository
from speechtrt.deploy.triton.settings import Settings
from speechtrt.runtime.reference import VOICE, reference_engines
from tests.conftest import build, export
from tests.tiny_offline import write_wav2vec2_checkpoint

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests/triton/programs"
EXAMPLES = ROOT / "speechtrt/deploy/triton/clients"
IDLE_SECONDS = 3
STREAMS = "ctc-small"
Program = Callable[..., str]


@pytest.fixture(scope="session")
def place() -> TritonPlace:
    return TritonPlace.find(ROOT / "build/triton")


@pytest.fixture(scope="session")
def program(place: TritonPlace) -> Program:
    """Runs a program with tritonclient; what it printed."""

    def run(path: Path, *arguments: object) -> str:
        command = [str(place.python), str(path), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Engines of a tiny offline recogniser."""
    folder = tmp_path_factory.mktemp("offline")
    write_wav2vec2_checkpoint(folder / "checkpoint")
    return build(export(folder / "checkpoint", Task.CTC, "offline", folder / "bundle"), folder)


@pytest.fixture(scope="session")
def engines(offline: Path) -> tuple[Path, ...]:
    return (reference_engines(VOICE), reference_engines(STREAMS), offline)


@pytest.fixture(scope="session")
def server(
    engines: tuple[Path, ...], place: TritonPlace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TritonProcess]:
    work = tmp_path_factory.mktemp("triton")
    Repository.of(engines, Settings(streams=24, idle_seconds=IDLE_SECONDS)).write(work / "repository")
    with TritonProcess.start(work / "repository", place, work) as server:
        yield server


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Audio]:
    """A few recordings as 16-bit WAV files, which is what clients send."""
    folder, found = tmp_path_factory.mktemp("recordings"), {}
    for source in sorted((ROOT / "speechtrt/models/evaluation").glob("*.flac"))[:6]:
        path = folder / f"{source.stem}.wav"
        write_wav(path, read_audio(source))
        found[path] = read_audio(path)
    return found


def parsed(printed: str) -> Any:
    return json.loads(printed)
