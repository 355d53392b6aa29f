"""What a live stream tells its owner while it is heard."""

from dataclasses import dataclass
from enum import StrEnum

from speechtrt.runtime.asr.transcript import Alternative, Word


class Cause(StrEnum):
    """Why an utterance is over."""

    SILENCE = "silence"
    LENGTH = "length"
    END = "end"


@dataclass(frozen=True, slots=True)
class Partial:
    """The utterance so far. `stable` only grows until the utterance's final; `unstable` follows it, and may change.

    `seconds` of the stream have been heard. A newer partial replaces one that was not read yet.
    """

    utterance: int
    stable: str
    unstable: str
    seconds: float

    @property
    def text(self) -> str:
        """All of it."""
        return self.stable + self.unstable


@dataclass(frozen=True, slots=True)
class Final:
    """A finished utterance with at least one word; times are seconds from the start of the stream.

    `alternatives` are its readings, this text first, when the stream's options ask for more than one.
    """

    utterance: int
    text: str
    words: tuple[Word, ...]
    start: float
    end: float
    cause: Cause
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Audio from `start` on, `seconds` long, was not heard because the stream was too far behind."""

    start: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Degraded:
    """The service stands on another rung of its overload ladder: 0 is normal, `action` says what this rung does."""

    rung: int
    action: str
    reason: str


Event = Partial | Final | Dropped | Degraded
