"""Random segments of speech with their mels: the vocoder's training examples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor

from speechtrt.errors import DataError
from speechtrt.models.vocoder.mel import HOP, SAMPLE_RATE, LogMel


@dataclass(frozen=True, slots=True)
class Recording:
    """One utterance: int16 `samples` [frames * 256] and its `mel` [frames, 80] float32."""

    samples: Tensor
    mel: Tensor


@dataclass(frozen=True, slots=True)
class Segments:
    """A batch: `mel` [batch, frames, 80] and the `samples` [batch, frames * 256] it describes."""

    mel: Tensor
    samples: Tensor


class Recordings:
    """Utterances in memory, longest material first dropped to whole frames."""

    def __init__(self, files: list[Path]) -> None:
        if not files:
            raise DataError("no audio files for the vocoder; expected at least one 16 kHz WAV in the data set")
        mel = LogMel()
        self.items = [read_recording(path, mel) for path in files]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each mel band, [80] each."""
        frames = torch.cat([item.mel for item in self.items])
        return frames.mean(0), frames.std(0).clamp_min(1e-3)

    def segments(self, count: int, frames: int, random: np.random.Generator) -> Segments:
        """`count` random segments of `frames` frames; shorter utterances are not drawn."""
        usable = [item for item in self.items if len(item.mel) >= frames]
        drawn = [_cut(usable[random.integers(len(usable))], frames, random) for _ in range(count)]
        return Segments(torch.stack([mel for mel, _ in drawn]), torch.stack([samples for _, samples in drawn]))


def read_recording(path: Path, mel: LogMel) -> Recording:
    """One 16 kHz WAV with its mel; samples are padded to the mel's whole frames. Raises DataError."""
    samples, rate = soundfile.read(path, dtype="int16")
    if rate != SAMPLE_RATE or samples.ndim != 1:
        raise DataError(f"{path}: is {rate} Hz with shape {samples.shape}; expected mono at {SAMPLE_RATE} Hz")
    audio = torch.from_numpy(samples)
    with torch.no_grad():
        frames = mel(audio.float()[None] / 32768.0)[0]
    padded = torch.zeros(len(frames) * HOP, dtype=torch.int16)
    padded[: len(audio)] = audio
    return Recording(padded, frames)


def _cut(item: Recording, frames: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    first = int(random.integers(len(item.mel) - frames + 1))
    samples = item.samples[first * HOP : (first + frames) * HOP].float() / 32768.0
    return item.mel[first : first + frames], samples
