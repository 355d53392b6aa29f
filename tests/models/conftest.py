from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.data.manifest import Utterance, write_manifest

WORDS = ("one", "two", "three", "red", "blue", "lamp")
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


def speak_tones(folder: Path, count: int, seed: int) -> None:
    """A set whose words are tones: quick to make, and with phones like flite's for every other utterance."""
    rng = np.random.default_rng(seed)
    utterances = []
    for number in range(count):
        words = rng.choice(WORDS, size=3)
        tones = [np.sin(np.arange(4800) * (0.1 + 0.05 * WORDS.index(word))) for word in words]
        samples = (0.3 * np.concatenate(tones)).astype(np.float32)
        name = f"wav/{number:06d}.wav"
        write_wav(folder / name, Audio(samples, 16_000))
        phones = (("pau", 0.2), ("aa", 0.6), ("t", 0.9)) if number % 2 else None
        voice = ("flite", "slt") if number % 2 else ("espeak", "en-us")
        utterances.append(Utterance(f"{number:06d}", " ".join(words), *voice, name, 0.9, phones))
    write_manifest(folder, utterances)


@pytest.fixture(scope="session")
def tone_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    speak_tones(root / "train", 8, seed=1)
    speak_tones(root / "held_out", 4, seed=2)
    return root
