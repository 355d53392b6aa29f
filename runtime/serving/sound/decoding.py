"""An uploaded file to samples, with its length limited while it is decoded: a bomb ends as soon as it is too long."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from speechtrt.audio import HIGHEST_RATE, LOWEST_RATE, Audio, Samples
from speechtrt.errors import AudioError
from speechtrt.runtime.serving.core.refusal import Reason, Refusal

MOST_CHANNELS = 8
BLOCK_SECONDS = 1.0
CONTAINERS = ("WAV, FLAC, Ogg, MP3", "MP4, M4A, WebM")
SIGNATURES = ((4, b"ftyp", "mov"), (0, b"\x1aE\xdf\xa3", "matroska"))


def decode_file(data: bytes, limit_seconds: float) -> Audio:
    """Mono audio of a file. Raises AudioError, or Refusal when it lasts longer than `limit_seconds`."""
    if not data:
        raise AudioError("the file is empty; expected a recording")
    container = next((name for at, mark, name in SIGNATURES if data[at : at + len(mark)] == mark), None)
    rate, blocks = _open_sound(data) if container is None else _open_video(data, container)
    limit = int(limit_seconds * rate)
    pieces, total = [], 0
    for block in blocks:
        total += len(block)
        if total > limit:
            message = f"the recording is longer than {limit_seconds:g} seconds, the limit; send it in parts"
            raise Refusal(Reason.TOO_LARGE, message, code="audio_too_long", param="file")
        pieces.append(block)
    return Audio(_finite(np.concatenate([np.zeros(0, np.float32), *pieces])), rate)


def _finite(samples: Samples) -> Samples:
    if not len(samples):
        raise AudioError("the file holds no samples; expected at least one")
    if not np.isfinite(samples).all():
        raise AudioError("the file holds NaN or infinite samples; expected finite values")
    return samples


def _check(rate: int, channels: int) -> None:
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise AudioError(f"the file has a sample rate of {rate} Hz; expected {LOWEST_RATE} to {HIGHEST_RATE}")
    if not 1 <= channels <= MOST_CHANNELS:
        raise AudioError(f"the file has {channels} channels; expected 1 to {MOST_CHANNELS}")


def _open_sound(data: bytes) -> tuple[int, Iterator[Samples]]:
    import soundfile

    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except soundfile.SoundFileError as error:
        raise AudioError(f"the file is no audio that can be read; expected {', '.join(CONTAINERS)}") from error
    _check(file.samplerate, file.channels)
    return file.samplerate, _sound_blocks(file)


def _sound_blocks(file: Any) -> Iterator[Samples]:
    import soundfile

    with file:
        size = int(BLOCK_SECONDS * file.samplerate)
        while True:
            try:
                block = file.read(size, dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                raise AudioError(f"the file is damaged: {error}; send it again") from error
            if not len(block):
                return
            yield block.mean(axis=1, dtype=np.float32)


def _open_video(data: bytes, container: str) -> tuple[int, Iterator[Samples]]:
    import av

    try:
        file = av.open(io.BytesIO(data), format=container)
        stream = file.streams.audio[0]
    except (av.FFmpegError, IndexError) as error:
        raise AudioError("the file holds no audio track that can be read; send WAV or FLAC") from error
    _check(stream.rate or 0, stream.channels)
    return stream.rate, _video_blocks(file, stream.rate)


def _video_blocks(file: Any, rate: int) -> Iterator[Samples]:
    import av

    resampler = av.AudioResampler("flt", "mono", rate)
    with file:
        try:
            for frame in file.decode(audio=0):
                yield from (part.to_ndarray()[0] for part in resampler.resample(frame))
            yield from (part.to_ndarray()[0] for part in resampler.resample(None))
        except av.FFmpegError as error:
            raise AudioError(f"the file is damaged: {error}; send it again") from error
