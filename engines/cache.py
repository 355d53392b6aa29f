"""Built stages by the hash of everything that decides their content; two builders of one key do the work once."""

import fcntl
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from speechtrt.artifact import sha256_bytes, staged_folder

DEFAULT_CACHE = Path("build/cache")


def cache_key(parts: Mapping[str, object]) -> str:
    """Sha256 over named parts; the order of names does not matter."""
    return sha256_bytes(json.dumps(parts, sort_keys=True, default=str).encode())


class EngineCache:
    """Folders below `root`/engines, one for each key. A folder that exists is complete."""

    def __init__(self, root: Path) -> None:
        self._root = root / "engines"

    def obtain(self, key: str, make: Callable[[Path], None]) -> Path:
        """The folder of `key`; `make` fills it if no builder, in this process or another, has done so."""
        folder = self._root / key
        with self._locked(key):
            if not folder.is_dir():
                with staged_folder(folder) as staging:
                    make(staging)
        return folder

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """The kernel drops the lock when its holder dies, so a crash blocks nobody."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / f"{key}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
