"""The sets that the reference models are trained and judged on."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.errors import DataError
from speechtrt.models.data.dataset import Casting, make_set
from speechtrt.models.data.manifest import MANIFEST
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.data.voices import AWB, ESPEAK_US, KAL, RMS, SLT, Voice, espeak_voices

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
    """The reference sets: `slt` for the voice of the TTS, `train` and `held_out` for the CTC."""
    mixed = Casting((SLT,) * 360 + (RMS,) * 140 + (AWB,) * 60 + (KAL,) * 60 + _places(espeak_voices(), 380))
    return (
        SetPlan("slt", 3000, Split.TRAIN, Casting((SLT,), natural=False), 11, TTS_KINDS),
        SetPlan("train", 7000, Split.TRAIN, mixed, 12),
        SetPlan("held_out", 200, Split.HELD_OUT, Casting((SLT, RMS, ESPEAK_US)), 13),
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


def _places(voices: tuple[Voice, ...], count: int) -> tuple[Voice, ...]:
    """`count` places shared as evenly as possible: the voices are repeated in turn."""
    return tuple(voices[index % len(voices)] for index in range(count))
