from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from speechtrt.errors import DataError
from speechtrt.models.data.manifest import read_manifest, write_manifest
from speechtrt.models.tts.batches import IGNORED, draw_speech, draw_words, join_examples, join_words, speech_batch
from speechtrt.models.tts.corpus import Corpus, read_corpus
from speechtrt.models.tts.examples import spoken_places
from speechtrt.models.tts.letters import Pronunciation
from speechtrt.models.tts.phones import phone_number
from speechtrt.models.tts.pieces import Pieces


def test_each_step_knows_the_letter_it_speaks(corpus: Corpus) -> None:
    example = corpus.examples[0]
    assert len(example.places) * 2 == len(example.mel)
    assert (example.places.diff() >= 0).all()
    assert example.places[0] == 0
    assert example.places[-1] == len(example.spelling.ids) - 1


def test_places_follow_the_times_of_the_phones() -> None:
    # Steps of 32 ms: the first letter speaks for 0.1 s, the second is silent, the third speaks two phones.
    places = spoken_places([(0, 1), (1, 1), (1, 3)], [0.1, 0.15, 0.3], 9)
    assert places == [0, 0, 0, 2, 2, 2, 2, 2, 2]


def test_letters_carry_the_classes_of_their_phones(corpus: Corpus, pieces_file: Path) -> None:
    x = Pieces(pieces_file).ids(["x"])[0]
    spellings = [word for word in (*corpus.words, *corpus.unseen) if x in word.ids]
    place = int((spellings[0].ids == x).nonzero()[0, 0])
    assert spellings[0].phones[place].tolist() == [phone_number("k"), phone_number("s")]


def test_padding_is_ignored_everywhere(corpus: Corpus) -> None:
    short, long = corpus.examples[0], corpus.examples[-1]
    assert len(short.mel) < len(long.mel)
    batch = speech_batch([short, long])
    assert batch.step_mask.sum(1).tolist() == batch.lengths.tolist() == [len(short.places), len(long.places)]
    assert batch.frame_mask.sum(1).tolist() == [len(short.mel), len(long.mel)]
    assert (batch.spelling.phones[0, len(short.spelling.ids) :] == IGNORED).all()
    assert batch.spelling.mask.sum(1).tolist() == [len(short.spelling.ids), len(long.spelling.ids)]


def test_words_join_into_one_ended_row(corpus: Corpus) -> None:
    row = join_words(corpus.words[:2])
    assert row.ids[-1] == 2
    assert len(row.ids) == len(corpus.words[0].ids) + len(corpus.words[1].ids) + 1
    assert len(row.phones) == len(row.ids)


def test_drawing_depends_on_the_seed_alone(corpus: Corpus) -> None:
    first, second = (draw_words(corpus.words, 3, 2, np.random.default_rng(7)) for _ in range(2))
    assert torch.equal(first.ids, second.ids)


def test_a_set_whose_texts_and_phones_disagree_is_refused(
    spoken_set: Path, lexicon: list[Pronunciation], pieces_file: Path, tmp_path: Path
) -> None:
    wrong = [
        replace(item, phones=(("k", 0.1), ("pau", 0.2), ("k", 0.3)), text="a") for item in read_manifest(spoken_set)
    ]
    write_manifest(tmp_path, wrong)
    with pytest.raises(DataError, match="no utterance"):
        read_corpus([tmp_path], lexicon, Pieces(pieces_file))


def test_joined_examples_are_spoken_in_a_row(corpus: Corpus) -> None:
    first, second = corpus.examples[0], corpus.examples[-1]
    pair = join_examples(first, second)
    assert pair.spelling.ids.tolist() == [*first.spelling.ids.tolist()[:-1], *second.spelling.ids.tolist()]
    assert len(pair.spelling.phones) == len(pair.spelling.ids)
    assert torch.equal(pair.mel, torch.cat([first.mel, second.mel]))
    assert (pair.places.diff() >= 0).all()
    assert pair.places[-1] == len(pair.spelling.ids) - 1
    spoken = pair.spelling.ids[pair.places]
    before_end = first.places < len(first.spelling.ids) - 1
    assert torch.equal(spoken[: len(first.places)][before_end], first.spelling.ids[first.places[before_end]])
    assert torch.equal(spoken[len(first.places) :], second.spelling.ids[second.places])


def test_a_share_of_the_draws_is_pairs(corpus: Corpus) -> None:
    longest = max(len(example.mel) for example in corpus.examples)
    random = np.random.default_rng(3)
    draws = [draw_speech(corpus.examples, 4, 0.5, random) for _ in range(40)]
    pairs = [batch for batch in draws if len(batch.lengths) == 2]
    assert 8 < len(pairs) < 32
    assert any(batch.mel.shape[1] > longest for batch in pairs)
