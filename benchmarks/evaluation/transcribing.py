"""Every system hears every recording, unless the ledger says that it has."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import sha256_file
from speechtrt.benchmarks.evaluation.hearing import HearAlone, HearFiles, HearingSide
from speechtrt.benchmarks.evaluation.ledger import Heard, Ledger
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry, Manifest, Problem, Skipped
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.measure.child import Child

BATCH = 64  # recordings between two writes of the ledger
ALONE = 20  # recordings that are also heard one at a time


@dataclass(frozen=True, slots=True)
class Transcripts:
    """One system's rows by utterance id. `alone_seconds` is the median for a recording by itself; None if not measured.

    `peak_bytes` is its process's memory; None when nothing was left to hear.
    """

    system: System
    rows: dict[str, Heard]
    skipped: tuple[Skipped, ...]
    alone_seconds: float | None
    peak_bytes: int | None


def transcribe_all(
    systems: Sequence[System], manifest: Manifest, ledger: Ledger, report: Callable[[str], None]
) -> Iterator[Transcripts]:
    """One system after another. Raises StorageError, BackendError, ManifestError, IntegrityError or DataError."""
    hashes = {entry.id: sha256_file(entry.audio) for entry in manifest.entries}
    for system in systems:
        yield _transcribe(system, manifest, hashes, ledger, report)


def _transcribe(
    system: System, manifest: Manifest, hashes: dict[str, str], ledger: Ledger, report: Callable[[str], None]
) -> Transcripts:
    fingerprint = system.fingerprint
    keys = {entry.id: f"{fingerprint[:32]}{hashes[entry.id][:32]}" for entry in manifest.entries}
    waiting = [entry for entry in manifest.entries if keys[entry.id] not in ledger.rows]
    report(f"{system.name}: {len(waiting)} of {len(manifest.entries)} recordings to hear")
    peak, alone = None, None
    if waiting:
        with Child(system.name, HearingSide(system)) as child:
            for start in range(0, len(waiting), BATCH):
                part = waiting[start : start + BATCH]
                heard = child.call(HearFiles(tuple(entry.audio for entry in part)))
                peak = heard.peak_bytes
                total = sum(file.audio_seconds for file in heard.files) or 1.0
                ledger.append(
                    [
                        Heard(keys[e.id], f.text, f.audio_seconds, heard.seconds * f.audio_seconds / total, f.decibels)
                        for e, f in zip(part, heard.files, strict=True)
                        if f.text is not None
                    ]
                )
                report(f"{system.name}: {start + len(part)} of {len(waiting)} heard")
            alone = _alone(child.call(HearAlone(_first(manifest.entries))))
    rows = {entry.id: ledger.rows[keys[entry.id]] for entry in manifest.entries if keys[entry.id] in ledger.rows}
    missing = [Skipped(entry.id, Problem.UNREADABLE) for entry in manifest.entries if entry.id not in rows]
    return Transcripts(system, rows, tuple(missing), alone, peak)


def _first(entries: Sequence[Entry]) -> tuple[Path, ...]:
    return tuple(entry.audio for entry in entries[:ALONE])


def _alone(seconds: Sequence[float]) -> float | None:
    return statistics.median(seconds) if seconds else None
