"""Where a search may begin: at what an earlier result found. It saves runs, and changes nothing of what must hold."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.documents import read_document
from speechtrt.errors import ManifestError


@dataclass(frozen=True, slots=True)
class _Load:
    model: str


@dataclass(frozen=True, slots=True)
class _Earlier:
    load: _Load
    summary: dict[str, float]


def found_earlier(path: Path, model: str) -> dict[str, int]:
    """Largest numbers of streams in a streaming result of this model, by side and chunk; empty without one."""
    try:
        earlier = read_document(path, _Earlier)
    except ManifestError:
        return {}
    ending = ".streams_at_slo"
    found = {name.removesuffix(ending): int(n) for name, n in earlier.summary.items() if name.endswith(ending) and n}
    return found if earlier.load.model == model else {}
