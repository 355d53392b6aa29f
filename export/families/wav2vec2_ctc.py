"""Offline recognition from the waveform: wav2vec2, and HuBERT, which differs in a few modules only."""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from transformers import HubertForCTC, PreTrainedModel, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

from speechtrt.audio import Samples
from speechtrt.bundle import AudioSpec, Task
from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint
from speechtrt.export.families.base import Model
from speechtrt.export.families.blank import blank_label
from speechtrt.export.families.extractor import load_extractor
from speechtrt.export.families.offline_ctc import OfflineModel
from speechtrt.export.families.offline_parity import Floats
from speechtrt.export.families.pretrained import load_pretrained
from speechtrt.export.families.recording_stage import recording_stage
from speechtrt.export.families.vocabulary import letter_pieces
from speechtrt.export.families.waveform_encoder import WaveformEncoder


@dataclass(frozen=True, slots=True)
class WaveformCtc:
    """A family over `kind`, whose base model is its attribute `base`."""

    name: str
    architecture: str
    model_type: str
    kind: type[PreTrainedModel]
    base: str
    task: Task = Task.CTC

    def load(self, checkpoint: Checkpoint) -> Model:
        """Load model, feature extractor and vocabulary. Raises CheckpointError."""
        model: Any = load_pretrained(self.kind, checkpoint.folder)
        config = model.config
        if getattr(config, "add_adapter", False):
            raise CheckpointError(
                f"{checkpoint.id}: has convolutional adapters (add_adapter), which are not exported; fine-tune without"
            )
        extractor = load_extractor(Wav2Vec2FeatureExtractor, checkpoint.folder)
        blank = blank_label(checkpoint, config.pad_token_id, config.vocab_size)
        rate = int(extractor.sampling_rate)
        encoder = WaveformEncoder(getattr(model, self.base), model.lm_head, bool(extractor.do_normalize))
        return OfflineModel(
            stage=recording_stage(encoder, config.vocab_size, rate),
            reference=_Alone(model, extractor),
            audio=AudioSpec(rate, prod(config.conv_stride), 0),
            pieces=letter_pieces(checkpoint.folder, config.vocab_size, blank),
            blank=blank,
        )


class _Alone:
    """What transformers hears in one recording, without padding."""

    def __init__(self, model: Any, extractor: Any) -> None:
        self._model, self._extractor = model, extractor

    @torch.no_grad()
    def __call__(self, audio: Samples) -> Floats:
        batch = self._extractor(audio, sampling_rate=self._extractor.sampling_rate, return_tensors="pt")
        log_probs: Floats = self._model(batch["input_values"]).logits[0].log_softmax(-1).numpy()
        return log_probs


WAV2VEC2 = WaveformCtc("wav2vec2_ctc", "Wav2Vec2ForCTC", "wav2vec2", Wav2Vec2ForCTC, "wav2vec2")
HUBERT = WaveformCtc("hubert_ctc", "HubertForCTC", "hubert", HubertForCTC, "hubert")
