"""The quality check that gates use: both engine sets speak or listen, and what differs is judged."""

from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.artifact import sha256_file
from speechtrt.benchmarks.quality.judging import judge
from speechtrt.benchmarks.quality.recogniser_check import compare_texts, hear, shipped_recordings
from speechtrt.benchmarks.quality.voice_check import (
    SEEDS,
    TEXTS,
    Reader,
    compare_readers,
    read_scripts,
    shipped_scripts,
)
from speechtrt.bundle import Task
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.engines.gate.quality import Observation, QualityReport


@dataclass(frozen=True, slots=True)
class SpeechQuality:
    """Quality over the package's evaluation sentences and recordings.

    A voice reads `texts` sentences with `seeds` seeds each; `listener` is the CTC engine set that writes down what it
    says, and without one there is no round trip. What the
    reference precision said or heard is kept, so that many candidates are compared with it at the cost of one.
    """

    listener: Path | None = None
    texts: int = TEXTS
    seeds: int = SEEDS
    _readers: dict[str, Reader] = field(default_factory=dict)
    _texts: dict[str, list[str]] = field(default_factory=dict)

    def compare(self, engines: Path, reference: Path) -> QualityReport:
        """Quality of the set in `engines` next to the set in `reference`. Raises SpeechTRTError."""
        model = EngineFolder.open(engines).manifest.model
        if model.task is Task.CTC:
            return self._compare_recognisers(engines, reference)
        return self._compare_voices(engines, reference, tuple(voice.name for voice in model.voices))

    def _compare_voices(self, engines: Path, reference: Path, voices: tuple[str, ...]) -> QualityReport:
        scripts = shipped_scripts(voices, self.texts, self.seeds)
        key = sha256_file(reference / ENGINE_FILE)
        if key not in self._readers:
            self._readers[key] = read_scripts(reference, scripts, self.listener)
        reader = read_scripts(engines, scripts, self.listener)
        observations = compare_readers(scripts, reader, self._readers[key])
        return _report(observations, {s.id: s.id.partition("/")[0] for s in scripts})

    def _compare_recognisers(self, engines: Path, reference: Path) -> QualityReport:
        recordings = shipped_recordings()
        key = sha256_file(reference / ENGINE_FILE)
        if key not in self._texts:
            self._texts[key] = hear(reference, recordings)
        observations = compare_texts(recordings, hear(engines, recordings), self._texts[key])
        return _report(observations, {r.id: r.speaker for r in recordings})


def _report(observations: list[Observation], blocks: dict[str, str]) -> QualityReport:
    return QualityReport(judge(observations, blocks), tuple(observations))
