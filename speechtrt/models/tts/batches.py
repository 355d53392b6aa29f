"""Batches of examples of about one length, padded, and of dictionary words for spelling."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from speechtrt.models.tts.examples import REDUCTION, Example, Spelling

PAD_ID = 1
IGNORED = -100


@dataclass(frozen=True, slots=True)
class SpellingBatch:
    """`ids` [batch, pieces], `mask` of real pieces, and phone classes `phones` [batch, pieces, 2] (-100: padding)."""

    ids: Tensor
    mask: Tensor
    phones: Tensor


@dataclass(frozen=True, slots=True)
class SpeechBatch:
    """A spelling batch with `mel` [batch, frames, 80], `places` [batch, steps] (-100: padding), `steps` per row."""

    spelling: SpellingBatch
    mel: Tensor
    places: Tensor
    lengths: Tensor

    @property
    def step_mask(self) -> Tensor:
        """True where a decoder step is real, [batch, steps]."""
        return self.places != IGNORED

    @property
    def frame_mask(self) -> Tensor:
        """True where a frame is real, [batch, frames]."""
        return self.step_mask.repeat_interleave(REDUCTION, dim=1)


def spelling_batch(items: Sequence[Spelling]) -> SpellingBatch:
    """Pad to the longest."""
    ids = pad_sequence([item.ids for item in items], batch_first=True, padding_value=PAD_ID)
    phones = pad_sequence([item.phones for item in items], batch_first=True, padding_value=IGNORED)
    return SpellingBatch(ids, (ids != PAD_ID).long(), phones)


def speech_batch(items: Sequence[Example]) -> SpeechBatch:
    """Pad to the longest; padded frames repeat nothing that is heard, they are masked."""
    return SpeechBatch(
        spelling_batch([item.spelling for item in items]),
        pad_sequence([item.mel for item in items], batch_first=True, padding_value=-4.0),
        pad_sequence([item.places for item in items], batch_first=True, padding_value=IGNORED),
        torch.tensor([len(item.places) for item in items]),
    )


def draw_speech(examples: Sequence[Example], count: int, joined: float, random: np.random.Generator) -> SpeechBatch:
    """`count` examples of about one length, or, in a share `joined` of the draws, half as many pairs spoken in a row.

    `examples` are sorted by length. Pairs are longer than any utterance of the sets, so that the attention learns to
    reach the end of long texts.
    """
    if random.random() >= joined:
        return speech_batch(_alike(examples, count, random))
    rows = max(1, count // 2)
    pairs = zip(_alike(examples, rows, random), _alike(examples, rows, random), strict=True)
    return speech_batch([join_examples(*pair) for pair in pairs])


def join_examples(first: Example, second: Example) -> Example:
    """One example of two; what was the silence at the end of `first` leads into the first piece of `second`."""
    ids = torch.cat([first.spelling.ids[:-1], second.spelling.ids])
    phones = torch.cat([first.spelling.phones[:-1], second.spelling.phones])
    places = torch.cat([first.places, second.places + len(first.spelling.ids) - 1])
    return Example(Spelling(ids, phones), torch.cat([first.mel, second.mel]), places)


def _alike(examples: Sequence[Example], count: int, random: np.random.Generator) -> list[Example]:
    window = min(len(examples), 6 * count)
    first = int(random.integers(len(examples) - window + 1))
    chosen = random.choice(window, count, replace=False) + first
    return [examples[index] for index in chosen]


def draw_words(words: Sequence[Spelling], rows: int, width: int, random: np.random.Generator) -> SpellingBatch:
    """`rows` rows of `width` random words each; a word's spelling starts with its space, the last one ends the row."""
    picks = random.integers(len(words), size=(rows, width))
    return spelling_batch([join_words([words[index] for index in row]) for row in picks])


def join_words(words: Sequence[Spelling]) -> Spelling:
    """One spelling of several words, ended by </s>."""
    end = torch.tensor([2])
    ids = torch.cat([*(word.ids for word in words), end])
    phones = torch.cat([*(word.phones for word in words), torch.zeros(1, 2, dtype=torch.long)])
    return Spelling(ids, phones)
