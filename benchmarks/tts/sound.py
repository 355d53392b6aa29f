"""How the engines sound and read beside their reference precision, for the quality columns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.engine_sets import model_of
from speechtrt.benchmarks.quality.voice_check import SEEDS, TEXTS
from speechtrt.benchmarks.voices.evaluation import evaluate_voice
from speechtrt.benchmarks.voices.material import shipped_material
from speechtrt.precision import BackendName, Precision
from speechtrt.quality import QualityFigure

REFERENCE = f"{BackendName.ORT_CPU}-{Precision.FP32}"
QUICK_SENTENCES = 2


@dataclass(frozen=True, slots=True)
class Sound:
    """Judged figures of the headline's engine set against the reference precision."""

    figures: tuple[QualityFigure, ...]

    @property
    def passed(self) -> bool:
        """Whether no figure is worse than allowed: the 3 % rule."""
        return all(figure.passed for figure in self.figures)

    @property
    def numbers(self) -> dict[str, float]:
        """Flat: value, reference, delta and the interval's ends of each metric that could be computed."""
        fields = ("value", "reference", "delta", "low", "high")
        found = {f"quality.{f.metric}.{name}": getattr(f, name) for f in self.figures for name in fields}
        return {name: value for name, value in found.items() if value is not None} | {
            "quality.passed": float(self.passed)
        }


def listen(
    sides: Mapping[str, Path], listener: Path | None, quick: bool, report: Callable[[str], None]
) -> Sound | None:
    """Compare the first engine set with the reference precision; None when it is the only one."""
    best = next(iter(sides))
    if REFERENCE not in sides or best == REFERENCE:
        return None
    voices = [voice.name for voice in model_of(dict(sides)).voices]
    texts, seeds = (QUICK_SENTENCES, 1) if quick else (TEXTS, SEEDS)
    material = shipped_material(voices, texts, seeds)
    [side] = evaluate_voice({best: sides[best]}, sides[REFERENCE], material, listener, report).sides
    return Sound(side.figures)
