"""What a recogniser hears while it is checked and calibrated: the evaluation recordings, or made-up sounds."""

from pathlib import Path

import numpy as np

import speechtrt.models
from speechtrt.audio import Samples, read_audio

EVALUATION = Path(speechtrt.models.__file__).parent / "evaluation"


def recordings(rate: int, seconds: float) -> list[Samples]:
    """Real speech at `rate` Hz, joined to pieces of at least `seconds`; made-up sounds where there is none."""
    files = sorted(EVALUATION.glob("*.flac"))
    heard = [read_audio(path).resampled(rate).samples for path in files]
    if not heard:
        heard = [made_up(rate, seed) for seed in range(8)]
    return _join(heard, round(rate * seconds))


def made_up(rate: int, seed: int, seconds: float = 3.0) -> Samples:
    """Noise and a rising tone that swell like syllables."""
    generator = np.random.default_rng(seed)
    times = np.arange(round(rate * seconds)) / rate
    swell = 0.5 * (1 + np.sin(2 * np.pi * (2 + 0.3 * seed) * times))
    tone = np.sin(2 * np.pi * (150 + 40 * seed + 200 * times) * times)
    return (swell * (0.05 * generator.normal(size=len(times)) + 0.2 * tone)).astype(np.float32)


def _join(pieces: list[Samples], least: int) -> list[Samples]:
    """Each piece followed by its successors, around the list, until it is long enough."""
    joined = []
    for first in range(len(pieces)):
        whole = pieces[first]
        following = first
        while len(whole) < least:
            following = (following + 1) % len(pieces)
            whole = np.concatenate([whole, pieces[following]])
        joined.append(whole)
    return joined
