"""Mono audio in memory and in files: float32 samples in [-1, 1] with their rate."""

import io
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechtrt.artifact import write_bytes
from speechtrt.errors import AudioError

Samples = npt.NDArray[np.float32]

LOWEST_RATE = 4_000
HIGHEST_RATE = 384_000


class AudioFormat(StrEnum):
    """What a file may be written as; the values are the usual endings of its name."""

    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    OPUS = "opus"


OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
ENCODINGS: dict[AudioFormat, tuple[str, str, tuple[int, ...]]] = {  # container, codec, its rates (none: any)
    AudioFormat.WAV: ("WAV", "PCM_16", ()),
    AudioFormat.FLAC: ("FLAC", "PCM_16", ()),
    AudioFormat.MP3: ("MP3", "MPEG_LAYER_III", MP3_RATES),
    AudioFormat.OPUS: ("OGG", "OPUS", OPUS_RATES),
}


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono `samples` [n] float32 at `rate` Hz."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate

    def resampled(self, rate: int) -> "Audio":
        """The same sound at `rate` Hz (soxr, high quality)."""
        if rate == self.rate:
            return self
        import soxr

        return Audio(soxr.resample(self.samples, self.rate, rate).astype(np.float32), rate)


def read_audio(path: Path) -> Audio:
    """Read WAV, FLAC, Ogg or MP3, mixed down to mono. Raises AudioError, also for no samples, NaN or an absurd rate."""
    import soundfile

    if not path.is_file():
        raise AudioError(f"{path}: no such file; expected a WAV, FLAC, Ogg or MP3 file")
    try:
        frames, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise AudioError(f"{path}: is not readable audio ({error}); expected WAV, FLAC, Ogg or MP3") from error
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"{path}: has a sample rate of {rate} Hz; expected {LOWEST_RATE} to {HIGHEST_RATE}")
    if len(frames) == 0:
        raise AudioError(f"{path}: holds no samples; expected at least one")
    if not np.isfinite(frames).all():
        raise AudioError(f"{path}: holds NaN or infinite samples; expected finite values")
    return Audio(frames.mean(axis=1, dtype=np.float32), rate)


def encode_audio(audio: Audio, kind: AudioFormat) -> bytes:
    """The bytes of a file; a rate that the format lacks is resampled to 48 kHz."""
    import soundfile

    container, subtype, rates = ENCODINGS[kind]
    if rates and audio.rate not in rates:
        audio = audio.resampled(48_000)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(audio.samples, -1.0, 1.0), audio.rate, format=container, subtype=subtype)
    return buffer.getvalue()


def write_audio(path: Path, audio: Audio, kind: AudioFormat) -> None:
    """Write a file in one step; a missing folder or a full disk raises AudioError and leaves nothing behind."""
    try:
        write_bytes(path, encode_audio(audio, kind))
    except OSError as error:
        raise AudioError(f"{path}: cannot be written ({error.strerror}); choose another path") from error


def write_wav(path: Path, audio: Audio) -> None:
    """Write 16-bit WAV in one step. Raises AudioError."""
    write_audio(path, audio, AudioFormat.WAV)
