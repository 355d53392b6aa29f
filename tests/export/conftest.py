"""The tiny checkpoints, loaded afresh for every test that breaks one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.families.speecht5 import SpeechT5Model
from speechtrt.export.threads import single_thread


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with single_thread():
        yield


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
