"""Speak with a voice folder through transformers' own classes: the baseline that engines are measured against."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

from speechtrt.errors import CheckpointError

MOST_FRAMES_PER_PIECE = 20.0


@dataclass(frozen=True, slots=True)
class ReferenceVoice:
    """Acoustic model, vocoder, tokenizer and the speaker embedding [1, dim]."""

    acoustic: SpeechT5ForTextToSpeech
    vocoder: SpeechT5HifiGan
    tokenizer: SpeechT5Tokenizer
    speaker: Tensor


@dataclass(frozen=True, slots=True)
class Spoken:
    """Samples [n] in [-1, 1] at 16 kHz, the mel [frames, 80], and whether the model stopped by itself."""

    samples: Tensor
    mel: Tensor
    stopped: bool


def load_voice(folder: Path, speaker: str = "slt") -> ReferenceVoice:
    """Load a voice folder in float32, ready to speak. Raises CheckpointError."""
    try:
        acoustic = SpeechT5ForTextToSpeech.from_pretrained(folder, dtype=torch.float32).train(False)
        vocoder = SpeechT5HifiGan.from_pretrained(folder / "vocoder", dtype=torch.float32).train(False)
        tokenizer = SpeechT5Tokenizer.from_pretrained(folder)
        embedding = np.load(folder / "voices" / f"{speaker}.npy")
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{folder}: is not a voice ({reason}); expected a SpeechT5 checkpoint folder") from error
    return ReferenceVoice(acoustic, vocoder, tokenizer, torch.from_numpy(embedding).reshape(1, -1))


@torch.no_grad()
def speak(voice: ReferenceVoice, text: str, seed: int = 0) -> Spoken:
    """Free-running synthesis of one text; `seed` fixes the prenet's dropout."""
    ids = voice.tokenizer(text, return_tensors="pt")["input_ids"]
    torch.manual_seed(seed)
    mel: Any = voice.acoustic.generate_speech(ids, voice.speaker, maxlenratio=MOST_FRAMES_PER_PIECE)
    most = int(ids.shape[1] * MOST_FRAMES_PER_PIECE / voice.acoustic.config.reduction_factor)
    stopped = len(mel) < most * voice.acoustic.config.reduction_factor
    return Spoken(voice.vocoder(mel), mel, stopped)
