"""Files and folders that appear whole or not at all, each known by its sha256."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from speechtrt.errors import IntegrityError, ManifestError, StorageError

REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of an artefact: path relative to its folder, with the content's sha256 and size."""

    path: str
    sha256: str
    bytes: int


def sha256_bytes(data: bytes) -> str:
    """Hex sha256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_files(folder: Path, exclude: str) -> tuple[FileEntry, ...]:
    """Every file below `folder` except the one called `exclude`, in path order."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != exclude)
    return tuple(FileEntry(p.relative_to(folder).as_posix(), sha256_file(p), p.stat().st_size) for p in files)


def verify_file(folder: Path, entry: FileEntry) -> Path:
    """The checked path of `entry`. Raises IntegrityError when it is missing, changed, or outside `folder`."""
    path = folder / entry.path
    if PurePosixPath(entry.path).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise ManifestError(
            f"{folder}: lists the file {entry.path}, which lies outside of it; do not use this artefact"
        )
    if not path.is_file():
        raise IntegrityError(f"{path}: is missing; its manifest lists it, so write the artefact again")
    found = sha256_file(path)
    if found != entry.sha256:
        raise IntegrityError(
            f"{path}: has sha256 {found[:12]}..., its manifest expects {entry.sha256[:12]}...; write the artefact again"
        )
    return path


def write_bytes(path: Path, data: bytes) -> None:
    """Write through a temporary file, fsync and rename, so that `path` is never half-written. Raises StorageError."""
    with _refusals_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def remove_file(path: Path) -> bool:
    """Whether there was a file to remove. Raises StorageError."""
    with _refusals_explained(path):
        found = path.exists()
        path.unlink(missing_ok=True)
    return found


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block succeeds, and vanishes when it fails.

    Raises StorageError, also for what the block could not write; `target` is then as it was.
    """
    with _refusals_explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            yield staging
            staging.chmod(0o755)
            _sync(staging)
            _replace_folder(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _refusals_explained(target: Path) -> Iterator[None]:
    """Turn a full disk and its like, found while `target` is written, into a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS and not isinstance(error, shutil.Error):
            raise
        raise StorageError(
            f"{target}: cannot be written ({_reason(error)}); make room or choose another place; "
            "what was there is as it was"
        ) from error


def _reason(error: OSError) -> str:
    """A copied tree collects its errors; the first will do."""
    return str(error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror)


def _sync(folder: Path) -> None:
    for path in (p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _replace_folder(staging: Path, target: Path) -> None:
    """Rename needs an empty target, so the old folder steps aside first and is put back if the rename fails."""
    if not target.exists():
        staging.rename(target)
        return
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.old."))
    target.rename(aside / "old")
    try:
        staging.rename(target)
    except BaseException:
        (aside / "old").rename(target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
