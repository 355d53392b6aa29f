import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_training.recipe import CtcRecipe
from tests.models.tones import speak_tones

TINY_ENCODER = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "subsampling_conv_channels": 4,
    "num_mel_bins": 80,
    "dropout": 0.1,
    "activation_dropout": 0.0,
    "attention_dropout": 0.0,
    "layerdrop": 0.0,
}


@pytest.fixture(scope="session")
def tiny_config() -> FastConformerCtcConfig:
    return FastConformerCtcConfig(encoder_config=dict(TINY_ENCODER), vocab_size=24)


@pytest.fixture
def tiny_recipe() -> CtcRecipe:
    return CtcRecipe(encoder=dict(TINY_ENCODER), vocab_size=24, rows=3, warmup_steps=2)


@pytest.fixture(scope="session")
def tone_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    speak_tones(root / "train", 8, seed=1)
    speak_tones(root / "held_out", 4, seed=2)
    return root


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Threads cost more than they bring on networks this small."""
    torch.set_num_threads(1)


@contextmanager
def no_room() -> Iterator[None]:
    """Files cannot grow beyond a kilobyte."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
