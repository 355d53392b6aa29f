from pathlib import Path

import numpy as np
import pytest
import torch

from speechtrt.audio import Audio
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_training.augment import Augmentation
from speechtrt.models.ctc_training.examples import NO_PHONE, PHONES, SILENCE, Examples, frame_phones
from speechtrt.models.ctc_training.features import FeatureSet, LogMel, load_features
from speechtrt.models.tokenizer import train_tokenizer
from tests.models.tones import speak_tones


@pytest.fixture(scope="module")
def tones(tone_data: Path, tiny_config: FastConformerCtcConfig) -> FeatureSet:
    return load_features(tone_data / "train", tiny_config)


@pytest.fixture(scope="module")
def examples(tones: FeatureSet) -> Examples:
    return Examples([tones], train_tokenizer([u.text for u in tones.utterances], 24))


def test_features_are_half_floats_of_10_ms(tones: FeatureSet) -> None:
    assert tones.features(0).shape == (90, 80)
    assert tones.features(0).dtype == np.float16


def test_features_are_kept_until_the_manifest_changes(tiny_config: FastConformerCtcConfig, tmp_path: Path) -> None:
    speak_tones(tmp_path, 2, seed=1)
    first = load_features(tmp_path, tiny_config)
    (tmp_path / "wav/000000.wav").unlink()
    assert np.array_equal(load_features(tmp_path, tiny_config).frames, first.frames)
    speak_tones(tmp_path, 2, seed=9)
    assert not np.array_equal(load_features(tmp_path, tiny_config).frames, first.frames)


def test_silence_is_what_the_extractor_says_of_zeros(tiny_config: FastConformerCtcConfig) -> None:
    features = LogMel(tiny_config)(Audio(np.zeros(1600, dtype=np.float32), 16_000))
    assert features == pytest.approx(torch.full_like(features, SILENCE))


def test_each_frame_has_the_phones_before_its_end() -> None:
    phones = (("pau", 0.08), ("s", 0.16), ("aa", 0.24))
    found = [[PHONES[index] for index in row] for row in frame_phones(phones, 5, before=0)]
    assert found == [["pau", "pau"], ["pau", "pau"], ["s", "s"], ["aa", "aa"], ["pau", "pau"]]
    assert (frame_phones(phones, 5, before=8)[1:] == frame_phones(phones, 4, before=0)).all()


def test_a_batch_is_padded_with_silence(examples: Examples, tones: FeatureSet) -> None:
    batch = examples.batch([0, 1], [(0, 0), (8, 4)])
    assert batch.features.shape == (2, 102, 80)
    assert batch.lengths.tolist() == [90, 102]
    assert batch.label_lengths.sum() == len(batch.labels)
    assert (batch.features[1, :8] == SILENCE).all()
    assert np.array_equal(batch.features[0, :90].numpy(), tones.features(0).astype(np.float32))
    assert (batch.phones[0] == NO_PHONE).all()  # espeak tells no phones
    assert (batch.phones[1] != NO_PHONE).all()


def test_every_utterance_is_in_one_batch_of_an_epoch(examples: Examples) -> None:
    batches = examples.buckets(3, seed=1, epoch=0)
    assert sorted(index for batch in batches for index in batch) == list(range(8))
    assert batches == examples.buckets(3, seed=1, epoch=0) != examples.buckets(3, seed=1, epoch=1)


def test_augmentation_changes_features_and_repeats_with_the_seed() -> None:
    features = torch.full((3, 50, 80), -8.0)
    augment = Augmentation()
    torch.manual_seed(1)
    first = augment(features)
    torch.manual_seed(1)
    assert torch.equal(augment(features), first)
    assert first.shape == features.shape
    assert torch.isfinite(first).all()
    assert not torch.equal(augment(features), first)
