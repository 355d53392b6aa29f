"""Sets whose words are tones: made in milliseconds, with phones like flite's for every other utterance."""

from pathlib import Path

import numpy as np

from speechtrt.audio import Audio, write_wav
from speechtrt.models.data.manifest import Utterance, write_manifest

WORDS = ("one", "two", "three", "red", "blue", "lamp")


def speak_tones(folder: Path, count: int, seed: int) -> None:
    """Write a set of `count` utterances of three words, 0.9 s each."""
    rng = np.random.default_rng(seed)
    utterances = []
    for number in range(count):
        words = rng.choice(WORDS, size=3)
        tones = [np.sin(np.arange(4800) * (0.1 + 0.05 * WORDS.index(word))) for word in words]
        samples = (0.3 * np.concatenate(tones)).astype(np.float32)
        name = f"wav/{number:06d}.wav"
        write_wav(folder / name, Audio(samples, 16_000))
        phones = (("pau", 0.2), ("aa", 0.6), ("t", 0.9)) if number % 2 else None
        voice = ("flite", "slt") if number % 2 else ("espeak", "en-us")
        utterances.append(Utterance(f"{number:06d}", " ".join(words), *voice, name, 0.9, phones))
    write_manifest(folder, utterances)
