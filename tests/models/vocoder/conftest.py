from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav
from speechtrt.models.vocoder.crops import Recordings
from speechtrt.models.vocoder.recipe import VocoderRecipe

TINY_VOCODER = VocoderRecipe(
    channels=32,
    upsample_rates=(4, 4, 4, 4),
    kernels=(3,),
    dilations=((1,),),
    seed=1,
    batch=2,
    segment_frames=12,
    steps=6,
    anneal=2,
    learning_rate=2e-3,
    final_learning_rate=1e-4,
    mel_weight=4.0,
    spectral_weight=1.0,
    adversarial_from=4,
    adversarial_weight=0.2,
    matching_weight=0.4,
    discriminator_channels=4,
    discriminator_learning_rate=1e-3,
)


@pytest.fixture
def tiny_vocoder_recipe() -> VocoderRecipe:
    return TINY_VOCODER


@pytest.fixture(scope="session")
def tone_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("tones")
    files = []
    for number in range(3):
        time = np.arange(12_000 + 1000 * number) / 16_000
        tone = sum(np.sin(2 * np.pi * (150 + 30 * number) * harmonic * time) / harmonic for harmonic in range(1, 9))
        noise = np.random.default_rng(number).standard_normal(len(time))
        files.append(folder / f"{number}.wav")
        write_wav(files[-1], Audio((0.15 * tone + 0.01 * noise).astype(np.float32), 16_000))
    return files


@pytest.fixture(scope="session")
def recordings(tone_files: list[Path]) -> Recordings:
    return Recordings(tone_files)
