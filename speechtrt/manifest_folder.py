"""A folder whose manifest lists its files with their hashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from speechtrt.artifact import FileEntry, verify_file


class Manifest(Protocol):
    """What lists files."""

    @property
    def files(self) -> Sequence[FileEntry]:
        """Every file of the folder but the manifest."""

    def file(self, path: str) -> FileEntry:
        """The entry of a listed file. Raises ManifestError."""


M = TypeVar("M", bound=Manifest)


@dataclass(frozen=True, slots=True)
class ManifestFolder(Generic[M]):
    """A parsed manifest and where its files are. Files are checked when they are asked for."""

    path: Path
    manifest: M

    def file(self, name: str) -> Path:
        """Path of a listed file with the right hash. Raises ManifestError or IntegrityError."""
        return verify_file(self.path, self.manifest.file(name))

    def verify(self) -> None:
        """Check every listed file. Raises IntegrityError."""
        for entry in self.manifest.files:
            verify_file(self.path, entry)
