"""Checkpoints of a few thousand random weights, whole as an exporter reads them."""

import io
from pathlib import Path

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz'"
SENTENCES = (
    "the quick brown fox jumps over the lazy dog",
    "pack my box with five dozen liquor jugs",
    "how vexingly quick daft zebras jump at noon",
    "it's seven o'clock in the morning",
)


def write_tts_checkpoint(folder: Path) -> None:
    """SpeechT5 with a vocoder, a character tokenizer and two voices."""
    import torch
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5HifiGanConfig

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
        initializer_range=0.2,
    )
    vocoder = SpeechT5HifiGanConfig(model_in_dim=8, upsample_initial_channel=16, initializer_range=0.1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        speech = SpeechT5ForTextToSpeech(model)
        torch.nn.init.constant_(speech.speech_decoder_postnet.prob_out.bias, -4.0)  # or it stops at its first step
        speech.save_pretrained(folder)
        SpeechT5HifiGan(vocoder).save_pretrained(folder / "vocoder")
    (folder / "spm_char.model").write_bytes(_letters())
    (folder / "voices").mkdir()
    for seed, name in enumerate(("anna", "ben")):
        np.save(folder / "voices" / f"{name}.npy", np.random.default_rng(seed).normal(size=6).astype(np.float32))


def write_ctc_checkpoint(folder: Path) -> None:
    """A streaming FastConformer with a tokenizer of 48 pieces."""
    import torch

    from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig
    from speechtrt.models.tokenizer import train_tokenizer

    encoder = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "subsampling_conv_channels": 4,
        "initializer_range": 0.3,
    }
    with torch.random.fork_rng():
        torch.manual_seed(2)
        FastConformerCtc(FastConformerCtcConfig(encoder_config=encoder, vocab_size=48)).save_pretrained(folder)
    train_tokenizer(SENTENCES, 48).save(folder)


def _letters() -> bytes:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*SENTENCES, LETTERS]),
        model_writer=model,
        model_type="char",
        vocab_size=79,
        hard_vocab_limit=False,
        character_coverage=1.0,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    return model.getvalue()
