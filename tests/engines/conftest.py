"""Tiny bundles, and the engine sets that several tests look at, built once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.calibration import load_recording
from speechtrt.engines.evaluation import Evaluation, record_evaluation
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import Playlist, make_scenarios, scenario_length
from speechtrt.precision import BackendName, Precision
from tests.engines.tiny_bundles import write_ctc_bundle, write_tts_bundle

Build = Callable[..., EngineFolder]
ANY_TIME = 1e9  # tiny engines gain nothing from INT8, so speed is not judged unless a test is about it


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="session")
def tts_bundle(work: Path) -> Path:
    return write_tts_bundle(work / "bundles" / "tts")


@pytest.fixture(scope="session")
def ctc_bundle(work: Path) -> Path:
    return write_ctc_bundle(work / "bundles" / "ctc")


@pytest.fixture(scope="session")
def build(work: Path) -> Build:
    """Builds into the session's folders; a second call for the same set finds it up to date."""

    def run(bundle: Path, backend: str, precision: str) -> EngineFolder:
        out = work / "sets" / bundle.name / f"{backend}-{precision}"
        return build_engine_set(
            bundle,
            BackendName(backend),
            Precision(precision),
            out,
            cache=work / "cache",
            most_time=ANY_TIME,
            say=lambda line: None,
        )

    return run


def evaluation_of(bundle: Path, stage: str, *, frozen: bool = False) -> tuple[Graph, Evaluation]:
    """A stage's canonical graph with its scenarios and reference answers."""
    folder = BundleFolder.open(bundle)
    spec = folder.manifest.stage(stage)
    scenarios = make_scenarios(folder.manifest, spec, load_recording(folder, spec))
    playlist = Playlist(spec, scenario_length(folder.manifest, spec, frozen), scenarios)
    path = folder.file(spec.file)
    return Graph.load(path), record_evaluation(path.read_bytes(), playlist)
