"""The utterances that ship with the package: a folder holds `texts.jsonl` and one FLAC or Opus file each."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from speechtrt.errors import DataError
from speechtrt.models.data.dialects import SYNTHETIC

TEXTS = "texts.jsonl"


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A line of `texts.jsonl`; `audio` is a file beside it, 16 kHz mono; `dialect` is the voice's group, if any."""

    id: str
    text: str
    voice: str
    audio: str
    seconds: float
    dialect: str | None = None
    origin: Literal["synthetic"] = SYNTHETIC


@dataclass(frozen=True, slots=True)
class EvaluationUtterance:
    """What was said, by which voice of which dialect group, and where the recording is."""

    id: str
    text: str
    voice: str
    path: Path
    dialect: str | None = None


def evaluation_utterances(folder: Path | None = None) -> tuple[EvaluationUtterance, ...]:
    """The utterances in `folder`, or the forty that ship. Raises DataError when the list is unreadable."""
    place = folder or Path(str(files("speechtrt.models.evaluation")))
    try:
        lines = msgspec.json.Decoder(SpokenText).decode_lines((place / TEXTS).read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{place / TEXTS}: cannot be read ({error}); expected one utterance per line") from error
    return tuple(EvaluationUtterance(u.id, u.text, u.voice, place / u.audio, u.dialect) for u in lines)


def dialect_utterances() -> tuple[EvaluationUtterance, ...]:
    """The test set of the five dialect groups: voices and sentences that are in no training set, the groups in turn."""
    return evaluation_utterances(Path(str(files("speechtrt.models.evaluation.dialects"))))
