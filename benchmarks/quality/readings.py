"""Texts read by an engine set, and what the reference recogniser hears of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.audio import Audio
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.tts.opening import open_pipeline
from speechtrt.runtime.tts.speech import SpeechRequest

SLOTS = 16


@dataclass(frozen=True, slots=True)
class Script:
    """A text to read, with the seed of the voice's own randomness. `recording` is how a speaker read it, if known."""

    id: str
    text: str
    seed: int
    recording: Path | None = None


def read_aloud(engines: Path, scripts: Sequence[Script], threads: int | None = None) -> list[Audio]:
    """Every script read by the engine set. Raises ManifestError, IntegrityError, TextError or BackendError."""
    with open_pipeline(engines, SLOTS, threads) as pipeline:
        spoken = pipeline.synthesize_many([SpeechRequest(script.text, seed=script.seed) for script in scripts])
    return [speech.audio for speech in spoken]


def write_down(engines: Path, audios: Sequence[Audio]) -> list[str]:
    """What a CTC engine set hears, greedily, with its largest chunk. Raises ManifestError or BackendError."""
    with Transcriber.open(engines, slots=SLOTS) as transcriber:
        return [transcript.text for transcript in transcriber.transcribe_many(audios)]
