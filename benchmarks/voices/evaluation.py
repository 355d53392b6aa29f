"""Every precision of a voice reads, is listened to, and is compared with the reference precision."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.quality.judging import judge
from speechtrt.benchmarks.quality.opinion import Dnsmos, dnsmos_installed, pesq, pesq_installed
from speechtrt.benchmarks.quality.readings import Script
from speechtrt.benchmarks.quality.voice_check import Reader, compare_readers, read_scripts
from speechtrt.benchmarks.voices.material import Material
from speechtrt.engines.gate.quality import Observation
from speechtrt.quality import EVERYTHING, QualityFigure


@dataclass(frozen=True, slots=True)
class SideEvaluation:
    """One engine set beside the reference: what it read, what each reading contributed, and the judged figures."""

    side: str
    reader: Reader
    observations: tuple[Observation, ...]
    figures: tuple[QualityFigure, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is worse than allowed: the 3 % rule."""
        return all(figure.passed for figure in self.figures)


@dataclass(frozen=True, slots=True)
class VoiceEvaluation:
    """All sides; `reference` read the same scripts."""

    material: Material
    reference: Reader
    sides: tuple[SideEvaluation, ...]


def evaluate_voice(
    sides: Mapping[str, Path],
    reference: Path,
    material: Material,
    listener: Path | None,
    report: Callable[[str], None],
) -> VoiceEvaluation:
    """Read, listen and compare. Raises SpeechTRTError."""
    report(f"reference: {len(material.scripts)} readings")
    theirs = read_scripts(reference, material.scripts, listener)
    opinions = _Opinions.of(theirs)
    done = []
    for side, engines in sides.items():
        report(f"{side}: {len(material.scripts)} readings")
        ours = read_scripts(engines, material.scripts, listener)
        observations = (*compare_readers(material.scripts, ours, theirs), *opinions.observe(material.scripts, ours))
        done.append(SideEvaluation(side, ours, observations, judge(observations, material.blocks)))
    return VoiceEvaluation(material, theirs, tuple(done))


@dataclass(frozen=True, slots=True)
class _Opinions:
    """What models of listeners think, where they are installed; the reference is judged once."""

    reference: Reader
    network: Dnsmos | None
    overall: tuple[float, ...]

    @classmethod
    def of(cls, reference: Reader) -> "_Opinions":
        network = Dnsmos.open() if dnsmos_installed() else None
        readings = reference.readings if network else ()
        return cls(reference, network, tuple(network.judge(r.audio).overall for r in readings if network))

    def observe(self, scripts: tuple[Script, ...], reader: Reader) -> list[Observation]:
        found: list[Observation] = []
        for place, script in enumerate(scripts):
            ours, theirs = reader.readings[place].audio, self.reference.readings[place].audio
            if self.network:
                score = self.network.judge(ours).overall
                found.append(Observation("dnsmos", EVERYTHING, script.id, score, self.overall[place]))
            if pesq_installed() and (heard := pesq(ours, theirs)) is not None:
                best = pesq(theirs, theirs)
                found.append(Observation("pesq", EVERYTHING, script.id, heard, best if best is not None else heard))
        return found
