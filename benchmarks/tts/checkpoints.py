"""SpeechT5 checkpoints with random weights, whole as an exporter and transformers read them."""

from pathlib import Path

import numpy as np
import torch
from transformers import (
    SpeechT5Config,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    SpeechT5Tokenizer,
)

from speechtrt.export.quiet import quiet
from speechtrt.models.tts.pieces import write_pieces

TOKENIZER = "spm_char.model"


def write_random(folder: Path, config: SpeechT5Config, vocoder: SpeechT5HifiGanConfig, seed: int) -> None:
    """Write model, `vocoder/`, tokenizer and one voice into `folder`; the same weights for the same seed."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        SpeechT5ForTextToSpeech(config).save_pretrained(folder)
        SpeechT5HifiGan(vocoder).save_pretrained(folder / "vocoder")
    write_pieces(folder / TOKENIZER)
    SpeechT5Tokenizer(str(folder / TOKENIZER)).save_pretrained(folder)
    speaker = np.random.default_rng(seed).standard_normal(config.speaker_embedding_dim, dtype=np.float32)
    (folder / "voices").mkdir()
    np.save(folder / "voices" / "random.npy", speaker / np.linalg.norm(speaker))
