"""Tiny random checkpoints, each loaded and exported once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from speechtrt.bundle import BundleFolder, Task
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.exporter import ExportRequest, export_bundle
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.families.speecht5 import SpeechT5Model
from speechtrt.export.threads import single_thread
from tests.tiny_checkpoints import write_ctc_checkpoint, write_tts_checkpoint


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with single_thread():
        yield


@pytest.fixture(scope="session")
def tts_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "tts"
    write_tts_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def ctc_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoints") / "ctc"
    write_ctc_checkpoint(folder)
    return folder


@pytest.fixture(scope="session")
def tts_bundle(tts_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleFolder:
    out = tmp_path_factory.mktemp("bundles") / "tts"
    return export_bundle(ExportRequest(str(tts_checkpoint), Task.TTS, "tiny-voice"), out)


@pytest.fixture(scope="session")
def ctc_bundle(ctc_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleFolder:
    out = tmp_path_factory.mktemp("bundles") / "ctc"
    return export_bundle(ExportRequest(str(ctc_checkpoint), Task.CTC, "tiny-ctc"), out)


@pytest.fixture
def tts_model(tts_checkpoint: Path) -> SpeechT5Model:
    from speechtrt.export.families.speecht5 import SpeechT5

    model = SpeechT5().load(open_checkpoint(str(tts_checkpoint)))
    assert isinstance(model, SpeechT5Model)
    return model


@pytest.fixture
def ctc_model(ctc_checkpoint: Path) -> FastConformerModel:
    from speechtrt.export.families.fastconformer_ctc import FastConformer

    model = FastConformer().load(open_checkpoint(str(ctc_checkpoint)))
    assert isinstance(model, FastConformerModel)
    return model
