"""The acoustic network: `SpeechT5ForTextToSpeech` of a recipe's size, started so that it learns on raw log-mels."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import SpeechT5Config, SpeechT5ForTextToSpeech

from speechtrt.models.tts.recipe import VoiceRecipe
from speechtrt.models.vocoder.mel import MELS

OFFSETS = (-1, 1, 2, -2)
PULL = 1.8  # squared, the logit with which a head starts to prefer its neighbour


def build_acoustic(recipe: VoiceRecipe, pieces: int, mean: Tensor, scale: Tensor) -> SpeechT5ForTextToSpeech:
    """A fresh model; `mean` and `scale` [80] of the mels go into its first and last layers."""
    model = SpeechT5ForTextToSpeech(acoustic_config(recipe, pieces))
    _initialise(model, mean, scale)
    return model


def acoustic_config(recipe: VoiceRecipe, pieces: int) -> SpeechT5Config:
    """transformers' configuration of a recipe."""
    return SpeechT5Config(
        vocab_size=pieces,
        hidden_size=recipe.hidden,
        encoder_layers=recipe.layers,
        encoder_attention_heads=recipe.heads,
        encoder_ffn_dim=recipe.feed_forward,
        encoder_layerdrop=0.0,
        decoder_layers=recipe.layers,
        decoder_attention_heads=recipe.heads,
        decoder_ffn_dim=recipe.feed_forward,
        decoder_layerdrop=0.0,
        positional_dropout=0.0,
        hidden_dropout=recipe.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        num_mel_bins=MELS,
        reduction_factor=2,
        speech_decoder_prenet_units=recipe.prenet,
        speech_decoder_postnet_units=recipe.postnet,
        speech_decoder_postnet_dropout=recipe.dropout,
        speaker_embedding_dim=recipe.speaker,
        use_guided_attention_loss=False,
        max_text_positions=600,
        max_speech_positions=4000,
        apply_spec_augment=False,
    )


def speaker_embedding(size: int) -> Tensor:
    """The one speaker of this voice, [1, size]: a constant of unit length."""
    return torch.full((1, size), size**-0.5)


@torch.no_grad()
def _initialise(model: Any, mean: Tensor, scale: Tensor) -> None:
    # transformers' std of 0.02 is meant for 768 dimensions; at 192 the signal would fade through six layers.
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
    # Letters must not drown in the positions (amplitude 1) that are added to them.
    nn.init.normal_(model.speecht5.encoder.prenet.embed_tokens.weight, std=1.0)
    _look_around(model)
    first = model.speecht5.decoder.prenet.layers[0]
    first.weight.div_(scale)
    first.bias.sub_(first.weight @ mean)
    last = model.speech_decoder_postnet.feat_out
    last.weight.mul_(0.3)
    last.bias.copy_(mean.repeat(model.config.reduction_factor))
    model.speech_decoder_postnet.layers[-1].batch_norm.weight.mul_(0.1)


@torch.no_grad()
def _look_around(model: Any) -> None:
    """Let each encoder head start by looking at one neighbouring letter; spelling is mostly about those.

    Relative positions enter as query times embedding, so a query bias along one direction and an embedding of that
    direction at one offset make the head attend there.
    """
    encoder = model.speecht5.encoder.wrapped_encoder
    table = encoder.embed_positions.pe_k.weight  # [2 * reach, head dim], row reach + query - key
    reach, width = len(table) // 2, table.shape[1]
    for direction, offset in enumerate(OFFSETS):
        table[reach - offset, direction] += PULL
    for layer, module in enumerate(encoder.layers):
        bias = module.attention.q_proj.bias.view(-1, width)  # [heads, head dim]
        for head in range(len(bias)):
            direction = (head + layer) % len(OFFSETS)
            bias[head, direction] += PULL / module.attention.scaling
