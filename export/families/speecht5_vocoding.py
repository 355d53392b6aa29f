"""Stages `postnet` and `vocoder` of SpeechT5, and how many frames of context make them exact in chunks."""

import math
from collections.abc import Sequence

from torch import Tensor, nn
from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5HifiGanConfig

_EDGE_KERNEL = 7  # of the vocoder's first and last convolution, which its configuration does not name


class Postnet(nn.Module):
    """Decoder frames [rows, frames, M] refined to log-mel of the same shape."""

    def __init__(self, model: SpeechT5ForTextToSpeech) -> None:
        super().__init__()
        self.layers = model.speech_decoder_postnet.layers

    def forward(self, frames: Tensor) -> tuple[Tensor]:
        """`frames` [rows, frames, M]."""
        states = frames.transpose(1, 2)  # [rows, M, frames]
        for layer in self.layers:
            states = layer(states)
        return (frames + states.transpose(1, 2),)


class Vocoder(nn.Module):
    """Log-mel [rows, frames, M] to samples [rows, frames * hop]."""

    def __init__(self, vocoder: SpeechT5HifiGan) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel: Tensor) -> tuple[Tensor]:
        """`mel` [rows, frames, M]."""
        return (self.vocoder(mel),)


def hop(config: SpeechT5HifiGanConfig) -> int:
    """Samples per frame."""
    return math.prod(config.upsample_rates)


def postnet_context(config: SpeechT5Config) -> int:
    """Frames each side that one output frame depends on."""
    return int(config.speech_decoder_postnet_layers * ((config.speech_decoder_postnet_kernel - 1) // 2))


def vocoder_context(config: SpeechT5HifiGanConfig) -> int:
    """Frames each side that the samples of one frame depend on: intervals traced back layer by layer."""
    size = hop(config)
    first, last = 0, size - 1
    first, last = first - _EDGE_KERNEL // 2, last + _EDGE_KERNEL // 2
    reach = _residual_reach(config.resblock_kernel_sizes, config.resblock_dilation_sizes)
    for rate, kernel in reversed(list(zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True))):
        padding = (kernel - rate) // 2
        first, last = first - reach, last + reach
        first, last = -((kernel - 1 - padding - first) // rate), (last + padding) // rate
    first, last = first - _EDGE_KERNEL // 2, last + _EDGE_KERNEL // 2
    return max(-first, last)


def _residual_reach(kernels: Sequence[int], dilations: Sequence[Sequence[int]]) -> int:
    """Samples each side of the widest residual block: a dilated and a plain convolution per dilation."""
    return max(
        sum((kernel - 1) // 2 * (dilation + 1) for dilation in row)
        for kernel, row in zip(kernels, dilations, strict=True)
    )
