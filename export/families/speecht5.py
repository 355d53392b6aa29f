"""Text to speech with transformers' SpeechT5 and its HiFi-GAN vocoder."""

from pathlib import Path
from typing import Any

import numpy as np
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

from speechtrt.artifact import write_bytes
from speechtrt.bundle import AudioSpec, Limits, ParityRow, Task, TtsSpec, Voice
from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import VOICES, Checkpoint
from speechtrt.export.families.base import Description, Model, Recordings, Runners, StageGraph
from speechtrt.export.families.pretrained import load_pretrained
from speechtrt.export.families.speecht5_calibration import record_speech
from speechtrt.export.families.speecht5_parity import speech_parity, vocoding_parity
from speechtrt.export.families.speecht5_speech import Floats, Script, draw_dropout
from speechtrt.export.families.speecht5_stages import decoder_stage, encoder_stage, postnet_stage, vocoder_stage
from speechtrt.export.families.speecht5_text import Characters, load_characters, longest_text
from speechtrt.export.families.speecht5_vocoding import hop
from speechtrt.export.sentences import SENTENCES

# What `generate_speech` does unless told otherwise; checkpoints do not carry these.
_STOP_THRESHOLD = 0.5
_MIN_RATIO, _MAX_RATIO = 0.0, 20.0

_PARITY_STEPS = 56
_PARITY_DELAYS = (0, 9, 3)


class SpeechT5Model:
    """A loaded checkpoint with its vocoder, tokenizer and voices."""

    def __init__(
        self,
        model: SpeechT5ForTextToSpeech,
        vocoder: SpeechT5HifiGan,
        text: Characters,
        voices: dict[str, Floats],
        max_text: int,
    ) -> None:
        self.model, self.vocoder, self.text, self.voices, self.max_text = model, vocoder, text, voices, max_text
        self._stages = (encoder_stage(model), decoder_stage(model), postnet_stage(model), vocoder_stage(vocoder))

    def describe(self) -> Description:
        """The constants of the decoder loop, the text and the audio."""
        config = self.model.config
        tts = TtsSpec(
            reduction=config.reduction_factor,
            prenet_layers=config.speech_decoder_prenet_layers,
            prenet_units=config.speech_decoder_prenet_units,
            dropout=config.speech_decoder_prenet_dropout,
            stop_threshold=_STOP_THRESHOLD,
            min_ratio=_MIN_RATIO,
            max_ratio=_MAX_RATIO,
        )
        return Description(
            audio=AudioSpec(self.vocoder.config.sampling_rate, hop(self.vocoder.config), config.num_mel_bins),
            text=self.text.spec(tuple(getattr(config, "languages", None) or ("en",))),
            limits=Limits(self.max_text, config.max_speech_positions * config.reduction_factor),
            tts=tts,
            voices=tuple(Voice(name, f"{VOICES}/{name}.npy") for name in self.voices),
        )

    def stages(self) -> tuple[StageGraph, ...]:
        """Encoder, decoder, postnet, vocoder."""
        return self._stages

    def parity(self, runners: Runners) -> tuple[ParityRow, ...]:
        """Three texts of different lengths in slots of different ages, then their frames vocoded."""
        speaking, vocoding = self._stages[:2], [stage.spec for stage in self._stages[2:]]
        script = self.script(SENTENCES[: len(_PARITY_DELAYS)], _PARITY_STEPS, _PARITY_DELAYS)
        rows, spoken = speech_parity(self.model, runners, speaking, script)
        return rows + vocoding_parity(self.model, self.vocoder, runners, vocoding, spoken)

    def calibration(self, runners: Runners) -> Recordings:
        """Every stage's inputs while the shipped sentences are spoken."""
        return record_speech(runners, tuple(stage.spec for stage in self._stages), self.script)

    def script(self, texts: tuple[str, ...], steps: int, delays: tuple[int, ...]) -> Script:
        """`texts` spoken by the first voice."""
        config = self.model.config
        units = (config.speech_decoder_prenet_layers, config.speech_decoder_prenet_units)
        dropout = draw_dropout(len(texts), steps, *units, config.speech_decoder_prenet_dropout, seed=0)
        voice = next(iter(self.voices.values()))
        return Script([self.text.encode(text) for text in texts], voice, dropout, delays)

    def write_assets(self, folder: Path) -> None:
        """Tokenizer and voices."""
        write_bytes(folder / self.text.path.name, self.text.path.read_bytes())
        (folder / VOICES).mkdir()
        for name, embedding in self.voices.items():
            np.save(folder / VOICES / f"{name}.npy", embedding)


class SpeechT5:
    """The family."""

    name = "speecht5"
    task = Task.TTS
    architecture = "SpeechT5ForTextToSpeech"
    model_type = "speecht5"

    def load(self, checkpoint: Checkpoint) -> Model:
        """Load model, vocoder, tokenizer and voices. Raises CheckpointError."""
        if checkpoint.vocoder is None:
            raise CheckpointError(f"{checkpoint.id}: has no vocoder/ folder; name a vocoder with --vocoder ID")
        model = load_pretrained(SpeechT5ForTextToSpeech, checkpoint.folder)
        vocoder = load_pretrained(SpeechT5HifiGan, checkpoint.vocoder)
        if vocoder.config.model_in_dim != model.config.num_mel_bins:
            raise CheckpointError(
                f"{checkpoint.vocoder}: takes {vocoder.config.model_in_dim} mel bins, the model makes "
                f"{model.config.num_mel_bins}; choose a vocoder that fits"
            )
        voices = _load_voices(checkpoint, model.config.speaker_embedding_dim)
        text = load_characters(checkpoint, _end_mark(model))
        longest = longest_text(checkpoint, model.config.max_text_positions)
        return SpeechT5Model(model, vocoder, text, voices, longest)


def _end_mark(model: SpeechT5ForTextToSpeech) -> int:
    """A configuration may list several end marks; texts get the first."""
    eos: Any = model.config.eos_token_id
    return int(eos[0] if isinstance(eos, list) else eos)


def _load_voices(checkpoint: Checkpoint, width: int) -> dict[str, Floats]:
    if not checkpoint.voices:
        raise CheckpointError(f"{checkpoint.id}: has no voices/*.npy; name one with --voice NAME=FILE.npy")
    return {name: _load_voice(path, width) for name, path in checkpoint.voices.items()}


def _load_voice(path: Path, width: int) -> Floats:
    try:
        embedding = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: is not a .npy file ({error}); expected a speaker embedding") from error
    if embedding.size != width or not np.isfinite(embedding).all():
        raise CheckpointError(
            f"{path}: has shape {embedding.shape}; expected {width} finite numbers, one per dimension"
        )
    return np.asarray(embedding, np.float32).reshape(width)
