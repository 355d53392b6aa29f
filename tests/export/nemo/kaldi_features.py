"""Log-mel features as sherpa-onnx computes them for NeMo models: kaldi's frames, Slaney's filters."""

import numpy as np
import numpy.typing as npt
from transformers.audio_utils import mel_filter_bank

Floats = npt.NDArray[np.float32]
HOP, WIDTH, SIZE = 160, 400, 512


def kaldi_features(samples: Floats) -> Floats:
    """Features [frames, 80]; frame t is centred at sample 160 t + 80, edges are mirrored."""
    lead = (WIDTH - HOP) // 2
    frames = (len(samples) + HOP // 2) // HOP
    mirrored = np.concatenate([samples[:lead][::-1], samples, samples[-WIDTH:][::-1]])
    cut = np.stack([mirrored[HOP * index : HOP * index + WIDTH] for index in range(frames)])
    emphasised = cut - 0.97 * np.concatenate([cut[:, :1], cut[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft(emphasised * np.hanning(WIDTH), SIZE)) ** 2
    filters = mel_filter_bank(SIZE // 2 + 1, 80, 0.0, 8000.0, 16_000, norm="slaney", mel_scale="slaney")
    features: Floats = np.log(np.maximum(power @ filters, np.finfo(np.float32).eps)).astype(np.float32)
    return features
