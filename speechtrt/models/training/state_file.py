"""A training's state on disk: written in one step, the one before it kept, and known to be whole when it is read."""

import io
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from speechtrt.artifact import write_bytes
from speechtrt.errors import CheckpointError, StorageError

UNREADABLE = (RuntimeError, LookupError, ValueError, EOFError, UnpicklingError, zipfile.BadZipFile)


def previous(path: Path) -> Path:
    """Where the state before the last one is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write `state`; the file that was there becomes `previous(path)`.

    Raises StorageError when the disk is full; whatever was there stays as it was.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    fresh = path.with_name(f".{path.name}.new")
    try:
        write_bytes(fresh, buffer.getvalue())
        if path.is_file():
            path.replace(previous(path))
        fresh.replace(path)
    except StorageError as error:
        megabytes = buffer.getbuffer().nbytes / 1e6
        raise StorageError(
            f"{path}: the state cannot be saved ({error.__cause__}); the one saved before is whole: free "
            f"{megabytes:.1f} MB and go on from it with --resume"
        ) from error


def read_state(path: Path) -> dict[str, Any]:
    """The state in `path`. Raises CheckpointError when it is missing or damaged, and says what is left."""
    if not path.is_file():
        raise CheckpointError(f"{path}: is missing; expected the checkpoint of an earlier run; {_advice(path)}")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch.load itself does not compare checksums
        if damaged:
            raise zipfile.BadZipFile(f"wrong checksum of {damaged}")
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise CheckpointError(f"{path}: is damaged ({str(error).splitlines()[0]}); {_advice(path)}") from error
    return state


def expect_no_state(path: Path) -> None:
    """Raises CheckpointError where an earlier run's state would be lost."""
    for kept in (path, previous(path)):
        if kept.is_file():
            raise CheckpointError(
                f"{kept}: is the state of an earlier run; go on from it with --resume, or choose another --out"
            )


def _advice(path: Path) -> str:
    older = previous(path)
    if older.is_file():
        return f"the state before it is in {older.name}: rename that to {path.name} and resume"
    return "there is no older one; start without --resume"
