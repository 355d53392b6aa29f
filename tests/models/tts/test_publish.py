import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Processor

from speechtrt.errors import CheckpointError
from speechtrt.models.shipped import CHECKSUMS
from speechtrt.models.tts.acoustic import build_acoustic
from speechtrt.models.tts.publish import TrainedVoice, publish_voice
from speechtrt.models.tts.recipe import VoiceRecipe
from speechtrt.models.tts.speaking import load_voice, speak
from speechtrt.models.vocoder.generator import build_vocoder
from tests.models.vocoder.conftest import TINY_VOCODER


@pytest.fixture
def trained(tiny_voice_recipe: VoiceRecipe) -> TrainedVoice:
    torch.manual_seed(2)
    mean, scale = torch.full((80,), -2.5), torch.full((80,), 1.1)
    acoustic = build_acoustic(tiny_voice_recipe, 39, mean, scale)
    return TrainedVoice(acoustic, build_vocoder(TINY_VOCODER, mean, scale), "# card\n")


@pytest.fixture
def folder(trained: TrainedVoice, tmp_path: Path) -> Path:
    publish_voice(trained, tmp_path / "voice")
    return tmp_path / "voice"


def test_transformers_loads_the_folder_in_float32(folder: Path, trained: TrainedVoice) -> None:
    model = SpeechT5ForTextToSpeech.from_pretrained(folder)
    vocoder = SpeechT5HifiGan.from_pretrained(folder / "vocoder")
    assert model.dtype == vocoder.dtype == torch.float32
    loaded = model.state_dict()
    for name, value in trained.acoustic.state_dict().items():
        torch.testing.assert_close(loaded[name], value, rtol=1e-3, atol=1e-4, msg=name)
    torch.testing.assert_close(vocoder.mean, torch.full((80,), -2.5))


def test_transformers_speaks_from_the_folder(folder: Path) -> None:
    processor = SpeechT5Processor.from_pretrained(folder)
    ids = processor(text="A cat.", return_tensors="pt")["input_ids"]
    assert ids.tolist() == [[4, 7, 4, 16, 7, 6, 32, 2]]
    speaker = torch.from_numpy(np.load(folder / "voices/slt.npy"))[None]
    model = SpeechT5ForTextToSpeech.from_pretrained(folder)
    vocoder = SpeechT5HifiGan.from_pretrained(folder / "vocoder")
    samples = model.generate_speech(ids, speaker, vocoder=vocoder, threshold=99.0, maxlenratio=4.0)
    assert isinstance(samples, torch.Tensor)
    assert samples.shape == (4 * 8 * 256,)
    assert 1e-4 < samples.abs().max() < 1.0


def test_the_same_seed_speaks_the_same(folder: Path) -> None:
    voice = load_voice(folder)
    first, second, other = (speak(voice, "a cat", seed).mel for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert first.shape != other.shape or not torch.equal(first, other)


def test_every_file_has_its_checksum(folder: Path) -> None:
    done = subprocess.run(["sha256sum", "-c", CHECKSUMS], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = {line.split(": ")[0] for line in done.stdout.splitlines()}
    assert listed == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {CHECKSUMS}


def test_a_folder_without_a_voice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a voice"):
        load_voice(tmp_path)


def test_the_shipped_voice_is_whole_and_small() -> None:
    shipped = Path(__file__).parents[3] / "speechtrt/models/weights/voice"
    done = subprocess.run(["sha256sum", "-c", "--quiet", CHECKSUMS], cwd=shipped, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sum(path.stat().st_size for path in shipped.rglob("*") if path.is_file()) < 12_000_000


def test_the_shipped_voice_stops_by_itself_at_a_sensible_length() -> None:
    voice = load_voice(Path(__file__).parents[3] / "speechtrt/models/weights/voice")
    spoken = speak(voice, "what is the weather like in paris")
    assert spoken.stopped
    assert 1.2 < len(spoken.samples) / 16_000 < 4.0
    assert 0.05 < spoken.samples.abs().max() <= 1.0
