"""The voices of the training data: which program speaks, how fast and how high."""

import random
from dataclasses import dataclass
from enum import Enum


class Synthesizer(Enum):
    """Speech programs, by the name of their command and of their Debian package."""

    FLITE = "flite"
    ESPEAK = "espeak-ng"

    @property
    def label(self) -> str:
        """The name used in manifests."""
        return "flite" if self is Synthesizer.FLITE else "espeak"


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a synthesiser, by the program's own name."""

    synthesizer: Synthesizer
    name: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one sentence is said: `stretch` multiplies durations, `pitch` multiplies the voice's usual pitch."""

    stretch: float = 1.0
    pitch: float = 1.0


SLT = Voice(Synthesizer.FLITE, "slt")
RMS = Voice(Synthesizer.FLITE, "rms")
AWB = Voice(Synthesizer.FLITE, "awb")
KAL = Voice(Synthesizer.FLITE, "kal16")
ESPEAK_US = Voice(Synthesizer.ESPEAK, "en-us")
ESPEAK_ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-029")
ESPEAK_VARIANTS = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4")


def espeak_voices() -> tuple[Voice, ...]:
    """Every accent with every variant, plus plain American a few times more, since it is a voice people have."""
    voices = [Voice(Synthesizer.ESPEAK, accent + variant) for accent in ESPEAK_ACCENTS for variant in ESPEAK_VARIANTS]
    return (*[ESPEAK_US] * 8, *voices)


def random_delivery(rng: random.Random) -> Delivery:
    """A natural speed and pitch: 15 % either way."""
    return Delivery(stretch=round(rng.uniform(0.85, 1.15), 3), pitch=round(rng.uniform(0.88, 1.12), 3))
