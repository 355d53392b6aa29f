"""Features as transformers computes them for the streaming model."""

from typing import Any

from transformers import NemotronAsrStreamingFeatureExtractor

from speechtrt.models.ctc import FastConformerCtcConfig


def feature_extractor(config: FastConformerCtcConfig) -> Any:
    """transformers' own extractor (untyped) with the sizes of a configuration: log-mel, not standardised."""
    return NemotronAsrStreamingFeatureExtractor(  # type: ignore[no-untyped-call]
        feature_size=config.n_mels,
        sampling_rate=config.sample_rate,
        hop_length=config.hop,
        n_fft=config.n_fft,
        win_length=config.window,
        preemphasis=config.preemphasis,
    )
