"""Engines that a guard has found wrong are suspended until they are validated again; a file beside them says so."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from speechtrt.artifact import remove_file, sha256_file
from speechtrt.documents import SCHEMA, read_document, write_document
from speechtrt.engine_set import ENGINE_FILE

SUSPENSION_FILE = "suspended.json"


@dataclass(frozen=True, slots=True)
class Suspension:
    """What was found in which stage, and when (UTC); it is about the build whose manifest has sha256 `engines`."""

    engines: str
    stage: str
    finding: str
    at: str
    schema: int = SCHEMA


def suspend(engines: Path, stage: str, finding: str) -> None:
    """Suspend the engine set in folder `engines`. Raises StorageError."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    suspension = Suspension(sha256_file(engines / ENGINE_FILE), stage, finding, at)
    write_document(engines / SUSPENSION_FILE, suspension)


def read_suspension(engines: Path) -> Suspension | None:
    """The suspension of the engine set in folder `engines`, or None. Raises ManifestError for a damaged one."""
    file = engines / SUSPENSION_FILE
    if not file.is_file():
        return None
    suspension = read_document(file, Suspension)
    return suspension if suspension.engines == sha256_file(engines / ENGINE_FILE) else None


def lift_suspension(engines: Path) -> bool:
    """Trust the engine set in folder `engines` again; whether it was suspended. Raises StorageError."""
    return remove_file(engines / SUSPENSION_FILE)
