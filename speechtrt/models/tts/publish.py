"""Write a trained voice as a checkpoint folder to ship: transformers' format, half-precision weights, checksums."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import (
    PreTrainedModel,
    SpeechT5FeatureExtractor,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5Tokenizer,
)

from speechtrt.artifact import staged_folder, write_bytes
from speechtrt.models.shipped import CARD, write_checksums, write_half
from speechtrt.models.tts.acoustic import speaker_embedding
from speechtrt.models.tts.pieces import write_pieces

SPEAKER = "slt"
LONGEST_TEXT = 120  # pieces; pairs of utterances are as long, and beyond it the attention may miss the end


@dataclass(frozen=True, slots=True)
class TrainedVoice:
    """The two networks of a voice and the card that describes them."""

    acoustic: SpeechT5ForTextToSpeech
    vocoder: SpeechT5HifiGan
    card: str


def publish_voice(voice: TrainedVoice, target: Path) -> None:
    """Write `target` whole or not at all.

    The configurations name float32, so that `from_pretrained` casts the float16 weights back on loading.
    """
    with staged_folder(target) as folder:
        _write_model(voice.acoustic, folder)
        _write_model(voice.vocoder, folder / "vocoder")
        _write_text_front(folder)
        embedding = speaker_embedding(voice.acoustic.config.speaker_embedding_dim).numpy()[0]
        write_bytes(folder / "voices" / f"{SPEAKER}.npy", _npy(embedding))
        write_bytes(folder / CARD, voice.card.encode())
        write_checksums(folder)


def _write_model(model: PreTrainedModel, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.config.dtype = torch.float32
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    if model.can_generate():
        model.generation_config.save_pretrained(folder)
    write_half(folder, model)


def _write_text_front(folder: Path) -> None:
    pieces = folder / "spm_char.model"
    write_pieces(pieces)
    # The pieces fold case by themselves; the flag says so to readers that use another tokenizer.
    tokenizer = SpeechT5Tokenizer(str(pieces), do_lower_case=True, model_max_length=LONGEST_TEXT)
    tokenizer.save_pretrained(folder)
    SpeechT5FeatureExtractor().save_pretrained(folder)


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array.astype(np.float32))
    return buffer.getvalue()
