"""Contexts computed from a configuration against the frames that one frame of sound really depends on."""

from typing import Any

import pytest
import torch
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from speechtrt.export.families.speecht5_vocoding import hop, vocoder_context

SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"upsample_rates": [8, 4], "upsample_kernel_sizes": [16, 8]},
    {"upsample_rates": [4, 4, 4], "upsample_kernel_sizes": [8, 8, 8], "resblock_kernel_sizes": [3, 5]},
    {"upsample_rates": [2, 5], "upsample_kernel_sizes": [4, 11], "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]]},
)


def test_the_published_vocoder_needs_24_frames() -> None:
    assert vocoder_context(SpeechT5HifiGanConfig()) == 24


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_context_is_what_one_frame_reaches(shape: dict[str, Any]) -> None:
    kernels = shape.get("resblock_kernel_sizes", [3, 7, 11])
    dilations = shape.get("resblock_dilation_sizes", [[1, 3, 5]] * 3)[: len(kernels)]
    shape = {"resblock_kernel_sizes": kernels, "resblock_dilation_sizes": dilations} | shape
    config = SpeechT5HifiGanConfig.from_dict({"model_in_dim": 2, "upsample_initial_channel": 16, **shape})
    torch.manual_seed(0)
    vocoder = SpeechT5HifiGan(config).double()
    for parameter in vocoder.parameters():
        torch.nn.init.uniform_(parameter, 0.05, 0.1)  # positive, so that nothing cancels
    middle, size = 60, hop(config)
    mel = torch.ones(1, 2 * middle + 1, 2, dtype=torch.float64, requires_grad=True)
    samples: list[torch.Tensor] = []
    vocoder.conv_post.register_forward_hook(lambda _module, _inputs, output: samples.append(output))
    vocoder(mel)
    frame = samples[0][..., middle * size : (middle + 1) * size].sum()
    (gradient,) = torch.autograd.grad(frame, mel)
    needed = gradient[0].sum(-1).nonzero()
    assert max(middle - int(needed.min()), int(needed.max()) - middle) == vocoder_context(config)
