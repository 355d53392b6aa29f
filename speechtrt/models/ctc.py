"""The streaming CTC model: transformers' cache-aware FastConformer encoder with a CTC head."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    NemotronAsrStreamingEncoder,
    NemotronAsrStreamingEncoderConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from speechtrt.errors import CheckpointError

ATTENTION = "sdpa"  # the encoder's eager attention returns NaN: it negates an additive mask


class FastConformerCtcConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """Sizes, features and vocabulary. Pieces are 0..vocab_size-1, the blank is `vocab_size`.

    Features are log-mel (`log(x + 2^-24)`, Slaney filters, symmetric Hann window) standardised as
    `(f + feature_offset) / feature_scale` before the encoder. `lookaheads` are the right contexts in encoder frames
    that the model was trained with; a chunk is lookahead + 1 encoder frames of 80 ms.
    """

    model_type = "fastconformer_ctc"
    sub_configs = {"encoder_config": NemotronAsrStreamingEncoderConfig}  # noqa: RUF012

    encoder_config: dict[str, Any] | NemotronAsrStreamingEncoderConfig | None = None
    vocab_size: int = 256
    lookaheads: list[int] | tuple[int, ...] = (1, 6)
    sample_rate: int = 16_000
    n_mels: int = 80
    n_fft: int = 512
    window: int = 400
    hop: int = 160
    preemphasis: float = 0.97
    feature_offset: float = 7.0
    feature_scale: float = 4.0

    def __post_init__(self, **kwargs: Any) -> None:
        """Parse the encoder's own configuration."""
        if not isinstance(self.encoder_config, NemotronAsrStreamingEncoderConfig):
            self.encoder_config = NemotronAsrStreamingEncoderConfig(**(self.encoder_config or {}))
        super().__post_init__(**kwargs)  # type: ignore[no-untyped-call]

    @property
    def encoder(self) -> NemotronAsrStreamingEncoderConfig:
        """The encoder's configuration, parsed."""
        assert isinstance(self.encoder_config, NemotronAsrStreamingEncoderConfig)
        return self.encoder_config

    @property
    def blank(self) -> int:
        """Id of the CTC blank."""
        return self.vocab_size


class FastConformerCtc(PreTrainedModel):  # type: ignore[no-untyped-call]
    """Log-mel features to CTC log-probabilities, one row of V + 1 every 80 ms."""

    config: FastConformerCtcConfig
    config_class = FastConformerCtcConfig
    base_model_prefix = "encoder"
    main_input_name = "features"
    _supports_sdpa = True

    def __init__(self, config: FastConformerCtcConfig) -> None:
        super().__init__(config)
        config.encoder._attn_implementation = ATTENTION
        self.encoder = NemotronAsrStreamingEncoder(config.encoder)
        self.head = nn.Conv1d(config.encoder.hidden_size, config.vocab_size + 1, 1)
        self.post_init()  # type: ignore[no-untyped-call]

    def encode(self, features: Tensor, lengths: Tensor, num_lookahead_tokens: int) -> Tensor:
        """Encoder output [rows, frames', dim] of raw log-mel `features` [rows, frames, mels] float32.

        `lengths` [rows] are the valid frames of each row; 70 must be divisible by `num_lookahead_tokens + 1`.
        """
        valid = torch.arange(features.shape[1], device=features.device) < lengths[:, None]  # [rows, frames]
        standard = (features + self.config.feature_offset) / self.config.feature_scale
        output = self.encoder(
            input_features=standard * valid[:, :, None],
            attention_mask=valid,
            num_lookahead_tokens=num_lookahead_tokens,
        )
        hidden = output.last_hidden_state
        assert isinstance(hidden, Tensor)
        return hidden

    def log_probs(self, hidden: Tensor) -> Tensor:
        """Log-probabilities [rows, frames', V + 1] of encoder output [rows, frames', dim]."""
        logits: Tensor = self.head(hidden.transpose(1, 2)).transpose(1, 2)
        return logits.log_softmax(-1)

    def forward(self, features: Tensor, lengths: Tensor, num_lookahead_tokens: int) -> Tensor:
        """Log-probabilities [rows, frames', V + 1] of raw log-mel `features` [rows, frames, mels]; see `encode`."""
        return self.log_probs(self.encode(features, lengths, num_lookahead_tokens))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Encoder frames [rows] int64 for `lengths` mel frames: each stage halves, `n // 2 + 1`."""
        for _ in range(self.config.encoder.subsampling_factor.bit_length() - 1):
            lengths = torch.div(lengths, 2, rounding_mode="floor") + 1
        return lengths


def load_ctc(source: Path | str) -> FastConformerCtc:
    """The model of a checkpoint folder or Hugging Face id, float32, ready to evaluate. Raises CheckpointError."""
    try:
        model = FastConformerCtc.from_pretrained(str(source), dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{source}: is not a streaming CTC checkpoint ({reason}); expected config.json"
        ) from error
    assert isinstance(model, FastConformerCtc)
    model.train(False)
    return model
