"""A SpeechT5 of the published size with random weights: what speed is, when what it says does not matter."""

from pathlib import Path

from speechtrt.artifact import staged_folder

NAME = "speecht5-random"
SEED = 0
STEPS_PER_CHARACTER = 2.2  # 14 characters a second at 2 frames of 16 ms a step
VOCODER_STD = 0.02


def random_checkpoint(root: Path) -> Path:
    """The checkpoint folder below `root`, written on first use from a fixed seed."""
    folder = root / NAME
    if not (folder / "config.json").is_file():
        with staged_folder(folder) as staging:
            _write(staging)
    return folder


def _write(folder: Path) -> None:
    import numpy as np
    import torch
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        SpeechT5Tokenizer,
    )

    from speechtrt.models.tts.pieces import write_pieces

    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        model = SpeechT5ForTextToSpeech(SpeechT5Config())
        vocoder = SpeechT5HifiGan(SpeechT5HifiGanConfig(initializer_range=VOCODER_STD))
    model.save_pretrained(folder)
    vocoder.save_pretrained(folder / "vocoder")
    write_pieces(folder / "spm_char.model")
    SpeechT5Tokenizer(str(folder / "spm_char.model")).save_pretrained(folder)
    speaker = np.random.default_rng(SEED).standard_normal(model.config.speaker_embedding_dim, dtype=np.float32)
    (folder / "voices").mkdir()
    np.save(folder / "voices" / "random.npy", speaker / np.linalg.norm(speaker))
