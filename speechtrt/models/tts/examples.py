"""Training examples: numbered pieces, the phones that each piece speaks, the piece that each step speaks, the mel."""

import bisect
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from speechtrt.models.data.manifest import Utterance
from speechtrt.models.tts.letters import LetterModel, Pronunciation, align
from speechtrt.models.tts.phones import NONE, phone_number
from speechtrt.models.tts.pieces import Pieces
from speechtrt.models.vocoder.crops import read_recording
from speechtrt.models.vocoder.mel import HOP, SAMPLE_RATE, LogMel

REDUCTION = 2


@dataclass(frozen=True, slots=True)
class Spelling:
    """`ids` [pieces] and, per piece, the classes of the first two phones it speaks, [pieces, 2]."""

    ids: Tensor
    phones: Tensor


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance: its spelling, its `mel` [frames, 80], and `places` [frames / 2]: the piece spoken at each step."""

    spelling: Spelling
    mel: Tensor
    places: Tensor


def spelling(pieces: Pieces, letters: list[str], phones: list[str], spans: list[tuple[int, int]]) -> Spelling:
    """Number the pieces and the phones that `spans` give to each."""
    numbers = [phone_number(phone) or NONE for phone in phones]
    taken = [[*numbers[first:last], NONE, NONE][:2] for first, last in spans]
    return Spelling(torch.tensor(pieces.ids(letters)), torch.tensor(taken))


def read_example(folder: Path, utterance: Utterance, pieces: Pieces, model: LetterModel, mel: LogMel) -> Example | None:
    """The example of an utterance; None when its letters and phones cannot be aligned."""
    letters = pieces.split(utterance.text)
    names = [name for name, _ in utterance.phones or ()]
    spans = align(model, Pronunciation(letters, names))
    if spans is None:
        return None
    frames = read_recording(folder / utterance.audio, mel).mel
    frames = frames[: len(frames) // REDUCTION * REDUCTION]
    ends = [end for _, end in utterance.phones or ()]
    places = spoken_places(spans, ends, len(frames) // REDUCTION)
    return Example(spelling(pieces, letters, names, spans), frames, torch.tensor(places))


def spoken_places(spans: list[tuple[int, int]], ends: list[float], steps: int) -> list[int]:
    """For each decoder step the piece whose phone sounds in the middle of the step's frames."""
    owners = [place for place, (first, last) in enumerate(spans) for _ in range(first, last)]
    middles = ((REDUCTION * step + (REDUCTION - 1) / 2) * HOP / SAMPLE_RATE for step in range(steps))
    return [owners[min(len(owners) - 1, bisect.bisect_right(ends, middle))] for middle in middles]
