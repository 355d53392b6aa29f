"""The list of a set's utterances: one JSON object per line in `manifest.jsonl`, audio beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from speechtrt.artifact import write_bytes
from speechtrt.errors import DataError
from speechtrt.models.data.dialects import SYNTHETIC

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One spoken sentence; `audio` is relative to the set's folder, `phones` are (name, end in seconds) or None.

    `dialect` is the group that the voice stands for, if any; `condition` says what was done to the sound.
    """

    id: str
    text: str
    synthesizer: str
    voice: str
    audio: str
    seconds: float
    phones: tuple[tuple[str, float], ...] | None = None
    dialect: str | None = None
    condition: str = "clean"
    origin: Literal["synthetic"] = SYNTHETIC


def read_manifest(folder: Path) -> list[Utterance]:
    """The utterances of a set. Raises DataError when the manifest is missing or malformed."""
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{path}: is missing; expected a data set; make one with `speechtrt train data --data FOLDER`")
    decoder = msgspec.json.Decoder(Utterance)
    try:
        return decoder.decode_lines(path.read_bytes())
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}: is not a list of utterances ({error}); make the data again") from error


def write_manifest(folder: Path, utterances: Iterable[Utterance]) -> None:
    """Write the whole manifest in one step."""
    write_bytes(folder / MANIFEST, msgspec.json.Encoder().encode_lines(utterances))
