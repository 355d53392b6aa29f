"""Does a voice still sound and read like its reference precision?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.audio import read_audio
from speechtrt.benchmarks.quality.closeness import Closeness, Reading, closeness
from speechtrt.benchmarks.quality.intelligibility import stoi, stoi_installed
from speechtrt.benchmarks.quality.readings import Script, read_aloud, write_down
from speechtrt.benchmarks.quality.spelling import plain_words
from speechtrt.engines.gate.quality import Observation
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.models.word_errors import character_errors, word_errors
from speechtrt.quality import EVERYTHING

TEXTS = 40
SEEDS = 3  # readings of each text


@dataclass(frozen=True, slots=True)
class Reader:
    """Everything that one engine set read, and what was heard of it; `heard` is empty without a recogniser."""

    readings: tuple[Reading, ...]
    heard: tuple[str, ...]


def shipped_scripts(voices: Sequence[str], texts: int, seeds: int) -> tuple[Script, ...]:
    """The evaluation sentences, those first that a speaker of this name has recorded, each with several seeds."""
    found = sorted(evaluation_utterances(), key=lambda u: u.voice not in voices)[:texts]
    return tuple(
        Script(f"{u.id}/{seed}", u.text, seed, u.path if u.voice in voices else None)
        for u in found
        for seed in range(seeds)
    )


def read_scripts(engines: Path, scripts: Sequence[Script], listener: Path | None) -> Reader:
    """Read everything aloud and listen to it. Raises ManifestError, IntegrityError, TextError or BackendError."""
    audios = read_aloud(engines, scripts)
    heard = write_down(listener, audios) if listener else []
    return Reader(tuple(map(Reading, audios)), tuple(heard))


def compare_readers(scripts: Sequence[Script], reader: Reader, reference: Reader) -> list[Observation]:
    """What each reading contributes to each metric.

    `mcd` and `log_mel_l1` are distances from a speaker's recording, the reference precision's own beside it; without a
    recording they are missing. `mcd_drift` and `stoi` compare with the reference precision's reading of the same seed.
    """
    observations: list[Observation] = []
    recordings = {s.recording: Reading(read_audio(s.recording)) for s in scripts if s.recording}
    for place, script in enumerate(scripts):
        ours, theirs = reader.readings[place], reference.readings[place]
        observations += _drift(script, ours, theirs)
        if script.recording:
            observations += _distances(script, ours, theirs, recordings[script.recording])
        if reader.heard:
            observations += _round_trip(script, reader.heard[place], reference.heard[place])
    return observations


def _drift(script: Script, ours: Reading, theirs: Reading) -> Iterator[Observation]:
    near = closeness(ours, theirs)
    yield Observation("mcd_drift", EVERYTHING, script.id, near.mcd_db, 0.0)
    yield Observation("duration_ratio", EVERYTHING, script.id, near.duration_ratio, 1.0)
    score = stoi(ours.audio, theirs.audio) if stoi_installed() else None
    if score is not None:
        yield Observation("stoi", EVERYTHING, script.id, score, 1.0)


def _distances(script: Script, ours: Reading, theirs: Reading, recording: Reading) -> Iterator[Observation]:
    found, expected = closeness(ours, recording), closeness(theirs, recording)
    for metric, value, reference in _named(found, expected):
        yield Observation(metric, EVERYTHING, script.id, value, reference)


def _named(found: Closeness, expected: Closeness) -> Iterator[tuple[str, float, float]]:
    yield "mcd", found.mcd_db, expected.mcd_db
    yield "log_mel_l1", found.log_mel_l1, expected.log_mel_l1
    yield "f0_rmse_cents", found.f0_rmse_cents, expected.f0_rmse_cents
    yield "voicing_error", found.voicing_error, expected.voicing_error


def _round_trip(script: Script, ours: str, theirs: str) -> Iterator[Observation]:
    text = plain_words(script.text)
    letters = character_errors([(text, ours)]), character_errors([(text, theirs)])
    words = word_errors([(text, ours)]), word_errors([(text, theirs)])
    for metric, (found, expected) in (("round_trip_cer", letters), ("round_trip_wer", words)):
        yield Observation(metric, EVERYTHING, script.id, found.edits, expected.edits, found.tokens)
