"""The evaluation utterances: `texts.jsonl` and one FLAC file each."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from speechtrt.errors import DataError

TEXTS = "texts.jsonl"


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A line of `texts.jsonl`; `audio` is a file name beside it, 16 kHz mono."""

    id: str
    text: str
    voice: str
    audio: str
    seconds: float


@dataclass(frozen=True, slots=True)
class EvaluationUtterance:
    """What was said, by which voice, and where the recording is."""

    id: str
    text: str
    voice: str
    path: Path


def evaluation_utterances(folder: Path | None = None) -> tuple[EvaluationUtterance, ...]:
    """The utterances in `folder`, or those that ship with the package. Raises DataError when the list is unreadable."""
    place = folder or Path(str(files("speechtrt.models.evaluation")))
    try:
        lines = msgspec.json.Decoder(SpokenText).decode_lines((place / TEXTS).read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise DataError(f"{place / TEXTS}: cannot be read ({error}); expected one utterance per line") from error
    return tuple(EvaluationUtterance(line.id, line.text, line.voice, place / line.audio) for line in lines)
