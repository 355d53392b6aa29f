"""Offline recognition with Parakeet: a FastConformer over log-mel features."""

from typing import Any

import torch
from transformers import ParakeetFeatureExtractor, ParakeetForCTC

from speechtrt.audio import Samples
from speechtrt.bundle import AudioSpec, Task
from speechtrt.export.checkpoint import Checkpoint
from speechtrt.export.families.base import Model
from speechtrt.export.families.blank import blank_label
from speechtrt.export.families.extractor import load_extractor
from speechtrt.export.families.offline_ctc import OfflineModel
from speechtrt.export.families.offline_parity import Floats
from speechtrt.export.families.parakeet_encoder import RecordingEncoder
from speechtrt.export.families.parakeet_features import MelSpec
from speechtrt.export.families.pretrained import load_pretrained
from speechtrt.export.families.recording_stage import recording_spec, recording_stage
from speechtrt.export.families.vocabulary import sentence_pieces


class Parakeet:
    """The family."""

    name = "parakeet_ctc"
    task = Task.CTC
    architecture = "ParakeetForCTC"
    model_type = "parakeet_ctc"

    def load(self, checkpoint: Checkpoint) -> Model:
        """Load model, feature extractor and vocabulary. Raises CheckpointError."""
        model: Any = load_pretrained(ParakeetForCTC, checkpoint.folder)
        extractor = load_extractor(ParakeetFeatureExtractor, checkpoint.folder)
        config = model.config
        blank = blank_label(checkpoint, config.pad_token_id, config.vocab_size)
        mel = _mel_spec(extractor)
        frame = mel.hop * config.encoder_config.subsampling_factor
        longest = recording_spec(mel.rate).longest // frame + 2  # every halving may round up
        encoder = RecordingEncoder(model, mel, longest)
        return OfflineModel(
            stage=recording_stage(encoder, config.vocab_size, mel.rate),
            reference=_Alone(model, extractor),
            audio=AudioSpec(mel.rate, frame, mel.bins),
            pieces=sentence_pieces(checkpoint.folder, config.vocab_size, blank),
            blank=blank,
        )


def _mel_spec(extractor: Any) -> MelSpec:
    return MelSpec(
        rate=extractor.sampling_rate,
        bins=extractor.feature_size,
        hop=extractor.hop_length,
        n_fft=extractor.n_fft,
        window=extractor.win_length,
        preemphasis=extractor.preemphasis or 0.0,
    )


class _Alone:
    """What transformers hears in one recording."""

    def __init__(self, model: Any, extractor: Any) -> None:
        self._model, self._extractor = model, extractor

    @torch.no_grad()
    def __call__(self, audio: Samples) -> Floats:
        batch = self._extractor(audio, sampling_rate=self._extractor.sampling_rate, return_tensors="pt")
        log_probs: Floats = self._model(**batch).logits[0].log_softmax(-1).numpy()
        frames = int(self._model._get_subsampling_output_length(batch["attention_mask"].sum(-1))[0])
        return log_probs[:frames]
