"""The sets that the reference models are trained and judged on."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import DataError
from speechtrt.models.data.dataset import Casting, make_set
from speechtrt.models.data.dialects import Dialect
from speechtrt.models.data.manifest import MANIFEST
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.data.voices import (
    AWB,
    ESPEAK_US,
    HELD_OUT_VARIANTS,
    KAL,
    RMS,
    SLT,
    TRAINING_VARIANTS,
    Voice,
    dialect_voices,
    mixed_voices,
)

TTS_KINDS = ("home", "calendar", "travel", "weather", "message", "question", "story", "story", "free", "free")


@dataclass(frozen=True, slots=True)
class SetPlan:
    """A named set: how many sentences of which split and kinds, spoken by whom."""

    name: str
    count: int
    split: Split
    casting: Casting
    seed: int
    kinds: tuple[str, ...] | None = None


def plans() -> tuple[SetPlan, ...]:
    """The reference sets.

    `slt` is for the voice of the TTS. `dialects` (and `dialects_more`, for models that can use it) train the CTC
    models, `dialect_dev` is watched meanwhile and `dialect_test` judges them: held-out voices and sentences. `train`
    and `held_out` are those of the base model that they start from, without the five groups.
    """
    mixed = Casting((SLT,) * 360 + (RMS,) * 140 + (AWB,) * 60 + (KAL,) * 60 + _places(mixed_voices(), 380))
    return (
        SetPlan("slt", 3000, Split.TRAIN, Casting((SLT,), natural=False), 11, TTS_KINDS),
        SetPlan("train", 7000, Split.TRAIN, mixed, 12),
        SetPlan("held_out", 200, Split.HELD_OUT, Casting((SLT, RMS, ESPEAK_US)), 13),
        SetPlan("dialects", 12_000, Split.TRAIN, Casting(_training_voices(), conditions=True), 21),
        SetPlan("dialects_more", 48_000, Split.TRAIN, Casting(_training_voices(), conditions=True), 22),
        SetPlan("dialect_dev", 100, Split.HELD_OUT, Casting(_held_out_voices(), in_turn=True), 23),
        SetPlan("dialect_test", 500, Split.HELD_OUT, Casting(_held_out_voices(), in_turn=True), 24),
    )


def make_plan(root: Path, plan: SetPlan, workers: int | None = None) -> int:
    """Make the set below `root` unless it is whole already; the number of utterances spoken now."""
    if (root / plan.name / MANIFEST).is_file():
        return 0
    texts = sentences(plan.count, plan.seed, plan.split, plan.kinds)
    return len(make_set(root / plan.name, texts, plan.casting, plan.seed, workers))


def choose(names: tuple[str, ...]) -> tuple[SetPlan, ...]:
    """The plans called `names`, or all. Raises DataError for a name that is none."""
    known = {plan.name: plan for plan in plans()}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise DataError(f"there is no set {unknown[0]!r}; expected {', '.join(known)}")
    return tuple(known[name] for name in names or known)


def _training_voices() -> tuple[Voice, ...]:
    """A hundred places for each group; the voices that flite has of it take a quarter or more."""
    flite = {Dialect.STANDARD: _places((SLT, SLT, RMS, KAL), 50), Dialect.BRITISH: (AWB,) * 25}
    places = []
    for dialect in Dialect:
        natural = flite.get(dialect, ())
        places += [*natural, *_places(dialect_voices(dialect, TRAINING_VARIANTS), 100 - len(natural))]
    return tuple(places)


def _held_out_voices() -> tuple[Voice, ...]:
    """The groups in turn, each with its held-out voices in turn."""
    turns = [_places(dialect_voices(dialect, HELD_OUT_VARIANTS), 20) for dialect in Dialect]
    return tuple(voice for turn in zip(*turns, strict=True) for voice in turn)


def _places(voices: tuple[Voice, ...], count: int) -> tuple[Voice, ...]:
    """`count` places shared as evenly as possible: the voices are repeated in turn."""
    return tuple(voices[index % len(voices)] for index in range(count))
