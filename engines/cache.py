"""Built stages by the hash of everything that decides their content; two builders of one key do the work once."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import FileEntry, list_files, sha256_bytes, staged_folder, verify_file
from speechtrt.documents import SCHEMA, read_document, write_document

DEFAULT_CACHE = Path("build/cache")
CONTENTS = "contents.json"


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of one entry, as they were when it was made."""

    files: tuple[FileEntry, ...]
    schema: int = SCHEMA


def cache_key(parts: Mapping[str, object]) -> str:
    """Sha256 over named parts; the order of names does not matter."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())


def verify_entry(folder: Path) -> None:
    """Check an entry against its contents. Raises ManifestError or IntegrityError."""
    for file in read_document(folder / CONTENTS, Contents).files:
        verify_file(folder, file)


class EngineCache:
    """Folders below `root`/engines, one for each key. A folder that exists is complete."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "engines"

    def obtain(self, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of `key`; `make` fills it if no builder, in this process or another, has done so.

        The folder's time of change says when it was last asked for.
        """
        folder = self.folder / key
        with self.locked(key):
            if not folder.is_dir():
                with staged_folder(folder) as staging:
                    make(staging)
                    write_document(staging / CONTENTS, Contents(list_files(staging, exclude=CONTENTS)))
            os.utime(folder)
        return folder

    @contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Alone with a key. The kernel drops the lock when its holder dies, so a crash blocks nobody."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{key}.lock"
        while True:
            with path.open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if _is_at(path, file.fileno()):
                    yield
                    return

    def forget(self, key: str) -> None:
        """Remove an entry, whole or not at all, and its lock; who waits for the lock makes another."""
        with self.locked(key):
            doomed = self.folder / f".{key}.doomed"
            shutil.rmtree(doomed, ignore_errors=True)  # of a crash
            (self.folder / key).rename(doomed)
            shutil.rmtree(doomed)
            (self.folder / f"{key}.lock").unlink(missing_ok=True)


def _is_at(path: Path, handle: int) -> bool:
    """Whether an open file is still the one called `path`; a forgotten lock is not."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
