"""The voices of the training data: which program speaks, in which dialect, how fast and how high."""

import random
from dataclasses import dataclass
from enum import Enum

from speechtrt.models.data.accents import load_accents
from speechtrt.models.data.dialects import Dialect


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
    """A voice of a synthesiser, by the program's own name, and the dialect group it stands for, if any."""

    synthesizer: Synthesizer
    name: str
    dialect: Dialect | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one sentence is said: `stretch` multiplies durations, `pitch` multiplies the voice's usual pitch."""

    stretch: float = 1.0
    pitch: float = 1.0


SLT = Voice(Synthesizer.FLITE, "slt", Dialect.STANDARD)
RMS = Voice(Synthesizer.FLITE, "rms", Dialect.STANDARD)
KAL = Voice(Synthesizer.FLITE, "kal16", Dialect.STANDARD)
AWB = Voice(Synthesizer.FLITE, "awb", Dialect.BRITISH)  # a Scot
# espeak-ng's own languages of a group; the accents of `accents.toml` are spoken by rule
NATIVE = {
    Dialect.STANDARD: ("en-us",),
    Dialect.BRITISH: ("en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd"),
}
TRAINING_VARIANTS = ("", "+m1", "+m3", "+m4", "+m6", "+m7", "+m8", "+f1", "+f2", "+f4")
HELD_OUT_VARIANTS = ("+m2", "+m5", "+f3", "+f5")  # in no training set
MIXED_ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-us-nyc", "en-gb-scotland", "en-029")
MIXED_VARIANTS = ("", "+m1", "+m3", "+m7", "+f1", "+f2", "+f4")


def espeak_voice(name: str) -> Voice:
    """A voice that reads English by itself, in the group that its language belongs to."""
    language = name.partition("+")[0]
    groups = (dialect for dialect, languages in NATIVE.items() if language in languages)
    return Voice(Synthesizer.ESPEAK, name, next(groups, None))


ESPEAK_US = espeak_voice("en-us")


def mixed_voices() -> tuple[Voice, ...]:
    """Six accents with seven variants, plus plain American a few times more, since it is a voice people have."""
    voices = [espeak_voice(accent + variant) for accent in MIXED_ACCENTS for variant in MIXED_VARIANTS]
    return (*[ESPEAK_US] * 8, *voices)


def dialect_voices(dialect: Dialect, variants: tuple[str, ...]) -> tuple[Voice, ...]:
    """espeak-ng's voices of a group, one for each base voice and variant."""
    bases = NATIVE.get(dialect) or (load_accents()[dialect.value].speaker,)
    return tuple(Voice(Synthesizer.ESPEAK, base + variant, dialect) for base in bases for variant in variants)


def random_delivery(rng: random.Random) -> Delivery:
    """A natural speed and pitch: 15 % either way."""
    return Delivery(stretch=round(rng.uniform(0.85, 1.15), 3), pitch=round(rng.uniform(0.88, 1.12), 3))
