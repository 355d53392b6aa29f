"""Speech as the client wants it: an encoder takes pieces of sound and gives bytes that can be sent at once."""

import io
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.asr.resampler import Resampler

PCM_RATE = 24_000  # what every client of this interface takes raw samples for
WIDTH = 2  # bytes per sample
FULL_SCALE, LOUDEST = 32768, 32767
UNKNOWN_LENGTH = 0xFFFFFFFF


class Format(StrEnum):
    """What speech may be sent as."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


MEDIA_TYPES = {
    Format.MP3: "audio/mpeg",
    Format.OPUS: "audio/ogg",
    Format.AAC: "audio/aac",
    Format.FLAC: "audio/flac",
    Format.WAV: "audio/wav",
    Format.PCM: "audio/pcm",
}


class Encoder(Protocol):
    """Sound in, bytes out; all bytes together are one file."""

    def encode(self, samples: Samples) -> bytes:
        """The bytes that are complete by now."""

    def end(self) -> bytes:
        """The rest."""


def open_encoder(kind: Format, rate: int) -> Encoder:
    """An encoder of sound of `rate` Hz."""
    match kind:
        case Format.PCM:
            return PcmEncoder(rate)
        case Format.WAV:
            return WavEncoder(rate)
        case Format.FLAC:
            return FlacEncoder(rate)
        case _:
            return CodecEncoder.open(CODECS[kind], rate)


def encode_pcm16(samples: Samples) -> bytes:
    """Samples [n] to the very bytes that libsndfile writes to a 16-bit file: rounded down, clipped at full scale."""
    scaled = np.floor(np.clip(samples, -1.0, 1.0) * np.float32(FULL_SCALE))
    return bytes(np.minimum(scaled, LOUDEST).astype("<i2").data)


@dataclass(slots=True)
class PcmEncoder:
    """Raw 16-bit samples at `target` Hz, resampled without a seam between pieces."""

    rate: int
    target: int = PCM_RATE
    _resampler: Resampler = field(init=False)

    def __post_init__(self) -> None:
        self._resampler = Resampler(self.target)

    def encode(self, samples: Samples) -> bytes:
        """The bytes that are complete by now."""
        return encode_pcm16(self._resampler.push(samples, self.rate))

    def end(self) -> bytes:
        """What the resampler still held."""
        return encode_pcm16(self._resampler.end())


@dataclass(slots=True)
class WavEncoder:
    """A WAV file whose header leaves the length open, as it is sent before the end is known."""

    rate: int
    _begun: bool = False

    def encode(self, samples: Samples) -> bytes:
        """The samples, after the header the first time."""
        header = b"" if self._begun else wav_header(self.rate)
        self._begun = True
        return header + encode_pcm16(samples)

    def end(self) -> bytes:
        """Nothing, or the header of an empty file."""
        return self.encode(np.zeros(0, np.float32))


def wav_header(rate: int) -> bytes:
    """44 bytes before mono 16-bit samples of unknown number."""
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * WIDTH, WIDTH, 8 * WIDTH)
    size = struct.pack("<I", UNKNOWN_LENGTH)
    return b"RIFF" + size + b"WAVEfmt " + form + b"data" + size


@dataclass(slots=True)
class FlacEncoder:
    """A FLAC file, whole at the end: common readers refuse one whose header does not know the length."""

    rate: int
    _pieces: list[Samples] = field(default_factory=list)

    def encode(self, samples: Samples) -> bytes:
        """Nothing yet."""
        self._pieces.append(samples)
        return b""

    def end(self) -> bytes:
        """The whole file."""
        import soundfile

        file = io.BytesIO()
        samples = np.concatenate([np.zeros(0, np.float32), *self._pieces])
        pcm = np.frombuffer(encode_pcm16(samples), "<i2")
        soundfile.write(file, pcm, self.rate, format="FLAC", subtype="PCM_16")
        return file.getvalue()


@dataclass(frozen=True, slots=True)
class Codec:
    """A container and a codec of FFmpeg, and what to tell the container."""

    container: str
    name: str
    options: dict[str, str]


CODECS = {
    Format.MP3: Codec("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),  # both would need the length
    Format.OPUS: Codec("ogg", "libopus", {"page_duration": "20000"}),  # microseconds: a page per packet, none waits
    Format.AAC: Codec("adts", "aac", {}),
}


class _Sink(io.RawIOBase):
    """Bytes that a container wrote and nobody has taken; it cannot go back to what was sent."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


@dataclass(slots=True)
class CodecEncoder:
    """A lossy codec in its streaming container."""

    rate: int
    _sink: _Sink
    _container: Any
    _stream: Any
    _resampler: Any  # to the codec's own sample format
    _sent: int = 0

    @classmethod
    def open(cls, codec: Codec, rate: int) -> "CodecEncoder":
        """An encoder of mono sound of `rate` Hz."""
        import av

        sink = _Sink()
        options = {**codec.options, "flush_packets": "1"}
        container = av.open(sink, "w", format=codec.container, options=options)
        stream: Any = container.add_stream(codec.name, rate=rate, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate)
        return cls(rate, sink, container, stream, resampler)

    def encode(self, samples: Samples) -> bytes:
        """The packets that are complete by now."""
        import av

        pcm = np.frombuffer(encode_pcm16(samples), "<i2")[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate, frame.pts = self.rate, self._sent
        self._sent += len(samples)
        for converted in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(converted))
        return self._sink.take()

    def end(self) -> bytes:
        """The last packets."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take()
