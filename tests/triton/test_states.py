"""A real server schedules models whose state Triton keeps, and the example of a client hears the runtime's text there.

The server has no backend for engines, so a program of its Python backend runs them, and keeps their states.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechtrt.audio import Audio
from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.benchmarks.triton.process import TritonProcess
from speechtrt.deploy.triton.flavour import Flavour
from speechtrt.deploy.triton.repository import Repository
from speechtrt.deploy.triton.settings import Settings
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.reference import reference_engines
from tests.triton.conftest import EXAMPLES, PROGRAMS, STREAMS, Program

pytestmark = pytest.mark.triton
PLATFORM = 'platform: "onnxruntime_onnx"\n'


def repository(folder: Path) -> Path:
    """What is written for the backend of engines, with the Python backend in its place."""
    Repository.of([reference_engines(STREAMS)], Settings(flavour=Flavour.ONNXRUNTIME)).write(folder)
    for config in folder.glob("*/config.pbtxt"):
        text = config.read_text()
        assert PLATFORM in text
        config.write_text(text.replace(PLATFORM, 'backend: "python"\n'))
        shutil.copy(PROGRAMS / "keeper.py", config.parent / "1/model.py")
    return folder


@pytest.fixture(scope="module")
def stateful(place: TritonPlace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonProcess]:
    work = tmp_path_factory.mktemp("stateful")
    with TritonProcess.start(repository(work / "repository"), place, work) as server:
        yield server


@pytest.mark.parametrize("chunk", [160, 560])
def test_the_example_hears_what_the_runtime_hears(
    stateful: TritonProcess, program: Program, recordings: dict[Path, Audio], chunk: int
) -> None:
    with Transcriber.open(reference_engines(STREAMS), (chunk,), slots=1) as transcriber:
        for path, audio in list(recordings.items())[:2]:
            model = f"{STREAMS}_step_{chunk}"
            printed = program(EXAMPLES / "step.py", path, "--model", model, "--url", stateful.grpc)
            assert printed.split() == transcriber.transcribe(audio, RECORDING).text.split() != []


def test_the_server_knows_what_a_state_must_say(place: TritonPlace, tmp_path: Path) -> None:
    for config in repository(tmp_path / "repository").glob("*/config.pbtxt"):
        config.write_text(re.sub(r"data_type: TYPE_FP32(\s+dims: \d+)+\s+use_same", "use_same", config.read_text()))
    with pytest.raises(BenchmarkError, match="did not get ready"):
        TritonProcess.start(tmp_path / "repository", place, tmp_path).close()
    assert "does not match the state data type" in (tmp_path / "triton.log").read_text()
