"""Everything the voice learns from, in memory: utterances sorted by length, and spelled words."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from speechtrt.errors import DataError
from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.tts.examples import Example, Spelling, read_example, spelling
from speechtrt.models.tts.letters import LetterModel, Pronunciation, align, learn_letters
from speechtrt.models.tts.pieces import Pieces
from speechtrt.models.vocoder.mel import LogMel

LEARNED_WORDS = 8000
SPACE = "▁"


@dataclass(frozen=True, slots=True)
class Corpus:
    """`examples` by rising length; `words` to train on and `unseen` words to judge spelling by."""

    examples: tuple[Example, ...]
    words: tuple[Spelling, ...]
    unseen: tuple[Spelling, ...]

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each mel band, [80] each."""
        frames = torch.cat([example.mel for example in self.examples])
        return frames.mean(0), frames.std(0).clamp_min(1e-3)


def read_corpus(sets: Sequence[Path], lexicon: Sequence[Pronunciation], pieces: Pieces) -> Corpus:
    """Align the lexicon and all utterances of `sets`. Raises DataError when no utterance can be used."""
    shuffled = list(lexicon)
    random.Random(1).shuffle(shuffled)
    model = learn_letters(shuffled[:LEARNED_WORDS])
    words = [item for word in shuffled if (item := _spelled(word, pieces, model)) is not None]
    mel = LogMel()
    made = [
        read_example(folder, utterance, pieces, model, mel) for folder in sets for utterance in read_manifest(folder)
    ]
    examples = sorted((item for item in made if item is not None), key=lambda item: len(item.mel))
    if not examples:
        raise DataError(
            f"no utterance of {', '.join(map(str, sets))} has phones that fit its text; make the data again"
        )
    held = max(1, len(words) // 50)
    return Corpus(tuple(examples), tuple(words[held:]), tuple(words[:held]))


def _spelled(word: Pronunciation, pieces: Pieces, model: LetterModel) -> Spelling | None:
    spans = align(model, word)
    if spans is None:
        return None
    return spelling(pieces, [SPACE, *word.letters], list(word.phones), [(0, 0), *spans])
