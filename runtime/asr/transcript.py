"""What was heard, word by word."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its start and end in seconds and the model's confidence in [0, 1]."""

    word: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """A reading of an utterance; `score`, a natural logarithm, orders the readings of one utterance."""

    text: str
    words: tuple[Word, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of an audio of `duration_seconds`; `alternatives` are readings of it, the best first, if asked for."""

    text: str
    words: tuple[Word, ...]
    duration_seconds: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcription:
    """The transcript of recording number `index`, finished `seconds` after all were handed in."""

    index: int
    transcript: Transcript
    seconds: float
