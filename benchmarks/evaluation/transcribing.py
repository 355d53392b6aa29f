"""Every system hears every recording, unless the ledger says that it has."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import sha256_file
from speechtrt.benchmarks.evaluation.hearing import HearAlone, HearFiles, Hearing, HearingSide
from speechtrt.benchmarks.evaluation.ledger import Cost, Heard, Ledger
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry, Manifest, Problem, Skipped
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.measure.child import Child

LEDGER, COSTS = "asr_evaluation_ledger.jsonl", "asr_evaluation_costs.jsonl"
BATCH = 64  # recordings between two writes of the ledger
ALONE = 20  # recordings that are also heard one at a time


@dataclass(frozen=True, slots=True)
class Transcripts:
    """One system's rows by utterance id, and what it takes; `cost` None was not measured."""

    system: System
    rows: dict[str, Heard]
    skipped: tuple[Skipped, ...]
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What is kept between runs."""

    heard: Ledger[Heard]
    costs: Ledger[Cost]

    @classmethod
    def open(cls, folder: Path) -> "Ledgers":
        """Those of a study. Raises StorageError."""
        return cls(Ledger.open(folder / LEDGER, Heard), Ledger.open(folder / COSTS, Cost))


def transcribe_all(
    systems: Sequence[System], manifest: Manifest, ledgers: Ledgers, report: Callable[[str], None]
) -> Iterator[Transcripts]:
    """One system after another. Raises StorageError, BackendError, ManifestError, IntegrityError or DataError."""
    for ledger in (ledgers.heard, ledgers.costs):
        if ledger.cut:
            report(f"{ledger.path.name}: its last line was cut off and is dropped; what it told is done again")
    hashes = {entry.id: sha256_file(entry.audio) for entry in manifest.entries}
    for system in systems:
        yield _transcribe(system, manifest, hashes, ledgers, report)


def _transcribe(
    system: System, manifest: Manifest, hashes: dict[str, str], ledgers: Ledgers, report: Callable[[str], None]
) -> Transcripts:
    fingerprint = system.fingerprint
    keys = {entry.id: f"{fingerprint[:32]}{hashes[entry.id][:32]}" for entry in manifest.entries}
    waiting = [entry for entry in manifest.entries if keys[entry.id] not in ledgers.heard.rows]
    report(f"{system.name}: {len(waiting)} of {len(manifest.entries)} recordings to hear")
    if waiting or fingerprint not in ledgers.costs.rows:
        with Child(system.name, HearingSide(system)) as child:
            for start in range(0, len(waiting), BATCH):
                part = waiting[start : start + BATCH]
                ledgers.heard.append(_hear(child, part, keys))
                report(f"{system.name}: {start + len(part)} of {len(waiting)} heard")
            alone = child.call(HearAlone(_first(manifest.entries)))
        ledgers.costs.append([Cost(fingerprint, _median(alone.seconds), alone.peak_bytes)])
    found = {entry.id: ledgers.heard.rows.get(keys[entry.id]) for entry in manifest.entries}
    missing = tuple(Skipped(name, Problem.UNREADABLE) for name, row in found.items() if row is None)
    rows = {name: row for name, row in found.items() if row is not None}
    return Transcripts(system, rows, missing, ledgers.costs.rows[fingerprint])


def _hear(child: Child[Hearing], part: Sequence[Entry], keys: dict[str, str]) -> list[Heard]:
    heard = child.call(HearFiles(tuple(entry.audio for entry in part)))
    total = sum(file.audio_seconds for file in heard.files) or 1.0
    return [
        Heard(keys[e.id], f.text, f.audio_seconds, heard.seconds * f.audio_seconds / total, f.decibels)
        for e, f in zip(part, heard.files, strict=True)
        if f.text is not None
    ]


def _first(entries: Sequence[Entry]) -> tuple[Path, ...]:
    return tuple(entry.audio for entry in entries[:ALONE])


def _median(seconds: Sequence[float]) -> float | None:
    return statistics.median(seconds) if seconds else None
