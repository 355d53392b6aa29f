"""What was heard and measured, a JSON object a line, so that a run that was killed goes on where it was."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from speechtrt.errors import StorageError


@dataclass(frozen=True, slots=True)
class Heard:
    """The text of one recording by one system. `key` names both by hash; `compute_seconds` is its share of a batch.

    `decibels` is an estimate of the recording's signal-to-noise ratio.
    """

    key: str
    text: str
    audio_seconds: float
    compute_seconds: float
    decibels: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What a system takes: the median for a recording by itself, and its process's memory. `key` is its fingerprint."""

    key: str
    alone_seconds: float | None
    peak_bytes: int


class Row(Protocol):
    """A line; of two with one key the later counts."""

    @property
    def key(self) -> str:
        """What it is about."""


R = TypeVar("R", bound=Row)


@dataclass(slots=True)
class Ledger(Generic[R]):
    """Rows of one type by key, and the file that they are appended to."""

    path: Path
    rows: dict[str, R] = field(default_factory=dict)
    cut: bool = False  # whether the last line was cut off, and dropped

    @classmethod
    def open(cls, path: Path, kind: type[R]) -> "Ledger[R]":
        """Read what is there. A last line that was cut off is dropped. Raises StorageError."""
        ledger = cls(path)
        decoder = msgspec.json.Decoder(kind)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            data = path.read_bytes() if path.exists() else b""
            whole = data.rfind(b"\n") + 1
            ledger.cut = whole < len(data)
            if ledger.cut:
                with path.open("r+b") as file:
                    file.truncate(whole)
            for row in decoder.decode_lines(data[:whole]):
                ledger.rows[row.key] = row
        except OSError as error:
            raise StorageError(f"{path}: cannot be used ({error.strerror}); choose another --out") from error
        except msgspec.MsgspecError as error:
            raise StorageError(f"{path}: is no ledger of an evaluation ({error}); move it away") from error
        return ledger

    def append(self, rows: list[R]) -> None:
        """Keep rows; they are on disk when this returns. Raises StorageError."""
        try:
            with self.path.open("ab") as file:
                file.write(msgspec.json.Encoder().encode_lines(rows))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"{self.path}: cannot be written ({error.strerror}); what was heard so far is kept, so make room and "
                "run the same command again"
            ) from error
        self.rows |= {row.key: row for row in rows}
