from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from transformers import SpeechT5FeatureExtractor

from speechtrt.errors import DataError
from speechtrt.models.training.machine import Arithmetic, Machine
from speechtrt.models.tts.running import Pace, run_training
from speechtrt.models.vocoder.crops import Recordings
from speechtrt.models.vocoder.discriminator import Discriminator
from speechtrt.models.vocoder.generator import build_vocoder
from speechtrt.models.vocoder.losses import MelLoss, SpectralLoss
from speechtrt.models.vocoder.mel import LogMel
from speechtrt.models.vocoder.recipe import VocoderRecipe, read_vocoder_recipe
from speechtrt.models.vocoder.training import VocoderTraining


def test_mels_are_those_of_speecht5s_extractor(tone_files: list[Path]) -> None:
    samples, rate = soundfile.read(tone_files[0], dtype="float32")
    theirs = SpeechT5FeatureExtractor()(audio_target=samples, sampling_rate=rate)["input_values"][0]
    ours = LogMel()(torch.from_numpy(samples)[None])[0]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-3)


def test_segments_hold_the_samples_that_their_mels_describe(recordings: Recordings) -> None:
    batch = recordings.segments(4, 12, np.random.default_rng(0))
    assert batch.mel.shape == (4, 12, 80)
    assert batch.samples.shape == (4, 12 * 256)
    inner = LogMel()(batch.samples)[:, 3:9]  # frames whose window lies within the segment
    torch.testing.assert_close(inner, batch.mel[:, 3:9], atol=1e-3, rtol=0.0)


def test_a_fresh_vocoder_is_audible_and_256_samples_a_frame(
    recordings: Recordings, tiny_vocoder_recipe: VocoderRecipe
) -> None:
    torch.manual_seed(0)
    vocoder = build_vocoder(tiny_vocoder_recipe, *recordings.statistics())
    with torch.no_grad():
        made = vocoder(recordings.items[0].mel)
    assert len(made) == 256 * len(recordings.items[0].mel)
    assert 1e-3 < made.std() < 0.5


def test_losses_are_zero_for_the_same_sound_and_grow_with_the_difference() -> None:
    torch.manual_seed(0)
    real = 0.3 * torch.randn(2, 4096)
    for loss in (SpectralLoss(), MelLoss()):
        near, far = loss(0.9 * real, real), loss(0.3 * real, real)
        assert loss(real, real) == 0.0
        assert 0.0 < near < far


def test_judges_look_at_spectra_and_waveforms() -> None:
    features = Discriminator(4)(torch.randn(2, 3000))
    assert len(features) == 6
    assert all(len(maps) == 4 and maps[-1].shape[:2] == (2, 1) for maps in features)


def test_spectra_are_learnt(recordings: Recordings, tiny_vocoder_recipe: VocoderRecipe) -> None:
    recipe = replace(tiny_vocoder_recipe, steps=60, anneal=10, adversarial_from=60)
    training = VocoderTraining(recipe, recordings)
    before = training.probe()["probe_mel"]
    for _ in range(60):
        training.step()
    assert training.probe()["probe_mel"] < 0.7 * before


def test_judges_join_late_and_a_resumed_training_equals_an_unbroken_one(
    recordings: Recordings, tiny_vocoder_recipe: VocoderRecipe, tmp_path: Path
) -> None:
    whole = VocoderTraining(tiny_vocoder_recipe, recordings)
    losses = [whole.step() for _ in range(6)]
    assert [loss.discriminator > 0 for loss in losses] == [False] * 4 + [True] * 2
    first = VocoderTraining(tiny_vocoder_recipe, recordings)
    run_training(first, tmp_path, Pace(steps=5), resume=False)
    second = VocoderTraining(tiny_vocoder_recipe, recordings)
    run_training(second, tmp_path, Pace(), resume=True)
    theirs = second.generator.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in whole.generator.state_dict().items())


def test_mixed_precision_learns_nearly_the_same(recordings: Recordings, tiny_vocoder_recipe: VocoderRecipe) -> None:
    recipe = replace(tiny_vocoder_recipe, adversarial_from=2)
    mixed = VocoderTraining(recipe, recordings, Machine("cpu", Arithmetic.BF16))
    exact = VocoderTraining(recipe, recordings)
    for _ in range(6):
        ours, theirs = mixed.step(), exact.step()
        assert ours.mel == pytest.approx(theirs.mel, rel=0.1)
        assert ours.discriminator == pytest.approx(theirs.discriminator, rel=0.1, abs=1e-3)
        assert ours.mel != theirs.mel
    assert {p.dtype for p in mixed.generator.parameters()} == {torch.float32}


def test_data_at_another_rate_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(4000), 8000)
    with pytest.raises(DataError, match="expected mono at 16000 Hz"):
        Recordings([tmp_path / "a.wav"])
    with pytest.raises(DataError, match="no audio files"):
        Recordings([])


def test_the_shipped_recipe_upsamples_by_the_hop() -> None:
    recipe = read_vocoder_recipe()
    assert np.prod(recipe.upsample_rates) == 256
    assert recipe.adversarial_from < recipe.steps


def test_an_unknown_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a VocoderRecipe"):
        read_vocoder_recipe(tmp_path / "none.toml")
