"""What may differ from stream to stream."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from speechtrt.runtime.asr.decoding.base import DecodingChoice
from speechtrt.runtime.asr.endpoint import Endpointing
from speechtrt.runtime.asr.pcm import Encoding
from speechtrt.runtime.asr.vad import VoiceDetector


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How one stream is heard.

    `chunk_milliseconds`: a chunk size that the transcriber has open; None is the largest. `encoding`: what bytes
    mean; arrays need none. `decoding`: how frames become words, or what makes a decoder; None is the transcriber's
    own. `buffer_seconds`: how much audio may wait to be heard before `accept` waits. `partials`: whether there are
    events before an utterance ends. `detector`: makes a voice detector that says what silence is; None takes blanks
    for it, which costs nothing. `admitted`: somebody else has let the stream in, so overload does not refuse it.
    """

    chunk_milliseconds: int | None = None
    encoding: Encoding = Encoding.PCM16
    endpointing: Endpointing = field(default_factory=Endpointing)
    decoding: DecodingChoice | None = None
    buffer_seconds: float = 30.0
    partials: bool = True
    detector: Callable[[], VoiceDetector] | None = None
    admitted: bool = False

    @property
    def live(self) -> bool:
        """Whether somebody waits for every chunk; a recording may wait without end, and loses no audio."""
        return self.buffer_seconds < inf


LIVE = StreamOptions()
RECORDING = StreamOptions(endpointing=Endpointing(()), buffer_seconds=inf, partials=False)
