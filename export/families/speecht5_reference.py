"""SpeechT5 as transformers runs it, with dropout masks that are given instead of drawn."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import SpeechT5ForTextToSpeech

from speechtrt.export.families.speecht5_speech import Floats, Script, Spoken


@torch.no_grad()
def reference_memory(model: SpeechT5ForTextToSpeech, script: Script) -> tuple[Tensor, Tensor]:
    """The encoder's last hidden states [rows, text, D] and the text mask [rows, text]."""
    inputs = {name: torch.from_numpy(value) for name, value in script.padded().items()}
    encoder: Any = model.speecht5.encoder
    hidden = encoder(input_values=inputs["tokens"], attention_mask=inputs["text_mask"].long()).last_hidden_state
    return hidden, inputs["text_mask"]


@torch.no_grad()
def reference_speech(model: SpeechT5ForTextToSpeech, script: Script) -> Spoken:
    """The decoder loop of `generate_speech` for a fixed number of steps: prenet over all frames, one cached step."""
    hidden, mask = reference_memory(model, script)
    rows = len(script.tokens)
    speaker = torch.from_numpy(np.tile(script.speaker, (rows, 1)))
    decoder: Any = model.speecht5.decoder
    heads: Any = model.speech_decoder_postnet
    sequence = hidden.new_zeros(rows, 1, model.config.num_mel_bins)
    past, frames, stops = None, [], []
    for step in range(script.steps):
        with _given_dropout(decoder.prenet, torch.from_numpy(script.dropout[:, step])):
            states = decoder.prenet(sequence, speaker)[:, -1:]
        output = decoder.wrapped_decoder(
            hidden_states=states,
            encoder_hidden_states=hidden,
            encoder_attention_mask=mask.long(),
            past_key_values=past,
            use_cache=True,
        )
        past, last = output.past_key_values, output.last_hidden_state[:, 0]
        frames.append(heads.feat_out(last).view(rows, -1, model.config.num_mel_bins))
        stops.append(torch.sigmoid(heads.prob_out(last)))
        sequence = torch.cat([sequence, frames[-1][:, -1:]], dim=1)
    return Spoken(_rows_first(frames), _rows_first(stops))


@contextmanager
def _given_dropout(prenet: Any, masks: Tensor) -> Iterator[None]:
    """Replace the prenet's dropout by `masks` [rows, layers, units]; only its last position is used."""
    layers = iter(masks.unbind(1))
    prenet._consistent_dropout = lambda states, _rate: states * next(layers)[:, None]
    try:
        yield
    finally:
        del prenet._consistent_dropout


def exact(script: Script) -> Script:
    """The same script, to be spoken in float64."""
    return replace(script, speaker=script.speaker.astype(np.float64), dropout=script.dropout.astype(np.float64))


def exact_speech(model: SpeechT5ForTextToSpeech, script: Script) -> Spoken:
    """What transformers says in float64, free of the rounding errors that a decoder feeds back to itself."""
    return reference_speech(copy.deepcopy(model).double(), exact(script))


def _rows_first(steps: list[Tensor]) -> Floats:
    return torch.stack(steps, dim=1).numpy()
