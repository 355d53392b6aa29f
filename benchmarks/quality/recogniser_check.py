"""Does a recogniser still write the same words as its reference precision?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.quality.readings import write_down
from speechtrt.benchmarks.quality.spelling import plain_words
from speechtrt.engines.gate.quality import Observation
from speechtrt.models.evaluation.utterances import dialect_utterances, evaluation_utterances
from speechtrt.models.word_errors import character_errors, word_errors


@dataclass(frozen=True, slots=True)
class Recording:
    """Something that was said, by a speaker of a group: of a dialect, or a voice that belongs to none."""

    id: str
    group: str
    speaker: str
    text: str
    audio: Audio


def shipped_recordings() -> tuple[Recording, ...]:
    """The recordings of the dialect groups, and those that belong to none. Raises DataError or AudioError."""
    sets = (("dialects", dialect_utterances()), ("plain", evaluation_utterances()))
    return tuple(
        Recording(f"{name}/{u.id}", u.dialect or u.voice, u.voice, plain_words(u.text), read_audio(u.path))
        for name, utterances in sets
        for u in utterances
    )


def hear(engines: Path, recordings: Sequence[Recording]) -> list[str]:
    """What an engine set writes down. Raises ManifestError or BackendError."""
    return write_down(engines, [recording.audio for recording in recordings])


def compare_texts(recordings: Sequence[Recording], texts: Sequence[str], reference: Sequence[str]) -> list[Observation]:
    """Word and character errors of each recording under both engine sets."""
    observations = []
    for recording, ours, theirs in zip(recordings, texts, reference, strict=True):
        for metric, count in (("wer", word_errors), ("cer", character_errors)):
            found, expected = count([(recording.text, ours)]), count([(recording.text, theirs)])
            observations.append(
                Observation(metric, recording.group, recording.id, found.edits, expected.edits, found.tokens)
            )
    return observations
