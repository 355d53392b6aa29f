"""What the engine cache holds, and who needs it."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.documents import read_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.engines.build_context import RECORD_FILE, StageRecord
from speechtrt.engines.cache import EngineCache
from speechtrt.errors import ManifestError

KEPT_SECONDS = 3600.0  # an entry asked for so recently may be about to be copied


@dataclass(frozen=True, slots=True)
class CachedStage:
    """One entry: its key, its stage and precision if it can be read, its size and age, and the sets built with it."""

    key: str
    stage: str
    bytes: int
    age_seconds: float
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """What `gc` keeps beside entries in use: those younger than `seconds`, as long as all fit into `bytes`."""

    seconds: float
    bytes: int | None = None


def cached_stages(cache: EngineCache, engines: Path) -> list[CachedStage]:
    """Every entry, the longest unused first; `engines` is the root below which engine sets are looked for."""
    users = _users(engines)
    folders = [path for path in cache.folder.glob("*") if path.is_dir() and not path.name.startswith(".")]
    return sorted((_entry(path, users) for path in folders), key=lambda entry: -entry.age_seconds)


def surplus(entries: Sequence[CachedStage], keep: Keep) -> list[CachedStage]:
    """What `gc` removes: unused entries that are too old, then the oldest unused ones until the rest fits."""
    gone: list[CachedStage] = []
    left = sum(entry.bytes for entry in entries)
    for entry in entries:
        too_much = keep.bytes is not None and left > keep.bytes
        free = not entry.used_by and entry.age_seconds > KEPT_SECONDS
        if free and (entry.age_seconds > keep.seconds or too_much):
            gone.append(entry)
            left -= entry.bytes
    return gone


def sweep(cache: EngineCache) -> None:
    """Remove what crashed builders left behind."""
    for path in cache.folder.glob(".*"):
        if path.is_dir() and _age(path) > KEPT_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _entry(folder: Path, users: Mapping[str, tuple[str, ...]]) -> CachedStage:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return CachedStage(folder.name, _stage(folder), size, _age(folder), users.get(folder.name, ()))


def _stage(folder: Path) -> str:
    try:
        stage = read_document(folder / RECORD_FILE, StageRecord).stage
    except ManifestError:
        return "unreadable"
    return f"{stage.spec.name} {stage.precision}"


def _users(engines: Path) -> dict[str, tuple[str, ...]]:
    """Names of the engine sets that hold a stage, by its key."""
    users: dict[str, tuple[str, ...]] = {}
    for folder in _sets(engines):
        for stage in folder.manifest.stages:
            name = folder.path.relative_to(engines).as_posix()
            users[stage.cache_key] = (*users.get(stage.cache_key, ()), name)
    return users


def _sets(engines: Path) -> Iterator[EngineFolder]:
    for document in sorted(engines.rglob(ENGINE_FILE)):
        try:
            yield EngineFolder.open(document.parent)
        except ManifestError:
            continue


def _age(path: Path) -> float:
    return max(0.0, time.time() - path.stat().st_mtime)
