from pathlib import Path

import pytest

from speechtrt.benchmarks.tts.baseline import BaselineSide
from speechtrt.bundle import TtsSpec

TINY_RULE = TtsSpec(
    reduction=2, prenet_layers=2, prenet_units=16, dropout=0.5, stop_threshold=0.5, min_ratio=0.0, max_ratio=20.0
)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SpeechT5 of a few thousand weights, with vocoder, tokenizer and a voice."""
    from transformers import SpeechT5Config, SpeechT5HifiGanConfig

    from speechtrt.benchmarks.tts.checkpoints import write_random

    folder = tmp_path_factory.mktemp("tiny") / "checkpoint"
    model = SpeechT5Config(
        hidden_size=32,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=48,
        decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=48,
        num_mel_bins=8,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16,
        speaker_embedding_dim=6,
    )
    vocoder = SpeechT5HifiGanConfig(model_in_dim=8, upsample_initial_channel=16)
    write_random(folder, model, vocoder, seed=1)
    return folder


@pytest.fixture(scope="session")
def tiny_baseline(tiny_checkpoint: Path) -> BaselineSide:
    return BaselineSide(str(tiny_checkpoint), TINY_RULE, threads=1, seed=3)
