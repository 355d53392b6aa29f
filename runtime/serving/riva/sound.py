"""Audio of a Riva stream: raw samples, or a WAV file that somebody sends as it lies on the disk."""

import struct
from dataclasses import dataclass, field

from speechtrt.audio import HIGHEST_RATE, LOWEST_RATE, Samples
from speechtrt.runtime.asr.pcm import Encoding, PcmReader
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire

RAW = {
    wire.ENCODING_UNSPECIFIED: Encoding.PCM16,
    wire.LINEAR_PCM: Encoding.PCM16,
    wire.MULAW: Encoding.MULAW,
    wire.ALAW: Encoding.ALAW,
}
WAV_CODES = {1: Encoding.PCM16, 6: Encoding.ALAW, 7: Encoding.MULAW}
BITS = {Encoding.PCM16: 16, Encoding.ALAW: 8, Encoding.MULAW: 8}
LONGEST_HEADER = 4096


@dataclass(slots=True)
class StreamedSound:
    """Decodes a stream piece by piece; a WAV header at its beginning wins over what the client said."""

    encoding: Encoding
    rate: int
    _head: bytes = b""
    _reader: PcmReader | None = field(default=None)

    @classmethod
    def of(cls, config: wire.RecognitionConfig) -> "StreamedSound":
        """The sound that a client announces. Raises Refusal."""
        if config.encoding not in RAW:
            name = wire.AudioEncoding.Name(config.encoding)
            raise _refused(f"a stream of {name} was announced; expected LINEAR_PCM, MULAW, ALAW or a WAV file")
        if config.audio_channel_count > 1:
            raise _refused(f"{config.audio_channel_count} channels were announced; expected 1")
        return cls(RAW[config.encoding], config.sample_rate_hertz)

    def push(self, data: bytes) -> Samples:
        """The samples [n] that are complete by now. Raises Refusal."""
        if self._reader is None:
            self._head += data
            data = self._begin()
        return (self._reader or PcmReader(self.encoding)).read(data)

    def end(self) -> Samples:
        """Samples of a stream too short to tell whether it is a file. Raises AudioError for half a sample."""
        data = b""
        if self._reader is None:
            self._reader, data = PcmReader(self.encoding), self._head
        samples = self._reader.read(data)
        self._reader.end()
        return samples

    def _begin(self) -> bytes:
        """What follows the header, once it is clear whether there is one."""
        head = self._head
        if head[:4] == b"RIFF"[: len(head[:4])]:
            if (start := self._read_header(head)) is None:
                if len(head) > LONGEST_HEADER:
                    raise _refused(f"a WAV header of more than {LONGEST_HEADER} bytes came; send plain samples")
                return b""
            head = head[start:]
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise _refused(f"a sample rate of {self.rate} Hz was announced; expected {LOWEST_RATE} to {HIGHEST_RATE}")
        self._reader = PcmReader(self.encoding)
        return head

    def _read_header(self, head: bytes) -> int | None:
        """Where the samples begin, None while the header is not whole."""
        position = 12
        while position + 8 <= len(head):
            name, size = head[position : position + 4], int.from_bytes(head[position + 4 : position + 8], "little")
            if name == b"data":
                return position + 8
            if name == b"fmt " and position + 24 <= len(head):
                self._take_format(head[position + 8 : position + 24])
            position += 8 + size + size % 2
        return None

    def _take_format(self, data: bytes) -> None:
        code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", data)
        encoding = WAV_CODES.get(code)
        if encoding is None or bits != BITS[encoding] or channels != 1:
            raise _refused(
                f"a WAV stream of code {code}, {channels} channels, {bits} bits came; expected mono 16-bit PCM"
            )
        self.encoding, self.rate = encoding, rate


def _refused(message: str) -> Refusal:
    return Refusal(Reason.INVALID, message)
