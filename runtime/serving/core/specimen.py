"""What a model makes of a few fixed inputs, and how alike two models are by that."""

from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from speechtrt.audio import Audio, Samples

BANDS = 24
FRAME = 512
FLOOR = 1e-8  # power of what counts as silence: a difference between two silences is none


@dataclass(frozen=True, slots=True)
class Said:
    """A recording and the words that a recogniser heard in it."""

    audio: Audio
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text and the sound that a voice made of it, with the seed 0."""

    text: str
    audio: Audio


@dataclass(frozen=True, slots=True)
class Specimen:
    """The first inference of a model: one of the two is empty."""

    said: tuple[Said, ...] = ()
    spoken: tuple[Spoken, ...] = ()


def word_disagreement(one: tuple[Said, ...], other: tuple[Said, ...]) -> float:
    """Share of words that two recognisers do not have in common, 0 to 1; 0 where neither heard any."""
    shares = [_disagreement(a.words, b.words) for a, b in zip(one, other, strict=True)]
    return float(np.mean(shares)) if shares else 0.0


def length_ratio(one: tuple[Spoken, ...], other: tuple[Spoken, ...]) -> float:
    """The largest factor between the lengths of two voices' sounds of one text, at least 1."""
    pairs = [(a.audio.seconds, b.audio.seconds) for a, b in zip(one, other, strict=True)]
    return max((max(pair) / max(min(pair), 1e-3) for pair in pairs), default=1.0)


def spectrum_difference(one: tuple[Spoken, ...], other: tuple[Spoken, ...]) -> float:
    """The largest mean difference of two voices' long-term spectra in dB, over bands up to the Nyquist frequency."""
    pairs = [(_spectrum(a.audio.samples), _spectrum(b.audio.samples)) for a, b in zip(one, other, strict=True)]
    return max((float(np.abs(a - b).mean()) for a, b in pairs), default=0.0)


def _disagreement(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    return 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()


def _spectrum(samples: Samples) -> Samples:
    """Power of each band in dB [BANDS]; NaN where the sound has NaN."""
    padded = np.pad(samples, (0, -len(samples) % FRAME if len(samples) else FRAME))
    frames = padded.reshape(-1, FRAME) * np.hanning(FRAME).astype(np.float32)
    power = (np.abs(np.fft.rfft(frames, axis=1)) ** 2).mean(axis=0)[1:] / FRAME
    bands = power[: len(power) // BANDS * BANDS].reshape(BANDS, -1).mean(axis=1)
    return np.asarray(10 * np.log10(bands + FLOOR), np.float32)
