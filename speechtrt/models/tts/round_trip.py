"""Judge a voice by ear: held-out sentences spoken freely, written down by the CTC model, compared with the text."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from speechtrt.documents import SCHEMA
from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.software import Software, read_software
from speechtrt.models.tts.listening import Ear
from speechtrt.models.tts.speaking import ReferenceVoice, Spoken, speak
from speechtrt.models.vocoder.crops import read_recording
from speechtrt.models.vocoder.mel import HOP, LogMel
from speechtrt.models.word_errors import character_errors, word_errors

_MARKS = str.maketrans("", "", string.punctuation.replace("'", ""))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A held-out sentence as the original synthesiser speaks it: samples [n] and log-mel [frames, 80]."""

    text: str
    samples: Tensor
    mel: Tensor


@dataclass(frozen=True, slots=True)
class RoundTripLoad:
    """What was spoken, and how."""

    set: str
    sentences: int
    characters: int
    listener: str
    synthesis: str = "transformers generate_speech, fp32, one sentence at a time"


@dataclass(frozen=True, slots=True)
class RoundTripTrial:
    """One sentence: what was heard of the voice, of the vocoder alone, and of the original recording."""

    text: str
    heard: str
    heard_copy: str
    heard_original: str
    duration_ratio: float
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip:
    """A result document of kind `tts_reference`."""

    schema: int = SCHEMA
    kind: str = "tts_reference"
    environment: Software
    load: RoundTripLoad
    trials: tuple[RoundTripTrial, ...]
    summary: dict[str, float]
    valid: Literal[True] | tuple[str, ...] = True


def read_sentences(folder: Path) -> list[Sentence]:
    """The recordings of a set. Raises DataError."""
    mel = LogMel()
    spoken = [(item.text, read_recording(folder / item.audio, mel)) for item in read_manifest(folder)]
    return [Sentence(text, recording.samples.float() / 32768.0, recording.mel) for text, recording in spoken]


def round_trip(voice: ReferenceVoice, listener: Ear, sentences: Sequence[Sentence], name: str) -> RoundTrip:
    """Speak, listen, count; sentence number i is spoken with seed i."""
    spoken = [speak(voice, sentence.text, seed) for seed, sentence in enumerate(sentences)]
    trials = _trials(voice, listener, sentences, spoken)
    characters = sum(len(trial.text) for trial in trials)
    return RoundTrip(
        environment=read_software(),
        load=RoundTripLoad(name, len(trials), characters, f"{listener.name}, greedy, largest look-ahead"),
        trials=tuple(trials),
        summary=_summary(trials),
    )


def _trials(
    voice: ReferenceVoice, listener: Ear, sentences: Sequence[Sentence], spoken: Sequence[Spoken]
) -> list[RoundTripTrial]:
    with torch.no_grad():
        copies = [voice.vocoder(sentence.mel) for sentence in sentences]
    heard = listener.write_down([one.samples for one in spoken])
    heard_copies = listener.write_down(copies)
    heard_originals = listener.write_down([sentence.samples for sentence in sentences])
    return [
        RoundTripTrial(
            text=sentence.text.lower().translate(_MARKS),
            heard=heard[index],
            heard_copy=heard_copies[index],
            heard_original=heard_originals[index],
            duration_ratio=round(len(spoken[index].mel) * HOP / len(sentence.samples), 4),
            stopped=spoken[index].stopped,
        )
        for index, sentence in enumerate(sentences)
    ]


def _summary(trials: Sequence[RoundTripTrial]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, heard in (
        ("", [trial.heard for trial in trials]),
        ("copy_", [trial.heard_copy for trial in trials]),
        ("original_", [trial.heard_original for trial in trials]),
    ):
        pairs = [(trial.text, text) for trial, text in zip(trials, heard, strict=True)]
        figures[f"{name}cer"] = round(character_errors(pairs).rate, 5)
        figures[f"{name}wer"] = round(word_errors(pairs).rate, 5)
    figures["duration_ratio"] = round(sum(trial.duration_ratio for trial in trials) / len(trials), 4)
    figures["stopped_share"] = sum(trial.stopped for trial in trials) / len(trials)
    return figures
