"""Where a checkpoint's files are, without loading any weights."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speechtrt.artifact import sha256_file
from speechtrt.errors import CheckpointError

CONFIG = "config.json"
VOCODER = "vocoder"
VOICES = "voices"
_WEIGHTS = (".safetensors", ".bin")
_KEPT = (*_WEIGHTS, ".json", ".model", ".npy")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The folder of a checkpoint, the id it was asked for by, and its `config.json`.

    `vocoder`: folder of a separate vocoder, or None. `voices`: speaker embeddings by name.
    """

    id: str
    folder: Path
    config: Mapping[str, Any]
    vocoder: Path | None = None
    voices: Mapping[str, Path] = field(default_factory=dict)

    def sha256(self) -> str:
        """One hash over everything that an export reads: names and contents, in a fixed order."""
        files = {path.relative_to(self.folder).as_posix(): path for path in _read_files(self.folder)}
        if self.vocoder is not None:
            files |= {f"{VOCODER}/{path.relative_to(self.vocoder)}": path for path in _read_files(self.vocoder)}
        files |= {f"{VOICES}/{name}.npy": path for name, path in self.voices.items()}
        lines = [f"{name} {sha256_file(path)}\n" for name, path in sorted(files.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def open_checkpoint(model: str, vocoder: str | None = None, voices: Mapping[str, Path] | None = None) -> Checkpoint:
    """Find a local folder or hub id, its vocoder (`vocoder/` inside by default) and voices (`voices/*.npy`).

    Raises CheckpointError.
    """
    folder = locate(model)
    inner = folder / VOCODER
    separate = locate(vocoder) if vocoder else (inner if inner.is_dir() else None)
    own = {path.stem: path for path in sorted((folder / VOICES).glob("*.npy"))}
    return Checkpoint(model, folder, _config(folder), separate, own | dict(voices or {}))


def locate(model: str) -> Path:
    """The folder of a local checkpoint, or of a downloaded hub id. Raises CheckpointError."""
    if (Path(model) / CONFIG).is_file():
        return Path(model)
    if Path(model).exists():
        raise CheckpointError(f"{model}: has no {CONFIG}; expected the folder of a transformers checkpoint")
    if not _HUB_ID.fullmatch(model):
        raise CheckpointError(f"{model}: no such folder; expected a transformers checkpoint or a hub id owner/name")
    return _download(model)


def _download(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, allow_patterns=[f"*{suffix}" for suffix in _KEPT]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{model}: is not a folder, and fetching it as a hub id failed ({reason}); check the name or the network"
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: is not readable JSON ({error}); copy the checkpoint again") from error
    if not isinstance(config, dict):
        raise CheckpointError(
            f"{path}: holds {type(config).__name__}, expected a JSON object; copy the checkpoint again"
        )
    return config


def _read_files(folder: Path) -> list[Path]:
    """Files that an export may read: weights, configurations, tokenizers, voices."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix in _KEPT]
