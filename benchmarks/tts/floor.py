"""The least time in which this machine could speak the load in FP32, counted from the model's own modules."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import SpeechT5ForTextToSpeech

from speechtrt.benchmarks.measure.machine import MachineRates, measure_rates
from speechtrt.benchmarks.tts.baseline import PyTorchSpeaker
from speechtrt.benchmarks.tts.side_numbers import Numbers

FRAMES = 100
FLOAT32 = 4
MEMORY_PROJECTIONS = ("encoder_attn.k_proj", "encoder_attn.v_proj")  # once per utterance, not per step


@dataclass(frozen=True, slots=True)
class Cost:
    """What one unit of work needs: weights used per encoder token and per decoder step, operations per frame."""

    encoder_weights: int
    decoder_weights: int
    postnet_flops_per_frame: float
    vocoder_flops_per_frame: float
    tokens: int
    frame_seconds: float
    reduction: int
    rates: MachineRates


@dataclass(frozen=True, slots=True)
class CountCost:
    """Counts in a process of its own, where the model is. `texts` are the load's."""

    texts: tuple[str, ...]

    def __call__(self, speaker: PyTorchSpeaker) -> Cost:
        """Count, then measure the machine."""
        model, vocoder = speaker.model, speaker.vocoder
        mel = torch.zeros(1, FRAMES, model.config.num_mel_bins)
        per_token, per_step = _used_weights(model)
        return Cost(
            encoder_weights=per_token,
            decoder_weights=per_step,
            postnet_flops_per_frame=_flops(lambda: model.speech_decoder_postnet.postnet(mel)) / FRAMES,
            vocoder_flops_per_frame=_flops(lambda: vocoder(mel)) / FRAMES,
            tokens=sum(len(speaker.tokenizer(text).input_ids) for text in self.texts),
            frame_seconds=math.prod(vocoder.config.upsample_rates) / vocoder.config.sampling_rate,
            reduction=model.config.reduction_factor,
            rates=measure_rates(speaker.side.threads),
        )


def floor_numbers(cost: Cost, summary: Numbers, headline: str) -> Numbers:
    """The floor of the load at the headline side's batching, and how far each side is from it."""
    seconds = stage_floors(cost, summary[f"{headline}.audio_seconds"], summary[f"{headline}.decoder_steps"])
    total = sum(seconds.values())
    walls = {k.removesuffix(".wall_seconds"): v for k, v in summary.items() if k.endswith(".wall_seconds")}
    return {
        "floor.machine_flops_per_second": cost.rates.flops_per_second,
        "floor.machine_bytes_per_second": cost.rates.bytes_per_second,
        "floor.decoder_flops_per_row_step": 2.0 * cost.decoder_weights,
        "floor.decoder_bytes_per_step": float(FLOAT32 * cost.decoder_weights),
        "floor.vocoder_flops_per_audio_second": cost.vocoder_flops_per_frame / cost.frame_seconds,
        **{f"floor.{stage}_seconds": value for stage, value in seconds.items()},
        "floor.wall_seconds": total,
        **{f"{side}.floor_ratio": wall / total for side, wall in walls.items()},
    }


def stage_floors(cost: Cost, audio_seconds: float, steps: float) -> Numbers:
    """Seconds per stage for so much audio in `steps` batched decoder steps.

    The decoder can be no faster than its arithmetic, and no faster than reading its weights once a step.
    """
    frames = audio_seconds / cost.frame_seconds
    flops, read = cost.rates.flops_per_second, cost.rates.bytes_per_second
    arithmetic = 2 * cost.decoder_weights * (frames / cost.reduction) / flops
    return {
        "encoder": 2 * cost.encoder_weights * cost.tokens / flops,
        "decoder": max(arithmetic, FLOAT32 * cost.decoder_weights * steps / read),
        "postnet": cost.postnet_flops_per_frame * frames / flops,
        "vocoder": cost.vocoder_flops_per_frame * frames / flops,
    }


def _used_weights(model: SpeechT5ForTextToSpeech) -> tuple[int, int]:
    """Linear weights that work on each text token, and on each decoder step of each row."""
    decoder, head = model.speecht5.decoder, model.speech_decoder_postnet
    memory = sum(_linear_weights(m) for n, m in decoder.named_modules() if n.endswith(MEMORY_PROJECTIONS))
    step = _linear_weights(decoder) - memory + _linear_weights(head.feat_out) + _linear_weights(head.prob_out)
    return _linear_weights(model.speecht5.encoder) + memory, step


def _linear_weights(module: nn.Module) -> int:
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, nn.Linear))


@torch.no_grad()
def _flops(work: Callable[[], object]) -> float:
    """Operations of convolutions and products; a multiplication with its addition counts as two."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())
