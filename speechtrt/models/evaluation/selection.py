"""Pick a small, even share of a held-out set and keep it as FLAC."""

import random
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec
import soundfile

from speechtrt.artifact import write_bytes
from speechtrt.audio import read_audio
from speechtrt.models.data.manifest import Utterance, read_manifest
from speechtrt.models.evaluation.utterances import TEXTS, SpokenText

SECONDS = (1.0, 4.0)


def write_selection(held_out: Path, target: Path, count: int, seed: int) -> int:
    """Copy `count` utterances of the set `held_out` to `target`, the same number of each voice; returns their bytes."""
    chosen = _choose(read_manifest(held_out), count, seed)
    texts = [SpokenText(u.id, u.text, u.voice, f"{u.id}.flac", u.seconds) for u in chosen]
    target.mkdir(parents=True, exist_ok=True)
    for utterance, text in zip(chosen, texts, strict=True):
        audio = read_audio(held_out / utterance.audio)
        soundfile.write(target / text.audio, audio.samples, audio.rate, format="FLAC", subtype="PCM_16")
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
