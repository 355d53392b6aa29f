"""The vocoder network: `SpeechT5HifiGan` of a recipe's size, initialised so that it is loud enough to learn."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from speechtrt.models.vocoder.mel import MELS
from speechtrt.models.vocoder.recipe import VocoderRecipe


def build_vocoder(recipe: VocoderRecipe, mean: Tensor, scale: Tensor) -> SpeechT5HifiGan:
    """A fresh vocoder that standardises mels by `mean` and `scale` [80]."""
    config = SpeechT5HifiGanConfig(
        model_in_dim=MELS,
        upsample_initial_channel=recipe.channels,
        upsample_rates=list(recipe.upsample_rates),
        upsample_kernel_sizes=[2 * rate for rate in recipe.upsample_rates],
        resblock_kernel_sizes=list(recipe.kernels),
        resblock_dilation_sizes=[list(dilation) for dilation in recipe.dilations],
        normalize_before=True,
    )
    vocoder = SpeechT5HifiGan(config)
    _initialise(vocoder)
    vocoder.mean.copy_(mean)
    vocoder.scale.copy_(scale)
    return vocoder


@torch.no_grad()
def _initialise(vocoder: Any) -> None:
    # transformers' own initialisation (std 0.01) gives a signal of 1e-6, which a tanh output is slow to leave.
    for module in vocoder.modules():
        if isinstance(module, nn.ConvTranspose1d):
            taps = module.kernel_size[0] / module.stride[0]
            nn.init.normal_(module.weight, std=math.sqrt(1.0 / (module.in_channels * taps)))
        elif isinstance(module, nn.Conv1d):
            nn.init.normal_(module.weight, std=math.sqrt(1.0 / (module.in_channels * module.kernel_size[0])))
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    for block in vocoder.resblocks:
        for convolution in block.convs2:
            convolution.weight.mul_(0.3)
    vocoder.conv_post.weight.mul_(0.1)
