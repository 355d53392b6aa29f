"""Copy utterances of a made set into a small folder that can ship: FLAC or Opus, and their texts."""

import random
from collections.abc import Sequence
from enum import Enum
from itertools import groupby
from pathlib import Path

import msgspec
import soundfile

from speechtrt.artifact import write_bytes
from speechtrt.audio import read_audio
from speechtrt.models.data.manifest import Utterance, read_manifest
from speechtrt.models.evaluation.utterances import TEXTS, SpokenText

SECONDS = (1.0, 4.0)


class Encoding(Enum):
    """How recordings are compressed: without loss, or to about 25 kbit/s."""

    FLAC = "flac"
    OPUS = "opus"

    def write(self, path: Path, samples: object, rate: int) -> None:
        """Compress mono samples in [-1, 1]."""
        if self is Encoding.FLAC:
            soundfile.write(path, samples, rate, format="FLAC", subtype="PCM_16")
        else:
            soundfile.write(path, samples, rate, format="OGG", subtype="OPUS")


def write_selection(held_out: Path, target: Path, count: int, seed: int) -> int:
    """Copy `count` utterances of the set `held_out` to `target`, the same number of each voice; returns their bytes."""
    chosen = _choose(read_manifest(held_out), count, seed)
    return _ship(held_out, target, chosen, Encoding.FLAC)


def write_test_set(folder: Path, target: Path) -> int:
    """Copy the whole set in `folder` to `target` as Opus; returns the bytes of its recordings."""
    return _ship(folder, target, read_manifest(folder), Encoding.OPUS)


def _ship(folder: Path, target: Path, utterances: Sequence[Utterance], encoding: Encoding) -> int:
    texts = [SpokenText(u.id, u.text, u.voice, f"{u.id}.{encoding.value}", u.seconds, u.dialect) for u in utterances]
    target.mkdir(parents=True, exist_ok=True)
    for utterance, text in zip(utterances, texts, strict=True):
        audio = read_audio(folder / utterance.audio)
        encoding.write(target / text.audio, audio.samples, audio.rate)
    write_bytes(target / TEXTS, msgspec.json.Encoder().encode_lines(texts))
    return sum((target / text.audio).stat().st_size for text in texts)


def _choose(utterances: Sequence[Utterance], count: int, seed: int) -> list[Utterance]:
    rng = random.Random(seed)
    fitting = sorted((u for u in utterances if SECONDS[0] <= u.seconds <= SECONDS[1]), key=lambda u: (u.voice, u.id))
    by_voice = [list(group) for _, group in groupby(fitting, key=lambda u: u.voice)]
    for group in by_voice:
        rng.shuffle(group)
    turns = [group[turn] for turn in range(max(map(len, by_voice))) for group in by_voice if turn < len(group)]
    return sorted(turns[:count], key=lambda u: u.id)
