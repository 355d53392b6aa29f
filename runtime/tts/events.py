"""What a step of the pipeline brings about, by number of the request."""

from dataclasses import dataclass

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.tts.speech import Speech, SpeechChunk


@dataclass(frozen=True, slots=True)
class Heard:
    """The next chunk of request number `index` exists."""

    index: int
    chunk: SpeechChunk


@dataclass(frozen=True, slots=True)
class Completion:
    """Request number `index` is finished; every chunk of `speech` was heard before."""

    index: int
    speech: Speech

    @property
    def seconds(self) -> float:
        """Time from submission to the last sample."""
        return self.speech.total_seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """Request number `index` ended without its speech."""

    index: int
    error: SpeechTRTError


Event = Heard | Completion | Failure
