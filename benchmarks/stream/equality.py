"""Whether live streams say what the same engines hear in whole recordings, for every recording of the test sets."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.models.evaluation.utterances import EvaluationUtterance
from speechtrt.runtime.asr.endpoint import Endpointing
from speechtrt.runtime.asr.events import Final
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber

TOGETHER = 64
PACKETS = (320, 2560)  # samples; every packet of a stream has another size


@dataclass(frozen=True, slots=True)
class Equality:
    """Of so many utterances, those that live streams wrote down differently."""

    chunk_milliseconds: int
    utterances: int
    different: int


@dataclass(frozen=True, slots=True)
class CompareTexts:
    """All utterances through live streams, many at once and in packets of any size, and one by one as recordings."""

    engines: Path
    chunk_milliseconds: int
    utterances: tuple[EvaluationUtterance, ...]

    def __call__(self, _workload: object) -> Equality:
        """Hear everything twice. Raises AudioError or BackendError."""
        different, coming = 0, iter(self.utterances)
        with self._open(TOGETHER) as together, self._open(1) as alone:
            while group := list(islice(coming, TOGETHER)):
                audios = [read_audio(utterance.path).resampled(RATE) for utterance in group]
                offline = [transcript.text for transcript in alone.transcribe_many(audios)]
                different += sum(a != b for a, b in zip(offline, self._live(together, audios), strict=True))
        return Equality(self.chunk_milliseconds, len(self.utterances), different)

    def _open(self, streams: int) -> Transcriber:
        return Transcriber.open(self.engines, (self.chunk_milliseconds,), slots=streams)

    def _live(self, transcriber: Transcriber, audios: Sequence[Audio]) -> list[str]:
        chance, options = random.Random(0), StreamOptions(endpointing=Endpointing(()))
        streams = [transcriber.stream(options) for _ in audios]
        talking = [(stream, _packets(audio, chance)) for stream, audio in zip(streams, audios, strict=True)]
        while talking:
            talking = [(stream, packets) for stream, packets in talking if _talk(stream, packets)]
        return [" ".join(event.text for event in stream if isinstance(event, Final)) for stream in streams]


def _packets(audio: Audio, chance: random.Random) -> Iterator[Audio]:
    start = 0
    while start < len(audio.samples):
        size = chance.randint(*PACKETS)
        yield Audio(audio.samples[start : start + size], audio.rate)
        start += size


def _talk(stream: Stream, packets: Iterator[Audio]) -> bool:
    """Send the next packet, or the end; whether the stream goes on."""
    packet = next(packets, None)
    if packet is None:
        stream.end()
        return False
    stream.accept(packet.samples, packet.rate)
    return True
